#!/usr/bin/env node
import { Command } from 'commander';
import { ConfigError, loadConfig } from '../config.js';
import { HOLDS } from '../deal/holds.js';
import { isSourceTable, parseRecordId, SOURCE_TABLES } from '../deal/ids.js';
import { startDeal } from '../intake/start-deal.js';
import { openRuntime, type Runtime } from '../runtime.js';
import { addDriftCommand } from './drift.js';
import { addFeedCommands } from './feeds.js';
import { addMasterCommands } from './masters.js';

const program = new Command('dealbridge').description(
  'Hand won deals over from Dynamics 365 Sales to Business Central',
);

program
  .command('start-deal')
  .description('start the hand-over of one record by hand')
  .argument('<table>', SOURCE_TABLES.join(', '))
  .argument('<guid>', "the record's GUID")
  .action((table: string, guid: string) =>
    withRuntime(async ({ temporal, ledger }) => {
      if (!isSourceTable(table))
        throw new RangeError(`table: found '${table}', one of ${SOURCE_TABLES.join(', ')} is right`);
      const outcome = await startDeal({ temporal, ledger }, { table, recordId: parseRecordId(guid) });
      print(outcome);
    }),
  );

program
  .command('show')
  .description('show what the ledger knows of one record, with its audit trail')
  .argument('<guid>')
  .action((guid: string) =>
    withRuntime(async ({ ledger }) => {
      const recordId = parseRecordId(guid);
      const record = await ledger.findRecord(recordId);
      if (!record) throw new RangeError(`record ${recordId} was never seen`);
      print({
        ...record,
        ...(record.holdReason && { advice: HOLDS[record.holdReason] }),
        audit: await ledger.readAudit(recordId),
      });
    }),
  );

program
  .command('ping')
  .description('ask ledger and Temporal whether they are there; the health check of a container')
  .action(() =>
    withRuntime(async ({ ledger, temporal }) => {
      await ledger.listRecords({ limit: 1 });
      await temporal.connection.ensureConnected();
      console.log('ledger and Temporal answer');
    }),
  );

program
  .command('list')
  .description('list the records that were seen, newest change first')
  .option('--limit <n>', 'at most so many', '50')
  .action((options: { limit: string }) =>
    withRuntime(async ({ ledger }) => {
      for (const record of await ledger.listRecords({ limit: Number(options.limit) })) {
        const { table, recordId, state, holdReason, draftNumber, invoiceNumber } = record;
        console.log([table, recordId, state, holdReason ?? '-', draftNumber ?? '-', invoiceNumber ?? '-'].join('\t'));
      }
    }),
  );

addFeedCommands(program, withRuntime);
addMasterCommands(program, withRuntime, () => loadConfig().rules.masters);
addDriftCommand(program, withRuntime);

async function withRuntime(work: (runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = await openRuntime({ ...loadConfig(), logLevel: 'warn' }, 'cli');
  try {
    await work(runtime);
  } finally {
    await runtime.close();
  }
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof RangeError ? error.message : error);
  process.exitCode = 1;
}
