import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { createDataverseClient } from '../clients/dataverse/client.js';
import { isHoldReason } from '../deal/holds.js';
import { parseRecordId } from '../deal/ids.js';
import type { Replay } from '../deal/replay.js';
import { DEAL_STATES, type DealState, isFinal } from '../deal/states.js';
import { replayDeal } from '../dispatch/replay-deal.js';
import type { RecordFilter, SourceRecord } from '../ledger/deals/records.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Rules } from '../mapping/rules/rules.js';
import { openAccess } from '../process/access.js';
import { type Config, ConfigError, loadConfig } from '../process/config.js';
import type { Runtime } from '../process/runtime.js';
import { openMappings } from './mappings.js';
import { describeReplay } from './replay-outlook.js';
import { openPreview } from './run-preview.js';

/** The command `dealbridge replay`: shows what is there and what differs; with `--yes` it runs the hand-over again. */

interface ReplayOptions {
  readonly asRecorded?: true;
  readonly mapping: string;
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
    .option('--mapping <which>', 'now, then (by which its document was made), or a hash of `mapping list`', 'now')
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
  const mappings = await openMappings(runtime.database, config.rules);
  const chosen = mappings.choose(options.mapping);
  const access = await openAccess(config, vault);
  const dataverse = createDataverseClient(access.dataverse);
  const preview = openPreview(config, access);
  const readable = (hash: string): Rules | string => {
    try {
      return mappings.find(hash) ?? `the ledger has no mapping ${hash}`;
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };
  let notified = 0;
  try {
    for (const record of records) {
      console.log(`${record.table} ${record.recordNumber ?? '(not read yet)'} ${record.recordId}`);
      const hash = chosen === 'then' ? record.mappingHash : chosen?.mappingHash;
      const rules = hash === undefined ? config.rules : readable(hash);
      if (chosen === 'then' && record.mappingHash === undefined) {
        console.log('  left out: it was never read, so there is no mapping of then');
        continue;
      }
      if (typeof rules === 'string') {
        console.log(`  left out: ${rules}`);
        continue;
      }
      const before = record.mappingHash === undefined ? undefined : readable(record.mappingHash);
      const outlook = {
        isAsRecorded: options.asRecorded === true,
        rules,
        // What is not readable any more cannot be compared with.
        before: typeof before === 'string' ? undefined : before,
      };
      const lines = await describeReplay(record, { ledger, dataverse, preview: preview.dependencies }, outlook);
      for (const line of lines) console.log(`  ${line}`);
      if (!options.yes || !by) continue;
      const { text, isRecorded } = await replay(
        temporal,
        record,
        { actor: { name: by, source: 'cli', isVerified: false }, ...(hash && { mapping: hash }) },
        options,
      );
      console.log(`  ${text}`);
      if (isRecorded) notified += 1;
    }
  } finally {
    await dataverse.close();
    await preview.close();
  }
  if (options.yes) console.log(`${notified} of ${records.length} told to run again`);
  else console.log(`nothing was done for these ${records.length}; --yes --by <name> runs them again`);
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

async function replay(
  temporal: Client,
  record: SourceRecord,
  wish: Replay,
  { asRecorded }: ReplayOptions,
): Promise<{ readonly text: string; readonly isRecorded: boolean }> {
  const leave = (text: string) => ({ text, isRecorded: false });
  if (asRecorded && record.revision === undefined) return leave('was never read, so there is nothing recorded');
  if (isFinal(record.state) && record.carrierId !== undefined)
    return leave(`${record.carrierId} carries the deal: replay that one`);
  const outcome = await replayDeal({ temporal }, record, {
    ...wish,
    ...(asRecorded && record.revision !== undefined && { revision: record.revision }),
  });
  switch (outcome.kind) {
    case 'started':
      return { text: 'runs again', isRecorded: true };
    case 'restarted':
      return { text: 'was waiting, and runs again from its start', isRecorded: true };
    case 'running':
      return leave(`was left alone: ${outcome.reason}`);
  }
}
