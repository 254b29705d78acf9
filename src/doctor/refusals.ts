import { MISSING_PRIVILEGE } from '../clients/dataverse/refusals.js';
import { RemoteApiError } from '../clients/errors.js';
import { HostUnreachable } from '../clients/http/host-probe.js';
import { ERROR_CODES } from '../deal/error-codes.js';
import { ConfigError } from '../process/config.js';
import { toShownError } from '../process/log.js';
import type { Finding } from './finding.js';

/**
 * What the other side's refusals mean and who can set them right (reference/business-central 1.3 and 10,
 * reference/dataverse-sales 1.5 and 10).
 */

type Explained = Omit<Finding, 'check'>;

const ENTRA_PAGE = 'Azure portal > Microsoft Entra ID > App registrations > the app > Certificates & secrets';

/** By the number behind AADSTS. */
const ENTRA: Readonly<Record<string, readonly [found: string, advice: string]>> = {
  '7000215': [
    'the secret is wrong',
    `${ENTRA_PAGE}: make a new client secret and give its value (not its ID) to \`dealbridge credentials set\` or to the setting.`,
  ],
  '7000222': [
    'the secret has expired',
    `${ENTRA_PAGE}: make a new client secret and give its value to \`dealbridge credentials set\` or to the setting.`,
  ],
  '7000218': ['no secret was sent', 'Give the secret to `dealbridge credentials set`.'],
  '700016': [
    'the app is unknown in this tenant',
    'Compare DATAVERSE_CLIENT_ID or BC_CLIENT_ID and ENTRA_TENANT_ID with Azure portal > Microsoft Entra ID > App registrations > Overview.',
  ],
  '7000112': ['the app is disabled', 'Azure portal > Enterprise applications > the app > Properties: enable sign-in.'],
  '90002': [
    'the tenant is unknown',
    'Set ENTRA_TENANT_ID to the Tenant ID of Azure portal > Microsoft Entra ID > Overview.',
  ],
  '500011': [
    'the resource is unknown in this tenant',
    'Set DATAVERSE_URL to the Environment URL of Power Platform admin center > Environments; for Business Central the tenant must own an environment.',
  ],
  '1002012': ['the scope is not taken', 'Set DATAVERSE_URL to the root of the environment, without a path.'],
  '700027': [
    'the certificate is not registered with the app',
    `${ENTRA_PAGE} > Certificates: upload the certificate whose key \`dealbridge credentials set --certificate\` was given.`,
  ],
  '700024': [
    'the signed assertion is not valid at this time: certificate or clock',
    'Set the clock of this machine by NTP; renew the certificate when it has expired.',
  ],
  '700023': ['the assertion names another tenant', 'Set ENTRA_TENANT_ID and ENTRA_LOGIN_URL to the tenant of the app.'],
  '700021': ['the assertion names another app', 'Set the client id to the app that the certificate belongs to.'],
  '50027': [
    'the assertion cannot be read',
    'Set the certificate anew with `dealbridge credentials set --certificate`.',
  ],
  '53003': [
    'conditional access blocks the app',
    'Azure portal > Microsoft Entra ID > Conditional Access: allow this workload identity from this network.',
  ],
};

const USERS = 'Power Platform admin center > Environments > the environment > Settings > Users + permissions';
const SALES: Readonly<Record<string, readonly [found: string, advice: string]>> = {
  '0x80072560': [
    'the app has no Application User in this environment',
    `${USERS} > Application users: New app user, choose the app registration, and give it the connector's role.`,
  ],
  '0x80040225': ['the Application User is disabled', `${USERS} > Application users: activate the user.`],
  '0x80042f09': [
    'the Application User has no role',
    `${USERS} > Application users > Edit security roles: give it the connector's role.`,
  ],
  '0x80095ffc': ['access is restricted for this app', `${USERS}: let the app block policy pass this app.`],
  '0x80072491': [
    'change tracking is off for the table',
    'Power Apps > Tables > the table > Properties > Advanced options: Track changes (once on, it stays on).',
  ],
  '0x8004a104': [
    'the environment is disabled or in administration mode',
    'Power Platform admin center > Environments: bring the environment out of administration mode.',
  ],
};

/** What a request came to: fine, or the refusal in words. */
export async function look(check: string, ask: () => Promise<string>): Promise<Finding> {
  try {
    return { check, result: 'ok', found: await ask() };
  } catch (error) {
    return toFinding(check, error);
  }
}

export function toFinding(check: string, error: unknown): Finding {
  if (error instanceof RemoteApiError) return { check, ...explainRefusal(error) };
  if (error instanceof HostUnreachable) return { check, ...explainHost(error) };
  if (error instanceof ConfigError)
    return { check, ...wrong(error.message, 'Set what the message names, see README.') };
  const { type, message, code } = toShownError(error);
  return {
    check,
    ...wrong(`${type}${code ? ` ${code}` : ''}: ${message}`, 'Read the logs of the service that was asked.'),
  };
}

function explainHost({ stage, reason }: HostUnreachable): Explained {
  switch (stage) {
    case 'name':
      return wrong(
        `the name is not known (${reason})`,
        'Correct the host in the setting, or let this machine use a DNS that knows it.',
      );
    case 'tls':
      return wrong(
        `no trusted TLS connection (${reason})`,
        'Where a proxy opens TLS, give its certificate to Node by NODE_EXTRA_CA_CERTS; else let this machine reach port 443, or name the proxy of this network by HTTPS_PROXY.',
      );
    case 'proxy':
      return wrong(reason, ERROR_CODES['proxy-refused'].nextStep);
    case 'answer':
      return wrong(
        `no answer (${reason})`,
        'Start the service, or open the firewall for this machine; where only a proxy lets requests out, name it by HTTPS_PROXY.',
      );
  }
}

function explainRefusal(error: RemoteApiError): Explained {
  const { facts, message } = error;
  if (error.code === 'throttled') {
    return {
      result: 'not checked',
      found: 'the limit of requests is reached',
      advice: 'Run it again in five minutes.',
    };
  }
  switch (error.api) {
    case 'entra':
      return explainEntra(facts.remoteCode, message);
    case 'dataverse':
      return explainDataverse(error);
    case 'business-central':
      return explainBusinessCentral(error);
  }
}

function explainEntra(remoteCode: string | undefined, message: string): Explained {
  const number = /AADSTS(\d+)/.exec(remoteCode ?? '')?.[1] ?? '';
  const known = ENTRA[number];
  if (known) return wrong(`${known[0]} (AADSTS${number})`, known[1]);
  if (number !== '')
    return wrong(message, `Look AADSTS${number} up at login.microsoftonline.com/error?code=${number}.`);
  return wrong(message, 'Let this machine reach the host of ENTRA_LOGIN_URL on port 443.');
}

function explainDataverse({ code, facts, message }: RemoteApiError): Explained {
  const remote = facts.remoteCode?.toLowerCase() ?? '';
  const known = SALES[remote];
  if (known) return wrong(`${known[0]} (${facts.remoteCode})`, known[1]);
  if (MISSING_PRIVILEGE.has(remote)) {
    // The text names people as well; only the privilege is taken from it.
    const privilege = /\bprv\w+/.exec(facts.remoteMessage ?? '')?.[0] ?? 'a privilege';
    return wrong(
      `the role lacks ${privilege} (${facts.remoteCode})`,
      `Power Platform admin center > Environments > the environment > Settings > Security roles > the connector's role: grant ${privilege} at organization level.`,
    );
  }
  if (code === 'unauthorized') {
    return wrong(message, 'Set DATAVERSE_URL to the Environment URL exactly: the token is made out to it.');
  }
  if (code === 'not-found' || facts.status === 404)
    return wrong(message, 'Install Dynamics 365 Sales in the environment that DATAVERSE_URL names.');
  return passing(message, 'DATAVERSE_URL');
}

function explainBusinessCentral({ code, facts, message }: RemoteApiError): Explained {
  // Names a table and what was tried, never a record.
  const table = /\(TableData ([^)]{1,80})\)/.exec(facts.remoteMessage ?? '')?.[1];
  if (table !== undefined || code === 'forbidden' || /permission/i.test(facts.remoteMessage ?? '')) {
    return wrong(
      `the permission sets do not cover it${table === undefined ? '' : ` (table ${table})`}: ${message}`,
      'Business Central > page Microsoft Entra Applications > the app > User Permission Sets: add the set that docs/operations.md names for it.',
    );
  }
  if (facts.remoteCode === 'NoEnvironment') {
    return wrong(
      message,
      'Set BC_ENVIRONMENT, or `environment` of the company in the rules file, to a name that Business Central admin center > Environments shows.',
    );
  }
  if (code === 'unauthorized') {
    return wrong(
      message,
      'Business Central > page Microsoft Entra Applications: enter the client id, set State to Enabled and grant consent; API.ReadWrite.All needs admin consent in Entra.',
    );
  }
  if (code === 'not-found' || facts.status === 404)
    return wrong(message, 'Set BC_COMPANY to a name that Business Central > page Companies shows.');
  return passing(message, 'BC_URL');
}

function passing(message: string, setting: string): Explained {
  return wrong(
    message,
    `Let this machine reach the host of ${setting} on port 443, and run it again when the service is up.`,
  );
}

function wrong(found: string, advice: string): Explained {
  return { result: 'wrong', found, advice };
}
