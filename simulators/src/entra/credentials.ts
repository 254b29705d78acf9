import { findAssertionProblem, withoutScheme } from './assertion.js';
import { missingParameter, type Refusal } from './refusals.js';
import type { Registration } from './registrations.js';

/** How an app shows who it is: a secret in the body or in `Authorization: Basic`, or an assertion. */

export interface CredentialRefusal extends Refusal {
  readonly status: number;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * The form with what `Authorization: Basic` says of the app (RFC 6749, 2.3.1). What the body says goes first: no source
 * tells what Entra does with both.
 */
export function withBasic(form: URLSearchParams, header: string | undefined): URLSearchParams {
  const encoded = /^Basic ([A-Za-z\d+/=]+)$/i.exec(header ?? '')?.[1];
  const [clientId, secret] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':', 2)
    .map(formDecoded);
  const complete = new URLSearchParams(form);
  if (clientId && !complete.has('client_id')) complete.set('client_id', clientId);
  const isOfApp = complete.get('client_id') === clientId;
  if (isOfApp && secret && !complete.has('client_secret')) complete.set('client_secret', secret);
  return complete;
}

/** Both halves are encoded as in a form before they are joined. */
function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';
}

export interface CredentialCheck {
  readonly form: URLSearchParams;
  readonly clientId: string;
  readonly app: Registration;
  /** What the token endpoint is called. */
  readonly audiences: readonly string[];
  readonly now: number;
}

export function findCredentialProblem(check: CredentialCheck): CredentialRefusal | undefined {
  const { form, clientId, app, audiences, now } = check;
  const assertion = form.get('client_assertion');
  if (!assertion) return findSecretProblem(check);
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
    return { status: 400, ...missingParameter("'client_assertion_type'") };
  }
  const problem = findAssertionProblem({
    assertion,
    clientId,
    audiences: audiences.map(withoutScheme),
    certificates: app.certificates,
    now,
  });
  // GitLab's page on fetching secrets of Azure shows 400 for 50027, answers of MSAL's tests show 401 for invalid_client.
  return problem && { status: problem.error === 'invalid_client' ? 401 : 400, ...problem };
}

function findSecretProblem({ form, clientId, app }: CredentialCheck): CredentialRefusal | undefined {
  const secret = form.get('client_secret');
  const refused = (code: number, text: string): CredentialRefusal => ({
    status: 401,
    error: 'invalid_client',
    code,
    text,
  });
  if (secret === null) {
    const { text } = missingParameter("'client_assertion' or 'client_secret'");
    return refused(7_000_218, text);
  }
  if (app.secrets.has(secret)) return undefined;
  if (app.expiredSecrets.has(secret)) {
    const text = `The provided client secret keys for app '${clientId}' are expired. Visit the Azure portal to create new keys for your app, or consider using certificate credentials for added security.`;
    return refused(7_000_222, text);
  }
  const text = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`;
  return refused(7_000_215, text);
}
