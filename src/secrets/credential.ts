import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { DealbridgeError } from '../deal/errors.js';

/** What proves who we are to the other side, or the other side to us. */
export type Credential =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'certificate'; readonly thumbprintSha256: string; readonly privateKey: string };

export interface CertificateFacts {
  readonly thumbprintSha256: string;
  readonly expiresAt: Date;
}

/** Never quotes what was given. */
export class CredentialError extends DealbridgeError {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super('invalid-credential', `expected ${expected}, got ${found}`);
    this.expected = expected;
    this.found = found;
  }
}

const PAIR = 'private key and certificate in one PEM text';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/;

/** Private key and certificate in one PEM text, in any order. @throws CredentialError, which never quotes the text. */
export function parseCertificate(pem: string): { readonly credential: Credential; readonly facts: CertificateFacts } {
  const certificateText = CERTIFICATE.exec(pem)?.[0];
  const key = PRIVATE_KEY.exec(pem);
  if (!certificateText) throw new CredentialError(PAIR, 'no CERTIFICATE block');
  if (!key) throw new CredentialError(PAIR, 'no PRIVATE KEY block');
  if (key[1]?.startsWith('ENCRYPTED')) {
    throw new CredentialError('a private key without a passphrase, since it is sealed here', 'one with a passphrase');
  }
  let certificate: X509Certificate;
  let privateKey: KeyObject;
  try {
    certificate = new X509Certificate(certificateText);
    privateKey = createPrivateKey(key[0]);
  } catch {
    throw new CredentialError(PAIR, 'blocks that cannot be read');
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CredentialError('the private key of the certificate', 'the one of another certificate');
  }
  const keyType = privateKey.asymmetricKeyType?.toUpperCase() ?? 'unknown';
  if (keyType !== 'RSA') {
    throw new CredentialError('a certificate with an RSA key, which Entra asks for', `one with an ${keyType} key`);
  }
  const thumbprintSha256 = createHash('sha256').update(certificate.raw).digest('hex');
  const expiresAt = new Date(certificate.validTo);
  if (expiresAt.getTime() <= Date.now()) {
    throw new CredentialError(
      'a certificate that has not expired',
      `one that did on ${expiresAt.toISOString().slice(0, 10)}`,
    );
  }
  return {
    credential: {
      kind: 'certificate',
      thumbprintSha256,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
    facts: { thumbprintSha256, expiresAt },
  };
}
