#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { RemoteApiError } from '../clients/errors.js';
import { HOLDS } from '../deal/holds.js';
import { isSourceTable, parseRecordId, SOURCE_TABLES } from '../deal/ids.js';
import { NOTICES } from '../deal/notices.js';
import { startDeal } from '../dispatch/start-deal.js';
import { toEditorSchema } from '../mapping/rules/rules-file.js';
import { loadConfig, parseRules } from '../process/config.js';
import { describeError } from '../process/log.js';
import { openRuntime, type Runtime } from '../process/runtime.js';
import { addAuditCommands } from './audit.js';
import { addCredentialCommands } from './credentials.js';
import { addDoctorCommand } from './doctor.js';
import { addDriftCommand } from './drift.js';
import { addEnvironmentCommands } from './environments.js';
import { addFeedCommands } from './feeds.js';
import { addKeyCommands } from './keys.js';
import { addLedgerCommands } from './ledger.js';
import { addKeptMappingCommands } from './mappings.js';
import { addMasterCommands } from './masters.js';
import { addReplayCommand } from './replay.js';
import { type PreviewOptions, runPreview } from './run-preview.js';

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
        notices: (await ledger.listNotices(recordId)).map((notice) => ({ ...notice, text: NOTICES[notice.kind] })),
        audit: await ledger.readAudit(recordId),
      });
    }),
  );

program
  .command('preview')
  .description('show the document that a record would become, and what would be written; writes nothing')
  .argument('[table]', SOURCE_TABLES.join(', '))
  .argument('[guid]', "the record's GUID")
  .option('--json', 'as JSON')
  .option('--since <date>', 'every deal that changed since this day, such as 2026-03-31')
  .option('--mapping <file>', 'with --since: only what these rules would make different')
  .action((table: string | undefined, guid: string | undefined, options: PreviewOptions) =>
    runPreview(table, guid, options),
  );

const mappingCommand = program.command('mapping').description('the rules file (DEALBRIDGE_RULES)');

mappingCommand
  .command('check')
  .description('check a rules file; each fault with its line and column')
  .argument('<file>')
  .action((file: string) => {
    parseRules(readFileSync(file, 'utf8'), file);
    console.log(`${file} is usable`);
  });

mappingCommand
  .command('schema')
  .description('print the JSON Schema of the rules file, for editors')
  .action(() => print(toEditorSchema()));

addKeptMappingCommands(mappingCommand, withRuntime);

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
addReplayCommand(program, withRuntime);
addAuditCommands(program, withRuntime);
addCredentialCommands(program);
addKeyCommands(program);
addEnvironmentCommands(program);
addMasterCommands(program, withRuntime, () => loadConfig().rules.masters);
addDriftCommand(program, withRuntime);
addLedgerCommands(program, withRuntime);
addDoctorCommand(program);

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

function toUserMessage(error: unknown): string {
  if (error instanceof RangeError) return error.message;
  // Who asked sits at the terminal and may read the other side's own words.
  if (error instanceof RemoteApiError) return [error.message, error.facts.remoteMessage].filter(Boolean).join(': ');
  return describeError(error);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(toUserMessage(error));
  process.exitCode = 1;
}
