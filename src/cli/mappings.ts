import type { Command } from 'commander';
import { stringify } from 'yaml';
import { plural } from '../deal/plural.js';
import { listMappings, showMapping, toEditorSchema } from '../operations/settings/mappings.js';
import { loadConfig, parseGivenRules } from '../process/config.js';
import { currentPerson, withLedger } from './context.js';
import { readGivenFile } from './files.js';
import { printJson, printTable } from './print.js';

/** `dealbridge mapping …`: the rules file of today, and the mappings that the ledger keeps. */

export function addMappingCommands(program: Command): void {
  const mapping = program.command('mapping').description('the rules file (DEALBRIDGE_RULES) and its earlier mappings');

  mapping
    .command('check')
    .description('check a rules file; each fault with its line and column')
    .argument('<file>')
    .action((file: string) => {
      parseGivenRules(readGivenFile('file', file), file);
      console.log(`${file} is usable`);
    });

  mapping
    .command('schema')
    .description('print the JSON Schema of the rules file, for editors')
    .action(() => printJson(toEditorSchema()));

  mapping
    .command('list')
    .description('list the mappings that workers were started with, the newest first')
    .action(() =>
      withLedger(async ({ database }) => {
        const { mappingHash } = loadConfig().rules;
        const rows = (await listMappings({ database }, currentPerson(), {})).map(({ hash, firstUsedAt, records }) => {
          const today = hash === mappingHash ? "today's" : '-';
          return [hash, firstUsedAt.toISOString(), plural(records, 'record'), today];
        });
        if (rows.length === 0) console.log('no worker was started yet');
        else printTable([['mapping', 'first used', 'used by', 'in force'], ...rows]);
      }),
    );

  mapping
    .command('show')
    .description('print a mapping of `mapping list` as a rules file')
    .argument('<hash>', 'its beginning is enough')
    .action((hash: string) =>
      withLedger(async ({ database }) => {
        const { content } = await showMapping({ database }, currentPerson(), { hash });
        console.log(stringify(content));
      }),
    );
}
