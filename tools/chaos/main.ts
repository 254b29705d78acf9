import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startSimulators } from '@dealbridge/simulators';
import { Client } from '@temporalio/client';
import { openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { createDataConverter } from '../../src/secrets/data-converter.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { connectTo, type TemporalPlace } from '../stage/temporal.js';
import type { Additions } from './additions.js';
import { openBooks } from './books.js';
import { postByHand } from './by-hand.js';
import { addCurrencies } from './cases.js';
import { createChanges, OUTAGES } from './changes.js';
import { chooseDeals, type Deal, documentsFor, win } from './deals.js';
import { createDeciders, DECIDER } from './deciders.js';
import { TIMES } from './effects.js';
import { examineDeal, examineRest, examineRuns, isAtRest } from './examine.js';
import {
  documentIds,
  examineMasters,
  findDoubledSubscriptions,
  findStrayDocuments,
  findStrayRows,
} from './examine-shared.js';
import { examineTrail, readTrail } from './examine-trail.js';
import { isFinal } from './findings.js';
import { SESSION_ENDS } from './ledger-sessions.js';
import { hidePosted } from './lies.js';
import { countStrangers, createMisspelled, openPlainClient } from './misspelled.js';
import { createPeople } from './people.js';
import { makePlan, type ProcessName } from './plan.js';
import { watchPostings } from './postings.js';
import { createRecovery } from './recovery.js';
import { createBookkeeper, SETUPS } from './refusals.js';
import {
  type ChaosReport,
  countBy,
  countFaults,
  countRefusedSignIns,
  countWebhooks,
  countWrong,
  findSlowestWrite,
  type Offender,
  proveAudit,
  toText,
} from './report.js';
import { describeRunning, findRunningDeals, untilNoneRuns } from './runs.js';
import { createSeller } from './seller.js';
import { openChaosStage } from './stage.js';

/** `npm run chaos`: many deals under planned faults and kills, and then the question what the two systems hold. */

export interface ChaosOptions {
  readonly deals: number;
  readonly seed: number;
  /** After so many minutes whatever has not come to rest counts as lost. */
  readonly minutes: number;
  /** The share of deals that become orders. */
  readonly orders: number;
  /** What goes wrong beyond the usual. */
  readonly additions?: Additions;
  readonly folder: string;
  /** Where the built programs are. */
  readonly programs: URL;
  readonly verifyScript: string;
  readonly temporal: TemporalPlace & { readonly restart: () => Promise<void> };
  readonly say: (text: string) => void;
  readonly onStop: (work: () => Promise<void>) => void;
}

const WORKERS = 2;
/** Sellers win faster than the machine hands over, so that there is always much under way: up to so many deals. */
const WON_PER_SECOND = 8;
const MAX_UNDER_WAY = 400;
const SELLERS = 4;
const LOOK_MS = 500;
const TELL_MS = 5_000;
const REMOVED_ITEMS = 8;
const BY_HAND = 0.12;
/**
 * The longest back-off of a step, three times over: what has not moved by then waits for a person. A fault that hits is a
 * move: a deal that is the last of the run may meet one at each of its tries.
 */
const STALLED_MS = 200_000;
/** Kinds of requests that loops send whether a deal waits or not. */
const OF_LOOPS = /: (read changes|token)$/;
/** Longer than any step that was under way, so that what was late would show. */
const QUIET_MS = 2 * TIMES.ambiguityWindowMs;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { deals: count, seed, say, folder, additions = new Set() } = options;
  const plan = makePlan(seed, count, WORKERS, additions);
  const simulators = await startSimulators({
    seed,
    accounts: Math.max(60, Math.ceil(count / 3)),
    documents: documentsFor(count),
  });
  options.onStop(() => simulators.stop());
  const { businessCentral, dataverse, entra } = simulators;
  const { company } = businessCentral;
  // Refusals for too many requests come from the plan.
  for (const { limits } of [businessCentral, dataverse]) limits.settings.requests = 0;
  businessCentral.subscriptions.settings.delayMs = 1_000;
  const missingItems = removeItems(simulators);
  addCurrencies(simulators);
  const byHand = additions.has('by-hand') ? BY_HAND : 0;
  company.setup.oneInvoiceSeries = additions.has('one-series');
  const { cases, roll } = plan;
  const deals = chooseDeals(simulators, { deals: count, orders: options.orders, cases, byHand, roll });
  const postings = watchPostings(simulators);
  const before = { customers: company.count('customers'), items: company.count('items'), missingItems };
  const booksBefore = openBooks(simulators, postings);
  const rowsBefore = new Set(booksBefore.rows.keys());
  const documentsBefore = documentIds(booksBefore);

  const stage = await openChaosStage({
    folder,
    programs: options.programs,
    temporal: options.temporal,
    simulators,
    workers: WORKERS,
    onStop: options.onStop,
  });
  const database = openDatabase(stage.ledgerUrl, { connections: 1 });
  options.onStop(() => database.close());
  const connection = await connectTo(options.temporal);
  options.onStop(() => connection.close());
  const dataConverter = {
    ...createDataConverter(openKeyRing({ kind: 'file', path: stage.keyFile })),
    // The SDK loads it by its path, and a test that runs these sources has it as a built program only.
    failureConverterPath: fileURLToPath(new URL('secrets/failure-converter.js', options.programs)),
  };
  const temporal = new Client({ connection, dataConverter });
  const seller = await createSeller(simulators);
  const people = createPeople(simulators, database, plan.roll);
  const misspelled = createMisspelled(openPlainClient(connection, dataConverter), plan.roll);
  const bookkeeper = additions.has('refusals') ? createBookkeeper(simulators, deals) : undefined;
  const deciders = createDeciders({
    ...{ simulators, database, ledger: createLedger(database), temporal, deals, seller, misspelled, bookkeeper, say },
  });
  const changes = createChanges({ simulators, deals, seller, say });
  const colleague = postByHand(simulators, deals, plan.roll);
  options.onStop(async () => colleague.stop());
  if (additions.has('not-found')) {
    const stopHiding = hidePosted(simulators);
    options.onStop(async () => stopHiding());
  }
  Object.assign(dataverse.webhooks.faults, plan.webhooks);
  // The feeds read what there was before, so that the deals of the run are new to them.
  await untilFeedsRun();
  for (const rule of plan.rules.entra) entra.faults.add(rule);
  for (const rule of plan.rules.dataverse) dataverse.faults.add(rule);
  for (const rule of plan.rules.businessCentral) businessCentral.faults.add(rule);

  const startedAt = Date.now();
  const until = startedAt + options.minutes * 60_000;
  const resting = new Set<Deal>();
  const kills: Record<ProcessName, number> = { worker: 0, starter: 0, temporal: 0, ledger: 0 };
  let secretsExpired = 0;
  let isStopping = false;
  options.onStop(async () => {
    isStopping = true;
  });
  const recover = createRecovery({ entra, dataverse, businessCentral }, options);
  let isEverythingKilled = false;
  let hasStalled = false;
  const isOver = () => isStopping || hasStalled || Date.now() > until;
  const progress = () => (deals.filter(({ isWon }) => isWon).length + resting.size) / (2 * count);

  async function untilFeedsRun(): Promise<void> {
    for (;;) {
      const { rows } = await database.query<{ phase: string }>('SELECT phase FROM sales_feeds');
      if (rows.length === 6 && rows.every(({ phase }) => phase === 'changes')) return;
      await sleep(LOOK_MS);
    }
  }

  /** A deal that could not be won is among the lost ones at the end. */
  const noteUnsold = (error: unknown): void => {
    if (!isOver()) say(`a deal could not be won: ${error instanceof Error ? error.message : String(error)}`);
  };

  async function sell(): Promise<void> {
    const left = deals.values();
    const selling: Promise<void>[] = [];
    const one = async () => {
      for (const deal of left) {
        while (deals.filter(({ isWon }) => isWon).length - resting.size >= MAX_UNDER_WAY && !isOver())
          await sleep(LOOK_MS);
        if (isOver()) return;
        // Some clicks of a chain wait for what comes of the one before, and other deals do not wait with them.
        selling.push(win(deal, seller, plan.roll).catch(noteUnsold));
        await sleep((1_000 * SELLERS) / WON_PER_SECOND);
      }
    };
    await Promise.all(Array.from({ length: SELLERS }, one));
    await Promise.all(selling);
    await dataverse.webhooks.settle();
  }

  async function killAsPlanned(): Promise<void> {
    for (const kill of plan.kills) {
      while (progress() < kill.at && !isOver()) await sleep(50);
      if (isOver()) return;
      switch (kill.what) {
        case 'rules':
          stage.leaveOrdersToTheWarehouse();
          await Promise.all(stage.workers.map((worker) => worker.kill()));
          kills.worker += stage.workers.length;
          break;
        case 'worker':
          await stage.workers[kill.which]?.kill();
          kills.worker += 1;
          break;
        case 'starter':
        case 'ledger':
          await stage[kill.what].kill();
          kills[kill.what] += 1;
          break;
        case 'temporal':
          await options.temporal.restart();
          kills.temporal += 1;
          break;
        case 'secret':
          await expireSecret(kill.which);
          break;
        case 'sessions':
          await stage.sessions.end(SESSION_ENDS[kill.which % SESSION_ENDS.length] ?? 'any');
          break;
        case 'outage':
          await changes.breakOut(OUTAGES[kill.which % OUTAGES.length] ?? 'postings');
          break;
        case 'setup':
          bookkeeper?.close(SETUPS[kill.which % SETUPS.length] ?? 'period');
      }
    }
  }

  /** A worker that starts needs a token and gets none until the secret is renewed. */
  async function expireSecret(which: number): Promise<void> {
    const { dataverseApp, businessCentralApp, entra: origin } = simulators.connection;
    const { clientId, clientSecret } = which % 2 === 0 ? businessCentralApp : dataverseApp;
    const administer = (path: string): Promise<Response> =>
      fetch(`${origin}/_sim${path}`, { method: 'POST', body: JSON.stringify({ clientId, clientSecret }) });
    const refusedBefore = countRefusedSignIns(simulators);
    await administer('/secrets/expire');
    secretsExpired += 1;
    const killed = stage.workers[which % WORKERS]?.kill();
    kills.worker += 1;
    await sleep(plan.refusedMs);
    // On a machine that is busy the worker may need longer to start than the secret is away.
    while (countRefusedSignIns(simulators) === refusedBefore && !isOver()) await sleep(LOOK_MS);
    await administer('/apps');
    await killed;
  }

  async function findStates(): Promise<Map<string, string>> {
    const { rows } = await database.query<{ record_id: string; state: string }>(
      'SELECT record_id, state FROM source_records',
    );
    return new Map(rows.map((row) => [row.record_id, row.state]));
  }

  /** Right in both systems, and at rest in the ledger; a deal that exists twice will not get better. */
  function look(states: ReadonlyMap<string, string>): void {
    const books = openBooks(simulators, postings);
    for (const deal of deals) {
      if (!deal.isWon || resting.has(deal)) continue;
      const findings = examineDeal(deal, books);
      const rests = deal.records.every(({ id }) => isAtRest(deal, states.get(id)));
      if (findings.some(isFinal) || (findings.length === 0 && rests)) resting.add(deal);
    }
  }

  async function watch(): Promise<void> {
    let toldAt = Date.now();
    let movedAt = Date.now();
    let moved = 0;
    while (!isOver() && !(resting.size === count && people.isDone() && deciders.isDone() && changes.isDone())) {
      // The ledger is away now and then; the next round finds it again.
      await people.work().catch(() => undefined);
      await deciders.work().catch(() => undefined);
      const states = await findStates().catch(() => undefined);
      if (states) look(states);
      if (isEverythingKilled) recover(resting.size);
      const moves = progress() + countHits(OF_LOOPS);
      if (moves !== moved) [moved, movedAt] = [moves, Date.now()];
      if (Date.now() - movedAt > STALLED_MS) {
        hasStalled = true;
        say(`nothing has moved for ${STALLED_MS / 1_000} s`);
        return sayWhatWaits();
      }
      if (Date.now() - toldAt >= TELL_MS) {
        toldAt = Date.now();
        const won = deals.filter(({ isWon }) => isWon).length;
        const hits = countHits();
        const killed = Object.values(kills).reduce((sum, times) => sum + times, 0);
        const seconds = ((toldAt - startedAt) / 1_000).toFixed(0).padStart(4);
        say(`${seconds} s  won ${won}, at rest ${resting.size} of ${count}, faults ${hits}, killed ${killed}`);
      }
      await sleep(LOOK_MS);
    }
  }

  function countHits(without: RegExp = /^$/): number {
    const byKind = Object.entries(countFaults(simulators).faultsByKind).filter(([kind]) => !without.test(kind));
    return byKind.reduce((sum, [, hits]) => sum + hits, 0);
  }

  async function sayWhatWaits(): Promise<void> {
    for (const line of await describeRunning(temporal).catch((error: unknown) => [String(error)])) say(`  ${line}`);
    const { rows } = await database
      .query<{ error: string | null }>('SELECT company_id, watermark, read_at, error, error_at FROM invoice_feeds')
      .catch((error: unknown) => ({ rows: [{ error: String(error) }] }));
    for (const row of rows) say(`  feed of invoices: ${JSON.stringify(row)}`);
  }

  await Promise.all([sell(), killAsPlanned().then(() => (isEverythingKilled = true)), watch()]);
  const seconds = (Date.now() - startedAt) / 1_000;
  await untilNoneRuns(temporal, { isOver, say });
  await sleep(QUIET_MS);
  const faults = countFaults(simulators);
  for (const server of [entra, dataverse, businessCentral]) server.faults.clear();

  const states = await findStates();
  const running = await findRunningDeals(temporal);
  const books = openBooks(simulators, postings);
  const trail = await readTrail(database);
  const offenders: Offender[] = deals.flatMap((deal) => {
    const inSystems = [...examineDeal(deal, books), ...examineTrail(deal, books, trail)];
    const findings = [...inSystems, ...examineRest(deal, states), ...examineRuns(deal, running)];
    const records = deal.records.map(({ table, id }) => ({
      table,
      id,
      state: states.get(id) ?? 'unknown to the ledger',
    }));
    return findings.length > 0 ? [{ records, findings }] : [];
  });
  const shared = [
    ...examineMasters(deals, books, before),
    ...findStrayDocuments(deals, books, documentsBefore),
    ...findStrayRows(books, rowsBefore),
    ...findDoubledSubscriptions(books),
  ];
  if (shared.length > 0) offenders.push({ records: [], findings: shared });
  const wrong = countWrong(offenders);
  const audit = await proveAudit(database, folder, options.verifyScript);
  const taken = misspelled.taken + (await countStrangers(database, [DECIDER.name]));
  const ours = new Set(deals.flatMap(({ records }) => records.map(({ id }) => id)));
  const report: ChaosReport = {
    seed,
    deals: count,
    seconds,
    wrong,
    offenders,
    states: countBy([...states].filter(([id]) => ours.has(id)).map(([, state]) => state)),
    posted: [...company.invoices.values()].filter(({ isPosted, isPlaceholder }) => isPosted && !isPlaceholder).length,
    paid: people.paid,
    held: deciders.held,
    confirmed: deciders.confirmed,
    misspelled: { sent: misspelled.sent, taken },
    secretsExpired,
    refusedSignIns: countRefusedSignIns(simulators),
    sessionsEnded: stage.sessions.ended,
    changed: changes.made,
    closed: bookkeeper?.closed ?? { period: 0, customers: 0 },
    postedByHand: colleague.posted,
    ...faults,
    webhooks: countWebhooks(simulators),
    kills,
    endedByThemselves: [...stage.workers, stage.starter, stage.ledger].reduce((sum, one) => sum + one.endedByItself, 0),
    slowestWriteMs: findSlowestWrite(simulators),
    ambiguityWindowMs: TIMES.ambiguityWindowMs,
    audit,
    isGood:
      Object.values(wrong).every((deals) => deals === 0) &&
      taken === 0 &&
      audit.findings.length === 0 &&
      audit.offline === 'proved',
  };
  say(toText(report, (id) => `node --env-file=${stage.envFile} dist/cli/main.js show ${id}`));
  return report;
}

/** Products of Sales that Business Central does not know, so that items have to be made. */
function removeItems({ data, businessCentral: { company } }: Awaited<ReturnType<typeof startSimulators>>): string[] {
  const sold = new Set(data.documents.flatMap(({ lines }) => lines.map(({ productIndex }) => productIndex)));
  const numbers = data.products
    .filter((product, index) => product.isInBusinessCentral && !product.isService && sold.has(index))
    .slice(0, REMOVED_ITEMS)
    .map(({ number }) => number);
  for (const number of numbers) {
    const row = company.findByNumber('items', number);
    if (row) company.remove('items', row);
  }
  return numbers;
}
