import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import { createTokenSource } from '../../src/clients/entra/tokens.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { toDocument } from '../../src/deal/document.js';
import { openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { type DemoStage, type DemoStageOptions, openDemoStage } from '../demo/stage.js';

/** `npm run bench [-- --deals 500 --singles 40 --rate 20]`: what a deal costs, beside a script that only sends the requests. */

export interface BenchOptions extends Pick<DemoStageOptions, 'temporalAddress' | 'dataDir' | 'onStop'> {
  readonly args: readonly string[];
}

const LINES = { writeInAccount: '8400', freightAccount: '8410', units: {} };
// Until the code of all processes is warm.
const WARM_UP = 40;

export async function runBench(options: BenchOptions): Promise<void> {
  const { values } = parseArgs({
    args: [...options.args],
    options: {
      deals: { type: 'string', default: '500' },
      singles: { type: 'string', default: '40' },
      rate: { type: 'string', default: '20' },
    },
  });
  const [many, singles] = [Number(values.deals), Number(values.singles)];
  const stage = await openDemoStage(
    {
      ...options,
      // A third of the seed are orders, two thirds of them for customers that exist.
      simulators: { documents: Math.ceil((many + 2 * singles + WARM_UP) * 12), accounts: 300 },
      env: { BC_RATE_PER_SECOND: values.rate },
    },
    '100000000',
  );
  await linkMasters(stage);
  const deals = chooseDeals(stage.simulators);
  submit(stage.simulators, deals);
  const take = (count: number): SeedDocument[] => {
    const taken = deals.splice(0, count);
    if (taken.length < count) throw new Error(`the seed holds too few deals: ${count} wanted, ${taken.length} left`);
    return taken;
  };

  print(`${cpus().length} cores, Node ${process.versions.node}; ${values.rate} requests/s allowed to Business Central`);
  for (const deal of take(WARM_UP)) await handOver(stage, deal, []);
  const script = await timeScript(stage.simulators, take(singles));
  print(`plain script, five requests one after another  p50 ${ms(at(script, 0.5))}  p99 ${ms(at(script, 0.99))}`);
  const single: number[] = [];
  const alone: number[] = [];
  for (const deal of take(singles)) single.push(await handOver(stage, deal, alone));
  print(`Dealbridge, webhook to written back            p50 ${ms(at(single, 0.5))}  p99 ${ms(at(single, 0.99))}`);
  print(`over the script                                p50 ${ms(at(single, 0.5) - at(script, 0.5))}`);

  print(`the webhook is answered after                  p50 ${ms(at(alone, 0.5))}  p99 ${ms(at(alone, 0.99))}`);

  const before = count(stage.simulators);
  const started = Date.now();
  const together = take(many);
  const answers: number[] = [];
  await inParallel(together, 50, async (deal) => {
    answers.push(await hint(stage, deal));
  });
  const accepted = Date.now() - started;
  await untilWrittenBack(stage.simulators, before.sales, many);
  const seconds = (Date.now() - started) / 1_000;
  const after = count(stage.simulators);
  print(
    `\n${many} won at once: accepted in ${ms(accepted)}, written back in ${seconds.toFixed(1)} s, ${(many / seconds).toFixed(1)} deals/s`,
  );
  print(
    `requests per deal: ${((after.sales - before.sales) / many).toFixed(2)} to Sales, ${((after.bc - before.bc) / many).toFixed(2)} to Business Central`,
  );
  print(
    `answered with 429: ${(((after.throttled - before.throttled) / (after.bc - before.bc)) * 100).toFixed(2)} % of the requests to Business Central`,
  );
  print(`peak memory: worker ${peakMemory(stage.worker)}, starter ${peakMemory(stage.starter)}`);
}

/** The ledger knows customers and items, as after the first deal of each. */
async function linkMasters({ simulators, ledgerUrl }: DemoStage): Promise<void> {
  const database = openDatabase(ledgerUrl, 1);
  const ledger = createLedger(database);
  const { company } = simulators.businessCentral;
  const link = (kind: 'customer' | 'item', salesId: string, row: Readonly<Record<string, unknown>> | undefined) =>
    row && ledger.saveLink(kind, company.id, { salesId, bcId: String(row['id']), bcNumber: String(row['number']) });
  for (const { id, number } of simulators.data.accounts)
    await link('customer', id, company.findByNumber('customers', number));
  for (const { id, number } of simulators.data.products) await link('item', id, company.findByNumber('items', number));
  await database.close();
}

/** Orders of customers that Business Central has. */
function chooseDeals({ data }: Simulators): SeedDocument[] {
  return data.documents.filter(
    (deal) =>
      deal.kind === 'salesorder' &&
      deal.discount === '0' &&
      deal.state === 0 &&
      data.accounts[deal.accountIndex]?.isInBusinessCentral,
  );
}

/** Submitted orders are locked, so nothing waits for them to settle. */
function submit({ dataverse }: Simulators, deals: readonly SeedDocument[]): void {
  for (const deal of deals) {
    const row = dataverse.store.find('salesorder', deal.id);
    if (!row) throw new Error(`no order ${deal.id}`);
    Object.assign(row, { statecode: 1, statuscode: 3 });
  }
}

/** Milliseconds until the starter has answered. */
async function hint(stage: DemoStage, deal: SeedDocument): Promise<number> {
  const started = performance.now();
  const { url, name, value } = stage.webhook;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [name]: value },
    body: JSON.stringify({ MessageName: 'Update', PrimaryEntityName: 'salesorder', PrimaryEntityId: deal.id }),
  });
  if (answer.status !== 202) throw new Error(`the starter answered ${answer.status}`);
  await answer.arrayBuffer();
  return performance.now() - started;
}

/** Milliseconds from the webhook to the invoice row in Sales. */
async function handOver(stage: DemoStage, deal: SeedDocument, answers: number[]): Promise<number> {
  const started = performance.now();
  const from = stage.simulators.dataverse.requests.length;
  answers.push(await hint(stage, deal));
  await untilWrittenBack(stage.simulators, from, 1);
  return performance.now() - started;
}

/** Waits for as many new invoice rows in Sales; asks neither Temporal nor the ledger, which are being measured. */
async function untilWrittenBack({ dataverse }: Simulators, from: number, wanted: number): Promise<void> {
  let seen = from;
  for (let found = 0; found < wanted; ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (; seen < dataverse.requests.length; seen += 1) {
      const request = dataverse.requests[seen];
      if (request?.method === 'POST' && request.path.includes('/invoices') && request.status === 201) found += 1;
    }
  }
}

/** The same five requests, by the same clients, without any of the care. */
async function timeScript(
  { connection, businessCentral: bc }: Simulators,
  deals: readonly SeedDocument[],
): Promise<number[]> {
  const app = (which: typeof connection.dataverseApp) =>
    createTokenSource(
      {
        tenantId: connection.tenant,
        clientId: which.clientId,
        scope: which.scope,
        loginOrigin: connection.entra,
      },
      async () => [{ kind: 'secret', secret: which.clientSecret }],
    );
  const sales = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: app(connection.dataverseApp),
    timeoutMs: 10_000,
  });
  const businessCentral = createBusinessCentralClient({
    environmentUrl: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}`,
    companyId: bc.company.id,
    tokens: app(connection.businessCentralApp),
    timeoutMs: 10_000,
  });
  const customers = new Map<string, string>();
  for (const row of bc.company.all('customers')) customers.set(String(row['number']), String(row['id']));
  const times: number[] = [];
  for (const { id } of deals) {
    const started = performance.now();
    const deal = await sales.readDeal('salesorder', id);
    const draft = await businessCentral.createInvoice(
      toDocument(deal, customers.get(deal.customer?.number ?? '') ?? '', LINES),
      REPEATABLE,
    );
    await businessCentral.postInvoice(draft.id, draft.etag, REPEATABLE);
    const posted = await businessCentral.getInvoice(draft.id);
    await sales.createInvoice(
      {
        invoiceId: posted.id,
        number: posted.number,
        name: deal.name,
        source: { table: 'salesorder', recordId: id },
        accountId: deal.customer?.accountId ?? '',
        customerKind: 'account',
        currencyId: deal.currencyId,
        priceListId: deal.priceListId,
        dueDate: posted.dueDate,
        columns: {},
        discount: '0',
        lines: posted.lines.map(({ description, quantity, unitPrice, discount, tax }) => ({
          product: undefined,
          description,
          quantity,
          unitPrice,
          discount,
          tax,
        })),
      },
      REPEATABLE,
    );
    times.push(performance.now() - started);
  }
  await Promise.all([sales.close(), businessCentral.close()]);
  return times;
}

function count({ dataverse, businessCentral }: Simulators) {
  return {
    sales: dataverse.requests.length,
    bc: businessCentral.requests.length,
    throttled: businessCentral.requests.filter((request) => request.status === 429).length,
  };
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    }),
  );
}

function at(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}

/** Linux keeps the peak of each process; elsewhere it is not asked for. */
function peakMemory(child: ChildProcess): string {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return `${(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024).toFixed(0)} MB`;
  } catch (error) {
    return `not known on this system (${error instanceof Error ? error.message : String(error)})`;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
