import { createHash, createPublicKey, createVerify, X509Certificate } from 'node:crypto';

/** Client assertions: a JWT that the app signs with the key of a certificate that is registered for it. */

export type AssertionProblem = 'malformed' | 'expired' | 'audience' | 'subject' | 'unknown-certificate' | 'signature';

export interface AssertionCheck {
  readonly assertion: string;
  readonly clientId: string;
  /** What the token endpoint is called; the assertion must be meant for it. */
  readonly audiences: readonly string[];
  /** Certificates of the app, PEM. */
  readonly certificates: readonly string[];
  readonly now: number;
}

/** Undefined when the assertion is good. */
export function findAssertionProblem({
  assertion,
  clientId,
  audiences,
  certificates,
  now,
}: AssertionCheck): AssertionProblem | undefined {
  const [head, body, signature] = assertion.split('.');
  if (!head || !body || !signature) return 'malformed';
  const header = parse(head);
  const claims = parse(body);
  if (!header || !claims) return 'malformed';
  const certificate = certificates.find((pem) => isNamed(pem, header));
  if (!certificate) return 'unknown-certificate';
  const isPss = header['alg'] === 'PS256';
  const key = createPublicKey(certificate);
  const verifier = createVerify('RSA-SHA256').update(`${head}.${body}`);
  const padded = isPss ? { key, padding: 6, saltLength: 32 } : key;
  if (!verifier.verify(padded, signature, 'base64url')) return 'signature';
  if (claims['sub'] !== clientId || claims['iss'] !== clientId) return 'subject';
  if (typeof claims['exp'] !== 'number' || claims['exp'] * 1_000 <= now) return 'expired';
  return audiences.includes(withoutScheme(String(claims['aud']))) ? undefined : 'audience';
}

export function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

function parse(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The header names the certificate by its SHA-256 or SHA-1 thumbprint. */
function isNamed(pem: string, header: Readonly<Record<string, unknown>>): boolean {
  const { raw } = new X509Certificate(pem);
  const thumbprint = (algorithm: string): string => createHash(algorithm).update(raw).digest('base64url');
  return header['x5t#S256'] === thumbprint('sha256') || header['x5t'] === thumbprint('sha1');
}
