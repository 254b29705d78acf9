import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { runProgram } from '../support/cli.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

let simulators: Simulators;
let ledger: EmbeddedLedger;

beforeAll(async () => {
  simulators = await startSimulators({ products: 1, accounts: 1, documents: 1 });
  ledger = await openEmbeddedLedger();
});
afterAll(async () => {
  await ledger?.stop();
  await simulators?.stop();
});

it('a company that is not there ends the start of a worker in one line, which names the setting and those that there are', async () => {
  const { entra, tenant, dataverse, businessCentral, company, dataverseApp, businessCentralApp } =
    simulators.connection;
  const { code, stderr } = await runProgram('worker', {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    DATABASE_URL: ledger.url,
    DEALBRIDGE_KEYS: createKeyLine(),
    ENTRA_TENANT_ID: tenant,
    ENTRA_LOGIN_URL: entra,
    DATAVERSE_URL: dataverse,
    DATAVERSE_CLIENT_ID: dataverseApp.clientId,
    DATAVERSE_CLIENT_SECRET: dataverseApp.clientSecret,
    BC_URL: businessCentral,
    BC_COMPANY: 'Nobody',
    BC_CLIENT_ID: businessCentralApp.clientId,
    BC_CLIENT_SECRET: businessCentralApp.clientSecret,
    LOG_LEVEL: 'warn',
  });
  expect(stderr.trim()).toMatch(/^setting BC_COMPANY: expected the name of a company .+$/);
  expect(stderr).toContain(`'Nobody' is none of '${company}'`);
  expect(code).toBe(1);
});
