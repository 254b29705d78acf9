import { cpuUsage, memoryUsage } from 'node:process';
import { type Connection, type Simulators, startSimulators } from '@dealbridge/simulators';
import type { Row } from '@dealbridge/simulators/dataverse/store.js';
import type { Table } from '@dealbridge/simulators/dataverse/tables.js';
import { Agent, request } from 'undici';

/**
 * `npm run bench:simulators`: requests per second of each API over HTTP, and large tables loaded, paged and filtered. Each
 * account that is loaded carries a value in every column that can be written.
 */

/** Not counted: the first requests are those that the engine compiles for. */
const WARM_UP = 2;
const SECONDS = 5;
const CONNECTIONS = 8;
const ROWS = 100_000;

/** The servers alone, so that the client's work is another core's. */
export async function serve(): Promise<void> {
  const simulators = await startSimulators();
  simulators.businessCentral.limits.settings.requests = 0;
  simulators.dataverse.limits.settings.requests = 0;
  const company = simulators.businessCentral.company.id;
  process.send?.({ connection: simulators.connection, company });
  let watch = stopWatch();
  process.on('message', (message) => {
    if (message === 'load') process.send?.({ loaded: load(simulators) });
    else if (message === 'watch') watch = stopWatch();
    else if (message === 'spent') process.send?.({ spent: watch() });
    else if (message === 'memory') process.send?.({ memory: memoryUsage().rss });
  });
}

/** A value for every column that a client may write. */
function fillColumns(table: Table): Row {
  const values: Row = {};
  for (const { name, type, size, access } of table.columns.values()) {
    if (access === 'read' || name === 'statecode' || name === 'statuscode') continue;
    if (type === 'text') values[name] = `Some ${name}`.slice(0, size);
    else if (type === 'bool') values[name] = true;
    else if (type === 'datetime') values[name] = '2026-03-01T08:00:00Z';
    else if (type === 'date') values[name] = '2026-03-01';
    else if (type === 'money' || type === 'decimal') values[name] = '1250.5';
    else if (type === 'int' || type === 'choice' || type === 'double') values[name] = 1;
  }
  return values;
}

/** Milliseconds, of the clock and of a core. */
interface Spent {
  readonly wall: number;
  readonly core: number;
}

function stopWatch(): () => Spent {
  const [started, used] = [performance.now(), cpuUsage()];
  return () => {
    const { user, system } = cpuUsage(used);
    return { wall: performance.now() - started, core: (user + system) / 1_000 };
  };
}

/** What it takes to load 100,000 accounts and as many customers. */
function load(simulators: Simulators): { accounts: Spent; customers: Spent } {
  const { dataverse, businessCentral } = simulators;
  const table = dataverse.store.schema.table('account');
  const filled = fillColumns(table);
  const ofAccounts = stopWatch();
  for (let index = 0; index < ROWS; index += 1) {
    dataverse.store.insert(
      table,
      {
        ...filled,
        name: `Account ${index}`,
        accountnumber: `L${index}`,
        address1_city: `City ${index % 100}`,
      },
      true,
    );
  }
  const accounts = ofAccounts();
  const ofCustomers = stopWatch();
  for (let index = 0; index < ROWS; index += 1) {
    businessCentral.company.insert('customers', {
      number: `L${index}`,
      displayName: `Customer ${index}`,
      city: `City ${index % 100}`,
    });
  }
  return { accounts, customers: ofCustomers() };
}

export interface Server {
  readonly connection: Connection;
  readonly company: string;
  ask<T>(message: string): Promise<T>;
  /** Without an answer. */
  tell(message: string): void;
}

export async function measure(server: Server): Promise<void> {
  const { connection, company } = server;
  const bcRoot = `${connection.businessCentral}/v2.0/${connection.environment}/api/v2.0/companies(${company})`;
  const salesToken = await getToken(connection, connection.dataverseApp);
  const bcToken = await getToken(connection, connection.businessCentralApp);
  const customer = encodeURIComponent("number eq 'C10001'");
  const accounts = `${connection.dataverse}/api/data/v9.2/accounts`;
  const { accountid, name } = await firstOf(`${accounts}?$select=name&$top=1`, salesToken);
  const named = encodeURIComponent(`name eq '${String(name).replaceAll("'", "''")}'`);
  await rate(server, 'Dataverse: one account by its id, all columns', `${accounts}(${accountid})`, salesToken);
  await rate(
    server,
    'Dataverse: one account by a filter, two columns',
    `${accounts}?$select=name&$filter=${named}`,
    salesToken,
  );
  await rate(server, 'Business Central: one customer by number', `${bcRoot}/customers?$filter=${customer}`, bcToken);

  const { loaded } = await server.ask<{ loaded: { accounts: Spent; customers: Spent } }>('load');
  print(
    `\n${ROWS.toLocaleString('en-US')} accounts with a value in every column loaded in ${inSeconds(loaded.accounts)}, customers in ${inSeconds(loaded.customers)}`,
  );
  await pages(
    'Dataverse: all accounts, two columns, 5,000 a page',
    `${connection.dataverse}/api/data/v9.2/accounts?$select=name,accountnumber`,
    salesToken,
  );
  await pages('Dataverse: all accounts, all columns, 5,000 a page', accounts, salesToken);
  await pages(
    'Dataverse: accounts of one city',
    `${connection.dataverse}/api/data/v9.2/accounts?$select=name&$filter=address1_city%20eq%20%27City%207%27`,
    salesToken,
  );
  await pages(
    'Business Central: all customers, 20,000 a page',
    `${bcRoot}/customers?$select=number,displayName`,
    bcToken,
  );
  await pages(
    'Business Central: customers of one city',
    `${bcRoot}/customers?$filter=city%20eq%20%27City%207%27`,
    bcToken,
  );
  const { memory } = await server.ask<{ memory: number }>('memory');
  print(`memory of the three simulators in one process: ${(memory / 1_048_576).toFixed(0)} MB`);
}

async function firstOf(url: string, token: string): Promise<Row> {
  const { body } = await request(url, { headers: { authorization: `Bearer ${token}` } });
  const { value } = (await body.json()) as { value: Row[] };
  if (!value[0]) throw new Error(`${url} has no rows`);
  return value[0];
}

/** What the requests of some seconds took: by the clock, and of the core that served them. */
async function rate(server: Server, title: string, url: string, token: string): Promise<void> {
  const agent = new Agent({ connections: CONNECTIONS });
  const ask = async (seconds: number): Promise<number> => {
    const until = performance.now() + seconds * 1_000;
    let count = 0;
    const client = async (): Promise<void> => {
      while (performance.now() < until) {
        const headers = { authorization: `Bearer ${token}` };
        const { statusCode, body } = await request(url, { dispatcher: agent, headers });
        await body.dump();
        if (statusCode !== 200) throw new Error(`${title}: ${statusCode}`);
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS / 2 }, client));
    return count;
  };
  await ask(WARM_UP);
  server.tell('watch');
  const count = await ask(SECONDS);
  const { spent } = await server.ask<{ spent: Spent }>('spent');
  await agent.close();
  const perCore = (count / spent.core) * 1_000;
  print(
    `${title}: ${(count / SECONDS).toFixed(0)} requests/s, ${perCore.toFixed(0)} in a second of the core that serves them`,
  );
}

function inSeconds({ wall, core }: Spent): string {
  return `${(wall / 1_000).toFixed(1)} s (${(core / 1_000).toFixed(1)} s of a core)`;
}

async function pages(title: string, first: string, token: string): Promise<void> {
  const started = performance.now();
  let rows = 0;
  let count = 0;
  for (let url: string | undefined = first; url !== undefined; count += 1) {
    const { statusCode, body } = await request(url, { headers: { authorization: `Bearer ${token}` } });
    const page = (await body.json()) as { value: unknown[]; '@odata.nextLink'?: string };
    if (statusCode !== 200) throw new Error(`${title}: ${statusCode}`);
    rows += page.value.length;
    url = page['@odata.nextLink'];
  }
  print(
    `${title}: ${rows.toLocaleString('en-US')} rows in ${count} pages, ${((performance.now() - started) / 1_000).toFixed(2)} s`,
  );
}

async function getToken({ entra, tenant }: Connection, app: Connection['dataverseApp']): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: app.clientId,
    client_secret: app.clientSecret,
    scope: app.scope,
  });
  const answer = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
  return ((await answer.json()) as { access_token: string }).access_token;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (process.argv.includes('--server')) await serve();
