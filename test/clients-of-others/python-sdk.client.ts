import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchFromPyPi, hasRuntime, run } from './fetched.js';
import { type HttpsFront, openHttpsFront } from './https-front.js';

/** Microsoft's SDK for Dataverse in Python, with Microsoft's library for identities, both as PyPI has them. */

const hasPython = await hasRuntime('python3', '-m', 'venv', '--help');

describe.skipIf(!hasPython)('PowerPlatform-Dataverse-Client (PyPI)', () => {
  let simulators: Simulators;
  let front: HttpsFront;
  let python: string;

  beforeAll(async () => {
    python = await fetchFromPyPi('PowerPlatform-Dataverse-Client', '1.1.0');
    simulators = await startSimulators({ products: 10, accounts: 40, documents: 6 });
    front = await openHttpsFront(simulators.connection.entra, [simulators.connection.dataverse]);
  });
  afterAll(async () => {
    await front?.close();
    await simulators?.stop();
  });

  it.each([
    ['records, queries, data frames and batches', 'python_sdk.py'],
    ['tables, columns, relationships, keys, files and SQL', 'python_sdk_tables.py'],
  ])('runs whole: %s', async (_what, driver) => {
    const { entra, dataverse, tenant, dataverseApp } = simulators.connection;
    const { code, output } = await run(python, [join(import.meta.dirname, 'drivers', driver)], {
      env: {
        REQUESTS_CA_BUNDLE: front.certificate,
        AUTHORITY: front.address(entra),
        DATAVERSE: front.address(dataverse),
        TENANT: tenant,
        CLIENT_ID: dataverseApp.clientId,
        CLIENT_SECRET: dataverseApp.clientSecret,
      },
    });
    expect(code, output).toBe(0);
    expect(output).toContain('all done');
  });
});
