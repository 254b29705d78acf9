import { readFileSync } from 'node:fs';
import { startSimulators } from '@dealbridge/simulators';
import { describe, it } from 'vitest';
import { createSigningCertificate, type SigningCertificate } from '../support/signing-certificate.js';
import { testEntra } from './entra/contract.js';

testEntra('the simulator', async () => {
  const simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
  const { entra, tenant, dataverseApp } = simulators.connection;
  const { clientId, clientSecret, scope } = dataverseApp;
  const signing = createSigningCertificate();
  await fetch(`${entra}/_sim/apps`, {
    method: 'POST',
    body: JSON.stringify({ clientId, certificate: signing.certificate }),
  });
  return { origin: entra, tenant, clientId, clientSecret, scope, signing, close: () => simulators.stop() };
});

const { ENTRA_CONTRACT_ORIGIN, ENTRA_CONTRACT_TENANT, ENTRA_CONTRACT_APP, ENTRA_CONTRACT_SCOPE, ENTRA_CONTRACT_PEM } =
  process.env;
if (
  ENTRA_CONTRACT_ORIGIN &&
  ENTRA_CONTRACT_TENANT &&
  ENTRA_CONTRACT_APP &&
  ENTRA_CONTRACT_SCOPE &&
  ENTRA_CONTRACT_PEM
) {
  // client id,secret
  const [clientId = '', clientSecret = ''] = ENTRA_CONTRACT_APP.split(',');
  testEntra('a real tenant', async () => ({
    origin: ENTRA_CONTRACT_ORIGIN,
    tenant: ENTRA_CONTRACT_TENANT,
    clientId,
    clientSecret,
    scope: ENTRA_CONTRACT_SCOPE,
    signing: ENTRA_CONTRACT_PEM ? readSigning(ENTRA_CONTRACT_PEM) : undefined,
    close: async () => undefined,
  }));
} else {
  describe('Entra: a real tenant', () => {
    it.skip('not run: ENTRA_CONTRACT_ORIGIN, _TENANT, _APP and _SCOPE are not set', () => undefined);
  });
}

/** A file with the certificate and its key. */
function readSigning(path: string): SigningCertificate {
  const pem = readFileSync(path, 'utf8');
  return { certificate: sectionOf(pem, 'CERTIFICATE'), privateKey: sectionOf(pem, 'PRIVATE KEY') };
}

function sectionOf(pem: string, what: string): string {
  return new RegExp(`-----BEGIN ${what}-----[^]*?-----END ${what}-----`).exec(pem)?.[0] ?? '';
}
