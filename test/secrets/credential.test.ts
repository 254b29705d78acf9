import { expect, it } from 'vitest';
import { UserError } from '../../src/deal/errors.js';
import type { Vault } from '../../src/ledger/settings/vault.js';
import { setCredential } from '../../src/operations/settings/credentials.js';
import { parseCertificate } from '../../src/secrets/credential.js';
import { createSigningCertificate } from '../support/signing-certificate.js';

it('a certificate whose key Entra takes no signature of is refused when it is given, not at the next token', () => {
  const { certificate, privateKey } = createSigningCertificate(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  expect(() => parseCertificate(`${privateKey}${certificate}`)).toThrow(
    'expected a certificate with an RSA key, which Entra asks for, got one with an EC key',
  );
  const rsa = createSigningCertificate();
  expect(parseCertificate(`${rsa.certificate}${rsa.privateKey}`).credential.kind).toBe('certificate');
});

const own = createSigningCertificate();
const other = createSigningCertificate();
const PAIR = 'private key and certificate in one PEM text';

it.each([
  ['no PEM', 'hunter2', `${PAIR}, got 'no CERTIFICATE block'`],
  ['a certificate alone', own.certificate, `${PAIR}, got 'no PRIVATE KEY block'`],
  [
    'the key of another',
    `${own.certificate}${other.privateKey}`,
    "the private key of the certificate, got 'the one of another certificate'",
  ],
  [
    'a key with a passphrase',
    `${own.certificate}-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2\n-----END ENCRYPTED PRIVATE KEY-----\n`,
    "a private key without a passphrase, since it is sealed here, got 'one with a passphrase'",
  ],
  [
    'a block that is no certificate',
    `-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n${own.privateKey}`,
    `${PAIR}, got 'blocks that cannot be read'`,
  ],
])('a PEM that cannot be used is an input that names its field, and is not quoted: %s', async (_what, pem, right) => {
  const person = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] } as const;
  const vault = { set: () => Promise.reject(new Error('it was stored')) } as unknown as Vault;
  const refused = setCredential({ vault }, person, { name: 'dataverse', certificate: pem, overlapHours: 0 });
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(`certificate: expected ${right}`);
  await expect(refused).rejects.not.toThrow('hunter2');
});
