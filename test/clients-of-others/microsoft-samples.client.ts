import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';
import { fetchFromGitHub, fetchFromNpm, run } from './fetched.js';

/**
 * Microsoft's samples of the Web API in JavaScript (microsoft/PowerApps-Samples, dataverse/webapi/JS/SPASample). Where
 * GitHub cannot be reached, POWERAPPS_SAMPLES names the git directory of a clone.
 */

const SOURCE = 'dataverse/webapi/JS/SPASample/src';
const SAMPLES = ['BasicOperationsSample', 'QueryDataSample', 'ConditionalOperationsSample', 'BatchSample'];
const fetched = await fetchFromGitHub(
  'microsoft/PowerApps-Samples',
  '3297c082f229b0fd37220b5cb1d8d662aecc0d92',
  ['scripts/DataverseWebAPI.js', 'scripts/Util.js', ...SAMPLES.map((name) => `samples/${name}.js`)].map(
    (path) => `${SOURCE}/${path}`,
  ),
  process.env['POWERAPPS_SAMPLES'],
);

if ('missing' in fetched) {
  describe('the JavaScript samples of Microsoft', () => {
    it.skip(`not run: ${fetched.missing}; POWERAPPS_SAMPLES may name a clone`, () => undefined);
  });
} else {
  describe('the JavaScript samples of Microsoft', () => {
    let simulators: Simulators;
    let jsdom: string;

    beforeAll(async () => {
      jsdom = await fetchFromNpm('jsdom-26', ['jsdom@26.1.0']);
      // Browsers take them as modules, Node does so by this file.
      writeFileSync(join(fetched.folder, 'package.json'), '{"type":"module"}\n');
      simulators = await startSimulators({ products: 10, accounts: 40, documents: 6 });
    });
    afterAll(() => simulators?.stop());

    it.each(SAMPLES)('%s runs whole and cleans up after itself', async (name) => {
      const { connection, dataverse } = simulators;
      // A contact that came with its account as the primary one is not the account's own: it stays, as in Sales.
      const count = (): number[] => ['account', 'role'].map((table) => dataverse.store.count(table));
      const before = count();
      const driver = join(import.meta.dirname, 'drivers/samples.mjs');
      const { code, output } = await run(process.execPath, [driver, join(fetched.folder, SOURCE), name], {
        env: {
          BASE_URL: connection.dataverse,
          TOKEN: await getToken(connection, connection.dataverseApp),
          JSDOM_FOLDER: jsdom,
        },
      });
      expect(code, output).toBe(0);
      const shown = JSON.parse(output.split('\n').find((line) => line.startsWith('{"errors"')) ?? '{}');
      expect(shown.errors, output).toEqual([]);
      expect(shown.text).not.toContain('Failed to');
      expect(shown.expected).toBe(name === 'ConditionalOperationsSample' ? 2 : 0);
      expect(count()).toEqual(before);
    });
  });
}
