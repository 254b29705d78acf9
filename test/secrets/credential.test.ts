import { expect, it } from 'vitest';
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
