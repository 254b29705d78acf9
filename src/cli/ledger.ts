import type { Command } from 'commander';
import { UserError } from '../deal/errors.js';
import { markRestored, prune } from '../operations/settings/upkeep.js';
import { BY_OPTION, toPerson, withFoundation } from './context.js';

/** `dealbridge ledger …`: removes what nothing asks for any more, and takes up work after a restore. */

export function addLedgerCommands(program: Command): void {
  const ledger = program.command('ledger').description('what the ledger keeps, and what it may have forgotten');

  ledger
    .command('restored')
    .description('after a restore, before workers start: every write is looked for before it is made')
    .option('--clear', 'everything of the gap is known again')
    .option(...BY_OPTION)
    .action((options: { clear?: true; by: string }) =>
      withFoundation(async ({ database }) => {
        await markRestored({ database }, toPerson(options), { isOver: options.clear ?? false });
        console.log(options.clear ? 'first attempts write at once again' : 'first attempts look before they write');
      }),
    );

  ledger
    .command('prune')
    .description(
      'delete old revisions, write intents of settled deals and detections; never the trail, records or links',
    )
    .requiredOption('--older-than <days>', 'such as 400d')
    .option('--dry-run', 'only count')
    .option(...BY_OPTION)
    .action((options: { olderThan: string; dryRun?: true; by: string }) => {
      const input = { olderThanDays: parseDays(options.olderThan), isDryRun: options.dryRun ?? false };
      return withFoundation(async ({ database }) => {
        const pruned = await prune({ database, now: new Date() }, toPerson(options), input);
        for (const [table, rows] of Object.entries(pruned)) {
          console.log(`${table}: ${rows} ${input.isDryRun ? 'would go' : 'deleted'}`);
        }
      });
    });
}

/** @throws UserError */
function parseDays(text: string): number {
  const days = /^(\d+)d?$/.exec(text)?.[1];
  if (days === undefined) throw new UserError('--older-than', 'a number of days such as 400d', text);
  return Number(days);
}
