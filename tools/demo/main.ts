import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { Client } from '@temporalio/client';
import { isNumberOf } from '../../src/deal/document-number.js';
import { display } from '../../src/deal/money.js';
import { openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { createDataConverter } from '../../src/secrets/data-converter.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { confirmSignal, statusQuery } from '../../src/workflows/deals/messages.js';
import { connectTo } from '../stage/temporal.js';
import { planFaults, tellSurvival } from './faults.js';
import { type LeftOver, toInvitation } from './invitation.js';
import { takeScreenshots } from './screenshots.js';
import { type DemoStageOptions, openDemoStage } from './stage.js';

/** `npm run demo`: three deals are won in Sales, one of them against the odds, and everything is counted at the end. */

export interface DemoOptions extends DemoStageOptions {
  readonly webUi: string | undefined;
  /** Whether everything stays for exploring. */
  readonly keep: boolean;
  /** Tells the command line where the stage runs, for as long as it stays. */
  readonly publish: (settings: NodeJS.ProcessEnv) => void;
  /** Where the pictures of the desk go, when they are wanted. */
  readonly screenshots: string | undefined;
}

const POLL_MS = 50;
const PATIENCE_MS = 120_000;

/** True only when every number came back to Sales and nothing exists twice. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const limit = '2000';
  const codecToken = randomBytes(24).toString('base64url');
  const env = { CODEC_TOKEN: codecToken, ...(options.webUi && { TEMPORAL_UI_ORIGIN: options.webUi }) };
  // The first link stands at the end; who needs another one asks for it at the desk.
  let isToldOfLinks = false;
  const onStarterLine = (line: string): void => {
    if (isToldOfLinks && line.startsWith('Desk: ')) print(line);
  };
  const stage = await openDemoStage({ ...options, env, onStarterLine }, limit);
  const { simulators } = stage;
  const database = openDatabase(stage.ledgerUrl, { connections: 1 });
  options.onStop(() => database.close());
  const connection = await connectTo({ address: options.temporalAddress, tlsSettings: options.temporalTls });
  options.onStop(() => connection.close());
  const dataConverter = createDataConverter(openKeyRing({ kind: 'file', path: stage.keyFile }));
  const temporal = new Client({ connection, dataConverter });
  const ledger = createLedger(database);

  print(`\nA person confirms from ${limit} on; below that the rule does.`);
  print('On the way: one 429 with Retry-After: 2 from Business Central, and one posting whose answer is lost.\n');
  planFaults(simulators);

  const deals = chooseDeals(simulators, Number(limit));
  const win = createSales(simulators);
  const before = countRequests(simulators);
  const startedAt = Date.now();
  for (const deal of deals) {
    print(`Sales: ${deal.kind} '${deal.name}' is won`);
    await win(deal);
  }
  await Promise.all(deals.map((deal) => follow(deal, ledger, temporal, startedAt)));
  const after = countRequests(simulators);
  const told = await Promise.all(
    deals.map(async ({ id, kind, number }) => {
      const { documentId } = await ledger.getRecord(id);
      return { recordId: id, documentId, name: `${kind} ${number}` };
    }),
  );
  const survival = await tellSurvival(simulators, temporal, startedAt, told);
  print('\nWhat went wrong, and what came of it:');
  for (const line of survival.lines) print(line);
  const isGood = (await report(simulators, ledger, deals, { before, after })) && survival.isGood;
  const left = await leaveSomethingToDo(simulators, ledger, deals, win, Number(limit));
  const place = { webUi: options.webUi, starterUrl: stage.starterUrl, codecToken };
  if (options.keep) {
    const { PATH: _ofThisMachine, DEALBRIDGE_ENV_FILES: _ofTheStage, ...settings } = stage.env;
    options.publish({
      ...settings,
      TEMPORAL_CODEC_ENDPOINT: `${stage.starterUrl}/codec`,
      TEMPORAL_CODEC_AUTH: `Bearer ${codecToken}`,
    });
    print('\nIn another terminal, `npx dealbridge list` finds this stage in .data/env. What Temporal keeps is sealed;');
    print('`set -a; . .data/env; set +a` tells its command line where to have it opened.');
  }
  if (options.screenshots) await takeScreenshots(stage.deskLink, options.screenshots);
  print('');
  for (const line of toInvitation(left, simulators, options.keep ? place : undefined)) print(line);
  if (options.keep) print(`Desk:                      ${stage.deskLink} (signs you in, once)`);
  isToldOfLinks = options.keep;
  return isGood;
}

function chooseDeals(simulators: Simulators, limit: number): SeedDocument[] {
  const { documents } = simulators.data;
  const sum = (deal: SeedDocument) =>
    deal.lines.reduce((total, line) => total + Number(line.quantity) * Number(line.price), 0);
  const find = (kind: SeedDocument['kind'], fits: (total: number) => boolean) => {
    const deal = documents.find((other) => other.kind === kind && fits(sum(other)));
    if (!deal) throw new Error(`the seed holds no ${kind} that fits`);
    return deal;
  };
  // The gross total decides; the factors keep clear of the limit whatever the tax.
  const small = (total: number) => total * 1.2 < limit;
  return [find('opportunity', small), find('quote', (total) => total > limit), find('salesorder', () => true)];
}

/** A draft that a person has to confirm, and a deal that somebody has to clear first. */
async function leaveSomethingToDo(
  simulators: Simulators,
  ledger: Ledger,
  done: readonly SeedDocument[],
  win: (deal: SeedDocument) => Promise<void>,
  limit: number,
): Promise<LeftOver> {
  const { data, businessCentral } = simulators;
  const productsOf = ({ lines }: SeedDocument) =>
    lines.flatMap(({ productIndex }) => {
      const product = productIndex === undefined ? undefined : data.products[productIndex];
      return product ? [product] : [];
    });
  const taken = new Set(done.flatMap(productsOf));
  const others = data.documents.filter(
    (deal) => deal.kind === 'quote' && !done.includes(deal) && deal.discount === '0',
  );
  const sum = (deal: SeedDocument) =>
    deal.lines.reduce((total, line) => total + Number(line.quantity) * Number(line.price), 0);
  const findFree = (deal: SeedDocument) =>
    productsOf(deal).find((product) => product.isInBusinessCentral && !taken.has(product));
  const held = others.find((deal) => findFree(deal) !== undefined);
  const blocked = held && findFree(held);
  const waiting = others.find(
    (deal) =>
      deal !== held &&
      sum(deal) > limit &&
      data.accounts[deal.accountIndex]?.isInBusinessCentral &&
      productsOf(deal).every((product) => product !== blocked),
  );
  const next = others.find((deal) => deal !== held && deal !== waiting);
  if (!held || !blocked || !waiting || !next) throw new Error('the seed holds no quotes that fit');
  const body = JSON.stringify({ number: blocked.number, blocked: true });
  await fetch(`${businessCentral.origin}/_sim/items/block`, { method: 'POST', body });
  print(
    `\nTwo more are won: '${waiting.name}' waits for you, '${held.name}' is held, as item ${blocked.number} is blocked.`,
  );
  const wanted = [
    [waiting, 'awaiting-confirmation'],
    [held, 'held'],
  ] as const;
  for (const [deal] of wanted) await win(deal);
  const isThere = async (): Promise<boolean> =>
    (await Promise.all(wanted.map(async ([deal, state]) => (await ledger.findRecord(deal.id))?.state === state))).every(
      Boolean,
    );
  const until = Date.now() + PATIENCE_MS;
  while (!(await isThere())) {
    if (Date.now() > until) throw new Error('the two deals did not come to where they should wait');
    await sleep(POLL_MS);
  }
  return { waiting, held, blockedItem: blocked.number, next };
}

function createSales(simulators: Simulators): (deal: SeedDocument) => Promise<void> {
  const { dataverse, entra, tenant, dataverseApp, salesPersonId } = simulators.connection;
  return async (deal) => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: dataverseApp.clientId,
      client_secret: dataverseApp.clientSecret,
      scope: dataverseApp.scope,
    });
    const answer = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const call = async (method: string, path: string, body: object): Promise<void> => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-match': '*',
        mscrmcallerid: salesPersonId,
      };
      const response = await fetch(`${dataverse}/api/data/v9.2/${path}`, {
        method,
        headers,
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    };
    if (deal.kind === 'opportunity') {
      const close = { subject: 'Won', 'opportunityid@odata.bind': `/opportunities(${deal.id})` };
      await call('POST', 'WinOpportunity', { Status: 3, OpportunityClose: close });
    } else if (deal.kind === 'quote') {
      await call('POST', 'WinQuote', {
        Status: 4,
        QuoteClose: { subject: 'Won', 'quoteid@odata.bind': `/quotes(${deal.id})` },
      });
    } else {
      await call('PATCH', `salesorders(${deal.id})`, { statecode: 1, statuscode: 3 });
    }
  };
}

/** Prints the way of one deal as it goes, and says yes when it asks. */
async function follow(deal: SeedDocument, ledger: Ledger, temporal: Client, startedAt: number): Promise<void> {
  let shown = '';
  while (Date.now() - startedAt < PATIENCE_MS) {
    const record = await ledger.findRecord(deal.id);
    const state = record?.state ?? 'not seen yet';
    if (state !== shown) {
      shown = state;
      const after = ((Date.now() - startedAt) / 1_000).toFixed(2).padStart(6);
      const detail = record?.holdText ?? record?.invoiceNumber ?? record?.draftNumber ?? '';
      print(`${after} s  ${deal.kind.padEnd(11)}  ${state.padEnd(22)} ${detail}`);
      if (state === 'awaiting-confirmation') {
        const handle = temporal.workflow.getHandle(deal.id);
        const { figures } = await handle.query(statusQuery);
        if (!figures) throw new Error(`${deal.kind} ${deal.id} waits and shows no figures`);
        const input = { by: 'demo', figures };
        print(`          temporal workflow signal -w ${deal.id} --name confirm --input '${JSON.stringify(input)}'`);
        await handle.signal(confirmSignal, input);
      }
      if (state === 'written-back' || state === 'settled') return;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${deal.kind} ${deal.id} is still ${shown} after ${PATIENCE_MS / 1_000} s`);
}

interface Requests {
  readonly sales: number;
  readonly businessCentral: number;
}

function countRequests(simulators: Simulators): Requests {
  return { sales: simulators.dataverse.requests.length, businessCentral: simulators.businessCentral.requests.length };
}

async function report(
  simulators: Simulators,
  ledger: Ledger,
  deals: readonly SeedDocument[],
  { before, after }: { readonly before: Requests; readonly after: Requests },
): Promise<boolean> {
  let isGood = true;
  const rows = [['source record', 'customer', 'draft', 'invoice', 'total in Sales', 'total in BC']];
  for (const deal of deals) {
    const record = await ledger.getRecord(deal.id);
    const invoices = [...simulators.businessCentral.company.invoices.values()].filter(({ row }) =>
      isNumberOf(String(row['externalDocumentNumber']), deal.id),
    );
    const invoice = invoices[0];
    const back = [...simulators.dataverse.store.all('invoice')].filter(
      (row) => row['invoicenumber'] === record.invoiceNumber,
    );
    const inSales = display(String(back[0]?.['totalamount'] ?? '0'));
    const inBc = display(String(invoice?.row['totalAmountIncludingTax'] ?? '0'));
    isGood &&= invoices.length === 1 && invoice?.isPosted === true && back.length === 1 && inSales === inBc;
    const currency = String(invoice?.row['currencyCode'] ?? '');
    rows.push([
      `${deal.kind} ${deal.number}`,
      record.customerNumber ?? '-',
      record.draftNumber ?? '-',
      record.invoiceNumber ?? '-',
      `${inSales} ${currency}`,
      `${inBc} ${currency}`,
    ]);
  }
  const widths = (rows[0] as string[]).map((_title, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  print('');
  for (const row of rows) print(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  // The wins themselves are the seller's requests, not ours.
  print(
    `\nRequests: ${after.sales - before.sales - deals.length} to Sales, ${after.businessCentral - before.businessCentral} to Business Central`,
  );
  print(
    isGood ? '\nEvery number came back to Sales, and nothing exists twice.' : '\nNOT as it should be: see the table.',
  );
  return isGood;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
