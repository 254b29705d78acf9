import { constants, createHash, createPublicKey, createVerify, X509Certificate } from 'node:crypto';

/** Client assertions: a JWT that the app signs with the key of a certificate that is registered for it. */

export interface AssertionCheck {
  readonly assertion: string;
  readonly clientId: string;
  /** What the token endpoint is called, without the scheme; the assertion must be meant for it. */
  readonly audiences: readonly string[];
  /** Certificates of the app, PEM. */
  readonly certificates: readonly string[];
  readonly now: number;
}

export interface AssertionProblem {
  readonly error: 'invalid_client' | 'invalid_request';
  readonly code: number;
  readonly text: string;
}

/**
 * Codes and texts as in AzureAD/microsoft-authentication-library-for-dotnet (tests/Microsoft.Identity.Test.Common,
 * MockHelpers.cs), 5002741 as in zitadel/oidc#887. In which order Entra looks has no source. `jti` is neither asked for
 * nor remembered: «this allows the assertion to be used until then» (entra-docs, certificate-credentials.md).
 */
export function findAssertionProblem(check: AssertionCheck): AssertionProblem | undefined {
  const [head, body, signature, ...more] = check.assertion.split('.');
  const header = parse(head);
  const claims = parse(body);
  if (!header || !claims || !signature || more.length > 0) return request(50_027, 'JWT token is invalid or malformed.');
  const algorithm = String(header['alg']);
  if (!ALGORITHMS.includes(algorithm)) {
    const text = `Invalid JWT token. '${algorithm}' is not a supported signature algorithm. Supported signing algorithms are: '${ALGORITHMS.join(',')}'`;
    return client(5_002_738, text);
  }
  const thumbprint = readThumbprint(header);
  if (!thumbprint) {
    const text =
      'Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header.';
    return client(5_002_723, text);
  }
  const missing = ['iss', 'aud', 'sub'].find((name) => claims[name] === undefined);
  if (missing !== undefined) {
    const text = `The required field '${missing}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.`;
    return request(90_014, text);
  }
  const certificate = check.certificates.find((pem) => isNamed(pem, thumbprint));
  if (!certificate) return client(700_027, notRegistered(thumbprint.value, check.clientId));
  if (!isSigned(`${head}.${body}`, signature, algorithm, certificate)) {
    const reason = `The provided signature value did not match the expected signature value., Thumbprint of key used by client: '${toHex(thumbprint.value)}'`;
    return client(700_027, `Client assertion failed signature validation. [Reason - ${reason}]`);
  }
  return findClaimProblem(claims, check);
}

function findClaimProblem(
  claims: Readonly<Record<string, unknown>>,
  { clientId, audiences, now }: AssertionCheck,
): AssertionProblem | undefined {
  if (claims['sub'] !== clientId || claims['iss'] !== clientId) {
    return client(700_021, `Client assertion application identifier doesn't match 'client_id' parameter. ${REVIEW}`);
  }
  const [from, until] = [readMoment(claims['nbf']), readMoment(claims['exp'])];
  if (until <= now || from > now + CLOCK_SKEW_MS) {
    const range = `Current time: ${toTicks(now)}, assertion valid from ${toTicks(from)}, expiry time of assertion ${toTicks(until)}.`;
    return client(700_024, `Client assertion is not within its valid time range. ${range} ${REVIEW}`);
  }
  const meant = [claims['aud']].flat();
  if (meant.length > 1) {
    const text = `Number of audience values in the provided client credential exceed maximum allowed. ${meant.length} audience values provided, maximum allowed is 1.`;
    return client(5_002_741, text);
  }
  if (audiences.includes(withoutScheme(String(meant[0])))) return undefined;
  return client(700_023, `Client assertion audience claim does not match Realm issuer. ${REVIEW}`);
}

/** The page says that it should be PS256; RS256 is what most clients still send. */
const ALGORITHMS: readonly string[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const REVIEW =
  'Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .';
/** Of `nbf`, which a client sets to its own clock. A reading: no source says how much Entra allows. */
const CLOCK_SKEW_MS = 300_000;

const client = (code: number, text: string): AssertionProblem => ({ error: 'invalid_client', code, text });
const request = (code: number, text: string): AssertionProblem => ({ error: 'invalid_request', code, text });

function notRegistered(thumbprint: string, clientId: string): string {
  const reason = `The key was not found., Thumbprint of key used by client: '${toHex(thumbprint)}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${clientId}'.`;
  return `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - ${reason}]`;
}

export function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

function parse(part: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface Thumbprint {
  readonly hash: 'sha256' | 'sha1';
  readonly value: string;
}

/** The header names the certificate by its SHA-256 or SHA-1 thumbprint. */
function readThumbprint(header: Readonly<Record<string, unknown>>): Thumbprint | undefined {
  const { 'x5t#S256': sha256, x5t: sha1 } = header;
  if (typeof sha256 === 'string') return { hash: 'sha256', value: sha256 };
  return typeof sha1 === 'string' ? { hash: 'sha1', value: sha1 } : undefined;
}

function isNamed(pem: string, { hash, value }: Thumbprint): boolean {
  return createHash(hash).update(new X509Certificate(pem).raw).digest('base64url') === value;
}

function isSigned(text: string, signature: string, algorithm: string, certificate: string): boolean {
  const bits = Number(algorithm.slice(2));
  const key = createPublicKey(certificate);
  const padded = algorithm.startsWith('PS')
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 }
    : key;
  return createVerify(`RSA-SHA${bits}`).update(text).verify(padded, signature, 'base64url');
}

function toHex(thumbprint: string): string {
  return Buffer.from(thumbprint, 'base64url').toString('hex').toUpperCase();
}

/** 1970 where none is given, as Entra says it. */
function readMoment(value: unknown): number {
  return typeof value === 'number' ? value * 1_000 : 0;
}

function toTicks(moment: number): string {
  return new Date(moment).toISOString().replace('Z', '0000Z');
}
