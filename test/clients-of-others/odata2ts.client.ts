import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';
import { fetchFromNpm, run } from './fetched.js';
import { businessCentralRoot, dataverseRoot } from './roots.js';

/** odata2ts writes a typed client from a metadata document; what it writes has to compile. */

describe('@odata2ts/odata2ts (npm)', () => {
  let simulators: Simulators;
  let fetched: string;
  let folder: string;

  beforeAll(async () => {
    fetched = await fetchFromNpm('odata2ts-0.34.0', [
      '@odata2ts/odata2ts@0.34.0',
      '@odata2ts/odata-query-objects@0.21.0',
      '@odata2ts/odata-service@0.18.1',
      'typescript@5.9.3',
    ]);
    simulators = await startSimulators({ products: 2, accounts: 2, documents: 2 });
    folder = mkdtempSync(join(tmpdir(), 'dealbridge-odata2ts-'));
    symlinkSync(join(fetched, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const compilerOptions = { strict: true, noEmit: true, skipLibCheck: true, target: 'es2022', module: 'commonjs' };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  });
  afterAll(async () => {
    await simulators?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it.each(['Dataverse', 'BusinessCentral'] as const)('generates a client of %s that compiles', async (name) => {
    const { connection } = simulators;
    const isSales = name === 'Dataverse';
    const token = await getToken(connection, isSales ? connection.dataverseApp : connection.businessCentralApp);
    const root = isSales ? dataverseRoot(connection) : businessCentralRoot(connection);
    const response = await fetch(`${root}/$metadata`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(200);
    writeFileSync(join(folder, `${name}.xml`), await response.text());
    const bin = (tool: string): string => join(folder, 'node_modules/.bin', tool);
    const generated = await run(
      bin('odata2ts'),
      ['-s', `${name}.xml`, '-o', name, '-n', name, '-m', 'all', '-e', 'ts'],
      {
        cwd: folder,
      },
    );
    expect(generated.code, generated.output).toBe(0);
    writeFileSync(join(folder, name, 'tsconfig.json'), '{"extends":"../tsconfig.json","include":["*.ts"]}');
    // The types of its query objects nest as deep as the tables refer to each other.
    const tsc = join(folder, 'node_modules/typescript/lib/tsc.js');
    const compiled = await run(process.execPath, ['--stack-size=3900', tsc, '-p', name], { cwd: folder });
    expect(compiled.code, compiled.output.slice(0, 3_000)).toBe(0);
  });
});
