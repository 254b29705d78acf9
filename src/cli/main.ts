#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { RemoteApiError } from '../clients/errors.js';
import { RefusedError, UserError } from '../deal/errors.js';
import { SOURCE_TABLES } from '../deal/ids.js';
import { toEditorSchema } from '../mapping/rules/rules-file.js';
import { loadConfig, parseRules } from '../process/config.js';
import { describeError } from '../process/log.js';
import { openRuntime, type Runtime } from '../process/runtime.js';
import { addAuditCommands } from './audit.js';
import { addCredentialCommands } from './credentials.js';
import { addDealCommands } from './deals.js';
import { addDecisionCommands } from './decisions.js';
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

addDealCommands(program);
addDecisionCommands(program);

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

addFeedCommands(program);
addReplayCommand(program, withRuntime);
addAuditCommands(program);
addCredentialCommands(program);
addKeyCommands(program);
addEnvironmentCommands(program);
addMasterCommands(program);
addDriftCommand(program);
addLedgerCommands(program);
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
  if (error instanceof UserError || error instanceof RefusedError || error instanceof RangeError) return error.message;
  // Who asked sits at the terminal and may read the other side's own words.
  if (error instanceof RemoteApiError) return [error.message, error.facts.remoteMessage].filter(Boolean).join(': ');
  return describeError(error);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(toUserMessage(error));
  process.exitCode = error instanceof UserError ? 2 : 1;
}
