import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchFromPyPi, hasRuntime, type Ran, run } from './fetched.js';
import { type HttpsFront, openHttpsFront } from './https-front.js';

/** Airbyte's connector, called as Airbyte calls it: check, discover, read, and read again from the state. */

const hasPython = await hasRuntime('python3', '-m', 'venv', '--help');

interface Stream {
  readonly name: string;
  readonly json_schema: { readonly properties: Readonly<Record<string, unknown>> };
  readonly supported_sync_modes: readonly string[];
  readonly source_defined_primary_key: readonly string[][];
}

interface Message {
  readonly type: string;
  readonly connectionStatus?: { readonly status: string; readonly message?: string };
  readonly catalog?: { readonly streams: readonly Stream[] };
  readonly record?: { readonly stream: string; readonly data: Readonly<Record<string, unknown>> };
  readonly state?: unknown;
}

describe.skipIf(!hasPython)('airbyte-source-microsoft-dataverse (PyPI)', () => {
  let simulators: Simulators;
  let front: HttpsFront;
  let python: string;
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-airbyte-'));
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };

  beforeAll(async () => {
    python = await fetchFromPyPi('airbyte-source-microsoft-dataverse', '1.0.2');
    simulators = await startSimulators({ products: 10, accounts: 40, documents: 6 });
    front = await openHttpsFront(simulators.connection.entra, []);
    const { dataverse, tenant, dataverseApp } = simulators.connection;
    file('config.json', {
      url: dataverse,
      tenant_id: tenant,
      client_id: dataverseApp.clientId,
      client_secret_value: dataverseApp.clientSecret,
      odata_maxpagesize: 15,
    });
  });
  afterAll(async () => {
    await front?.close();
    await simulators?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function source(...args: string[]): Promise<Message[]> {
    const start = 'from source_microsoft_dataverse.run import run; run()';
    const { code, output }: Ran = await run(python, ['-c', start, ...args, '--config', join(folder, 'config.json')], {
      env: { REQUESTS_CA_BUNDLE: front.certificate, HTTPS_PROXY: front.proxy, NO_PROXY: 'localhost,127.0.0.1' },
    });
    expect(code, output.slice(-3_000)).toBe(0);
    return output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Message => JSON.parse(line));
  }

  it('runs whole: check, discover, full and incremental reads', async () => {
    const [status] = (await source('check')).flatMap((one) => one.connectionStatus ?? []);
    expect(status).toMatchObject({ status: 'SUCCEEDED' });
    const [catalog] = (await source('discover')).flatMap((one) => one.catalog ?? []);
    const streams = catalog?.streams ?? [];
    const account = streams.find(({ name }) => name === 'account');
    expect(account?.supported_sync_modes).toContain('incremental');
    expect(account?.json_schema.properties).toHaveProperty('_primarycontactid_value');
    const configured = ['account', 'task', 'salesorder'].map((name) => {
      const stream = streams.find((one) => one.name === name);
      return {
        stream,
        sync_mode: name === 'account' ? 'incremental' : 'full_refresh',
        destination_sync_mode: 'append',
        cursor_field: ['modifiedon'],
        primary_key: stream?.source_defined_primary_key,
      };
    });
    const catalogPath = file('catalog.json', { streams: configured });
    const first = await source('read', '--catalog', catalogPath);
    const accounts = new Set(
      first.filter(({ record }) => record?.stream === 'account').map(({ record }) => record?.data['accountid']),
    );
    expect(accounts.size).toBe(simulators.dataverse.store.count('account'));
    const states = first.map(({ state }) => state).filter((state) => JSON.stringify(state ?? '').includes('"account"'));
    const statePath = file('state.json', [states.at(-1)]);
    expect(readFileSync(statePath, 'utf8')).toContain('$deltatoken');
    const { store } = simulators.dataverse;
    const [one] = store.all('account');
    if (!one) throw new Error('the seed holds no accounts');
    store.update(store.schema.table('account'), one, { fax: '4711' });
    const second = await source('read', '--catalog', catalogPath, '--state', statePath);
    const changed = second.filter(({ record }) => record?.stream === 'account').map(({ record }) => record?.data);
    expect(changed).toMatchObject([{ accountid: one['accountid'], fax: '4711' }]);
  });
});
