import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import { openAccess } from '../access.js';
import { wishesOf } from '../activities/rules.js';
import { RemoteApiError } from '../clients/errors.js';
import { createSalesClient, type SalesClient } from '../clients/sales/client.js';
import { type Config, loadConfig } from '../config.js';
import { findDifferences } from '../deal/compare-deals.js';
import type { WonDeal } from '../deal/deal.js';
import { isHoldReason } from '../deal/holds.js';
import { dealWorkflowId, parseRecordId } from '../deal/ids.js';
import { DEAL_STATES, type DealState, isFinal } from '../deal/states.js';
import { replayDeal } from '../intake/replay-deal.js';
import type { Ledger } from '../ledger/ledger.js';
import type { RecordFilter, SourceRecord } from '../ledger/records.js';
import { askedColumns } from '../mapping/columns.js';
import { withMappedNumbers } from '../mapping/masters.js';
import type { Runtime } from '../runtime.js';

/** The command `dealbridge replay`: shows what is there and what differs; with `--yes` it runs the hand-over again. */

interface ReplayOptions {
  readonly asRecorded?: true;
  readonly state?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly limit: string;
  readonly by?: string;
  readonly yes?: true;
}

export function addReplayCommand(
  program: Command,
  withRuntime: (work: (runtime: Runtime) => Promise<void>) => Promise<void>,
): void {
  program
    .command('replay')
    .description('run failed or finished hand-overs again: what exists is adopted, what is missing is made')
    .argument('[guid]', "one record's GUID, or choose several by the options")
    .option('--as-recorded', 'the record as it was read then, not as it is in Sales now')
    .option('--state <state>', DEAL_STATES.join(', '))
    .option('--reason <reason>', 'of those that are held')
    .option('--since <date>', 'changed on this day (UTC) or later, such as 2026-03-31')
    .option('--limit <n>', 'at most so many', '50')
    .option('--by <name>', 'who wants it, for the audit trail')
    .option('--yes', 'do it; without it nothing is written and nothing is started')
    .action((guid: string | undefined, options: ReplayOptions) =>
      withRuntime((runtime) => runReplay(runtime, loadConfig(), guid, options)),
    );
}

async function runReplay(runtime: Runtime, config: Config, guid: string | undefined, options: ReplayOptions) {
  const { ledger, temporal, vault } = runtime;
  const records = guid === undefined ? await ledger.listRecords(toFilter(options)) : [await getRecord(ledger, guid)];
  const by = options.by;
  if (options.yes && !by) throw new RangeError('--by: found nothing, the name of who wants it is right');
  const sales = createSalesClient((await openAccess(config, vault)).sales);
  try {
    for (const record of records) {
      console.log(`${record.table} ${record.recordNumber ?? '(not read yet)'} ${record.recordId}`);
      for (const line of await describe(record, ledger, sales, config, options)) console.log(`  ${line}`);
      if (options.yes && by) console.log(`  ${await replay(temporal, record, by, options)}`);
    }
  } finally {
    await sales.close();
  }
  const done = options.yes ? 'told to run again' : 'would run again; --yes --by <name> does it';
  console.log(`${records.length} hand-over${records.length === 1 ? '' : 's'} ${done}`);
}

async function getRecord(ledger: Ledger, guid: string): Promise<SourceRecord> {
  const recordId = parseRecordId(guid);
  const record = await ledger.findRecord(recordId);
  if (!record) throw new RangeError(`record ${recordId} was never seen: start-deal starts it`);
  return record;
}

function toFilter({ state, reason, since, limit }: ReplayOptions): RecordFilter {
  if (state === undefined && reason === undefined)
    throw new RangeError('replay: a GUID, or --state or --reason, is right');
  const isState = (text: string): text is DealState => (DEAL_STATES as readonly string[]).includes(text);
  if (state !== undefined && !isState(state))
    throw new RangeError(`--state: found '${state}', one of ${DEAL_STATES.join(', ')} is right`);
  if (reason !== undefined && !isHoldReason(reason))
    throw new RangeError(`--reason: '${reason}' is no reason of a hold`);
  if (since !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(since))
    throw new RangeError(`--since: found '${since}', a day such as 2026-03-31 is right`);
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1) throw new RangeError(`--limit: found '${limit}', a whole number is right`);
  return {
    limit: most,
    ...(state !== undefined && { state }),
    ...(reason !== undefined && { reason }),
    ...(since !== undefined && { since: new Date(`${since}T00:00:00Z`) }),
  };
}

/** What exists, what is missing, and what differs between the record that was handed over and the one in Sales. */
async function describe(
  record: SourceRecord,
  ledger: Ledger,
  sales: SalesClient,
  config: Config,
  { asRecorded }: ReplayOptions,
): Promise<string[]> {
  const lines = [
    `state: ${record.state}${record.holdReason ? ` (${record.holdReason}: ${record.holdText ?? ''})` : ''}`,
  ];
  for (const { documentId, kind, told } of await ledger.listDocuments<{ number: string }>(record.recordId)) {
    const inSales = told ? `, in Sales as ${told.number} (${told.status})` : '';
    lines.push(`adopts: ${kind} ${documentId}${inSales}`);
  }
  if (record.documentId === undefined) lines.push('makes: the document');
  const { revision } = record;
  if (revision === undefined) return lines;
  if (asRecorded) return [...lines, `hands over revision ${revision}, as it was read then`];
  const now = await readNow(record, sales, config);
  if (!now) return [...lines, 'the record is gone in Sales'];
  const differences = findDifferences(await ledger.getDeal(record.recordId, revision), now);
  for (const { field, before, after } of differences)
    lines.push(`differs: ${field}: ${before ?? '–'} → ${after ?? '–'}`);
  return lines;
}

async function readNow(record: SourceRecord, sales: SalesClient, { rules }: Config): Promise<WonDeal | undefined> {
  try {
    const asked = askedColumns(rules.mapping, rules.lines, wishesOf(rules), record.table);
    return await withMappedNumbers(await sales.readDeal(record.table, record.recordId, asked), rules.mapping);
  } catch (error) {
    if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
    throw error;
  }
}

async function replay(
  temporal: Client,
  record: SourceRecord,
  by: string,
  { asRecorded }: ReplayOptions,
): Promise<string> {
  if (asRecorded && record.revision === undefined) return 'was never read, so there is nothing recorded';
  if (isFinal(record.state) && record.bearerId !== undefined)
    return `${record.bearerId} carries the deal: replay that one`;
  const wish = { by, ...(asRecorded && record.revision !== undefined && { revision: record.revision }) };
  const outcome = await replayDeal({ temporal }, record, wish);
  if (outcome.kind === 'started') return 'runs again';
  if (record.state !== 'held') return 'is running already';
  try {
    await temporal.workflow.getHandle(dealWorkflowId(record.recordId)).executeUpdate('retry', { args: [{ by }] });
    return 'is held: told to try again';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'has ended meanwhile';
    throw error;
  }
}
