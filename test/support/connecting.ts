import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { freePort } from '../../tools/stage/port.js';
import { type CliResult, runCli } from './cli.js';
import { openEmbeddedLedger } from './embedded-ledger.js';
import { createSeller } from './sales.js';

/** A new organization and a new company, a folder for the files of an installation, and a person who lets us in. */
export interface Newcomer {
  readonly simulators: Simulators;
  readonly ledger: EmbeddedLedger;
  readonly folder: string;
  readonly port: number;
  /** What the machine knows besides the files. */
  readonly env: NodeJS.ProcessEnv;
  connect(...args: string[]): Promise<CliResult>;
  /** The four things that only a person can do. */
  doTheRest(): Promise<void>;
  close(): Promise<void>;
}

export async function openNewcomer(): Promise<Newcomer> {
  const simulators = await startSimulators({ isBare: true });
  const ledger = await openEmbeddedLedger();
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-connect-'));
  const port = await freePort();
  const { connection: to } = simulators;
  const { dataverseApp, businessCentralApp } = to;
  const secret = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    return path;
  };
  writeFileSync(
    join(folder, 'answers.yaml'),
    [
      `tenant: ${to.tenant}`,
      `loginUrl: ${to.entra}`,
      'dataverse:',
      `  url: ${to.dataverse}`,
      `  clientId: ${dataverseApp.clientId}`,
      `  secretFile: ${secret('sales-secret', dataverseApp.clientSecret)}`,
      'businessCentral:',
      `  url: ${to.businessCentral}`,
      `  environment: ${to.environment}`,
      `  company: ${to.company}`,
      `  clientId: ${businessCentralApp.clientId}`,
      `  secretFile: ${secret('company-secret', businessCentralApp.clientSecret)}`,
      `publicUrl: http://127.0.0.1:${port}`,
    ].join('\n'),
  );
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: ledger.url,
    DEALBRIDGE_KEYS: createKeyLine(),
    DEALBRIDGE_ENV_FILES: 'off',
  };
  const tell = async (origin: string, path: string, body: object): Promise<void> => {
    const response = await fetch(`${origin}/_sim${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  };
  return {
    simulators,
    ledger,
    folder,
    port,
    env,
    connect: (...args) =>
      runCli(['connect', '--file', join(folder, 'answers.yaml'), '--folder', folder, '--by', 'Tester', ...args], env),
    async doTheRest() {
      await tell(to.entra, '/apps', dataverseApp);
      await tell(to.entra, '/apps', businessCentralApp);
      await tell(to.entra, '/consent', { clientId: businessCentralApp.clientId });
      await tell(to.dataverse, '/switches', { applicationUser: 'ok' });
      await tell(to.businessCentral, '/switches', { application: 'enabled' });
    },
    async close() {
      await simulators.stop();
      await ledger.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A customer, a product and an opportunity that a seller wins, where nothing was before. */
export async function winFirstDeal(simulators: Simulators): Promise<string> {
  const { call, winOpportunity } = createSeller(simulators);
  const [currency] = simulators.data.currencies;
  const [unit] = simulators.data.units;
  const lists = [...simulators.dataverse.store.all('pricelevel')];
  const list = lists.find((row) => row['transactioncurrencyid'] === currency?.id);
  const make = async (set: string, body: object): Promise<string> => {
    const made = await call(set, body);
    return /\(([0-9a-f-]{36})\)/.exec(made.headers.get('odata-entityid') ?? '')?.[1] ?? '';
  };
  const euro = { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currency?.id})` };
  const uom = `/uoms(${unit?.id})`;
  const account = await make('accounts', {
    name: 'First customer',
    accountnumber: 'N1001',
    address1_city: 'Bremen',
    ...euro,
  });
  const product = await make('products', {
    name: 'First product',
    productnumber: 'N-1',
    productstructure: 1,
    producttypecode: 1,
    quantitydecimal: 2,
    'defaultuomid@odata.bind': uom,
    ...euro,
  });
  const opportunity = await make('opportunities', {
    name: 'First deal',
    'customerid_account@odata.bind': `/accounts(${account})`,
    'pricelevelid@odata.bind': `/pricelevels(${list?.['pricelevelid']})`,
    ...euro,
    product_opportunities: [
      {
        'productid@odata.bind': `/products(${product})`,
        'uomid@odata.bind': uom,
        quantity: 2,
        ispriceoverridden: true,
        priceperunit: 125,
      },
    ],
  });
  await winOpportunity(opportunity);
  return opportunity;
}
