import { plural } from '../deal/plural.js';
import type { CredentialFacts } from '../ledger/settings/credentials.js';
import {
  CREDENTIAL_NAMES,
  type CredentialName,
  toApplicationCredential,
  type Vault,
} from '../ledger/settings/vault.js';
import { type Access, openApplication, openSystem } from '../process/access.js';
import type { ApplicationConfig, Config } from '../process/config.js';
import type { CredentialSource } from '../process/credentials.js';
import { SealError } from '../secrets/key-ring.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { toFinding } from './refusals.js';
import { createStep, type Step } from './step.js';

/** Where the secrets are, when they end, and whether Entra takes them. */

const DAY_MS = 86_400_000;
const EXPIRES_SOON_DAYS = 30;
const ENTRA_SHOWS = 'Note the date that Azure portal > App registrations > the app > Certificates & secrets shows.';

type SystemName = 'dataverse' | 'business-central';

export interface TokenNeeds {
  readonly config: Step<Config>;
  readonly vault: Step<CredentialSource>;
  readonly host: Step;
  readonly database: Step;
}

/** Whatever the settings do not hold is read from the ledger; only then does it need the database. */
export function examineToken(name: SystemName, needs: TokenNeeds): Step<Access> {
  return examineSignIn(`token for ${name}`, needs, (config) => {
    const { app, secret } = name === 'dataverse' ? config.dataverse : config.businessCentral;
    return { check: 'token', scope: app.scope, secret, open: (vault) => openSystem(config, vault, name) };
  });
}

/** Of a further app registration of Business Central, whose secret is always in the ledger. */
export function examineApplicationToken(application: ApplicationConfig, needs: TokenNeeds): Step<Access> {
  return examineSignIn('token for business-central', needs, (config) => ({
    check: toApplicationCredential(application.name),
    scope: application.app.scope,
    secret: undefined,
    open: (vault) => openApplication(config, vault, application),
  }));
}

function examineSignIn(
  title: string,
  { config: configuration, vault, host, database }: TokenNeeds,
  of: (config: Config) => {
    readonly check: string;
    readonly scope: string;
    readonly secret: string | undefined;
    readonly open: (vault: CredentialSource) => Promise<Access>;
  },
): Step<Access> {
  return createStep(title, { config: configuration, vault, host }, async (known) => {
    const { check, scope, secret, open } = of(known.config);
    if (secret === undefined && (await database.value()) === undefined) {
      return { findings: [notChecked(check, 'because of what is said of database, which holds the secret')] };
    }
    try {
      const access = await open(known.vault);
      await access.tokens.getToken();
      const source = secret === undefined ? 'the ledger' : 'the settings';
      return { value: access, findings: [ok(check, `Entra takes the secret of ${source} for ${scope}`)] };
    } catch (error) {
      if (!(error instanceof SealError)) return { findings: [toFinding(check, error)] };
      const advice = 'Put the key that sealed it back into the ring, or run `dealbridge credentials set`.';
      return { findings: [wrong(check, `the stored secret does not open: ${error.message}`, advice)] };
    }
  });
}

export function examineExpiry(needs: {
  readonly config: Step<Config>;
  readonly vault: Step<Vault>;
  readonly database: Step;
  readonly ids: Step<readonly string[]>;
}): Step<true> {
  return createStep('credentials', needs, async ({ config, vault, ids }) => {
    const settings: Partial<Record<CredentialName, string | undefined>> = {
      dataverse: config.dataverse.secret,
      'business-central': config.businessCentral.secret,
      webhook: config.starter.webhookSecret,
      desk: config.desk?.issuer?.clientSecret,
    };
    const kept = await vault.list();
    const findings: Finding[] = [];
    const ofApplications = config.businessCentral.applications
      .filter(({ isOfItsOwn }) => isOfItsOwn)
      .map(({ name }) => toApplicationCredential(name));
    for (const name of [...CREDENTIAL_NAMES, ...ofApplications]) {
      const newest = kept.find((one) => one.name === name);
      if (settings[name] !== undefined) {
        const note = name === 'webhook' ? undefined : ENTRA_SHOWS;
        findings.push(notChecked(name, 'it stands in the settings; when it ends is not known here', note));
      } else if (!newest && name === 'desk') {
        // A public client has none, and neither has a desk without an issuer.
      } else if (!newest) findings.push(wrong(name, 'there is none', `Run \`dealbridge credentials set ${name}\`.`));
      else {
        findings.push(toExpiry(name, newest, ids));
        if (UNASKED.has(name) && ids.includes(newest.keyId)) findings.push(...(await examineOpening(vault, name)));
      }
    }
    return { value: true, findings };
  });
}

/** With those of the others a token is asked for, which opens all that count. */
const UNASKED: ReadonlySet<CredentialName> = new Set(['webhook', 'desk']);

async function examineOpening(vault: CredentialSource, name: CredentialName): Promise<Finding[]> {
  const advice = `Run \`dealbridge credentials set ${name}\`.`;
  try {
    const valid = await vault.findCredentials(name);
    return valid.length > 0 ? [] : [wrong(name, 'none is valid any more', advice)];
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return [wrong(name, `the stored secret does not open: ${error.message}`, advice)];
  }
}

function toExpiry(name: string, { kind, keyId, expiresAt, setAt }: CredentialFacts, ids: readonly string[]): Finding {
  if (!ids.includes(keyId)) {
    return wrong(name, `sealed with key ${keyId}, which is not in the ring`, 'Put that key back into the ring.');
  }
  if (expiresAt === undefined) {
    const found = `${kind} set ${setAt.toISOString().slice(0, 10)}; when it ends is not known here`;
    return name === 'webhook'
      ? ok(name, `${kind} set ${setAt.toISOString().slice(0, 10)}`)
      : notChecked(name, found, ENTRA_SHOWS);
  }
  const days = Math.floor((expiresAt.getTime() - Date.now()) / DAY_MS);
  const until = `${kind} until ${expiresAt.toISOString().slice(0, 10)}`;
  const advice = 'Make a new one in Entra and give it to `dealbridge credentials set --certificate`.';
  if (days < 0) return wrong(name, `${until}: expired`, advice);
  return days < EXPIRES_SOON_DAYS ? warning(name, `${until}: ${plural(days, 'day')} left`, advice) : ok(name, until);
}
