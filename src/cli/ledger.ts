import type { Command } from 'commander';
import { UserError } from '../deal/errors.js';
import { restartDeals } from '../dispatch/restart-deals.js';
import { createTemporalWitness } from '../dispatch/seal-witness.js';
import { startDeal } from '../dispatch/start-deal.js';
import { markComplete, markRestored, migrateLedger, prune } from '../operations/settings/upkeep.js';
import { MIGRATES_ELSEWHERE } from '../process/foundation.js';
import { findLastSealOutside } from '../process/ledger-age.js';
import { openWitnesses } from '../process/witnesses.js';
import { BY_OPTION, toPerson, withFoundation, withLedger, withRuntime } from './context.js';
import { addForgottenCommand } from './forgotten.js';

/** `dealbridge ledger …`: makes and grants its tables, removes what nothing asks for any more, takes up work after a restore. */

export function addLedgerCommands(program: Command): void {
  const ledger = program.command('ledger').description('what the ledger keeps, and what it may have forgotten');

  ledger
    .command('migrate')
    .description('as the owner of the tables: apply missing migrations, then give the roles their rights')
    .option(...BY_OPTION)
    .action((options: { by: string }) =>
      withLedger(async ({ database }) => {
        const onWait = () => console.error(MIGRATES_ELSEWHERE);
        const { applied, granted, absent } = await migrateLedger({ database, onWait }, toPerson(options), {});
        console.log(applied.length > 0 ? `applied: ${applied.join(', ')}` : 'nothing to apply');
        if (granted.length > 0) console.log(`rights given to ${granted.join(' and ')}`);
        if (absent.length > 0) console.log(`roles that do not exist: ${absent.join(', ')} (docs/audit.md, Rights)`);
      }),
    );

  ledger
    .command('restored')
    .description('after a restore, before workers start: every write is looked for before it is made')
    .option('--clear', 'everything of the gap is known again')
    .option(...BY_OPTION)
    .action((options: { clear?: true; by: string }) =>
      options.clear
        ? withFoundation(async ({ database }) => {
            await markComplete({ database }, toPerson(options), {});
            console.log('first attempts write at once again, but for records that were seen before now');
          })
        : withRuntime(async ({ database, ledger: deals, temporal, log }, config) => {
            const { restarted, unreadable } = await markRestored(
              {
                database,
                findLastSealOutside: () =>
                  findLastSealOutside([createTemporalWitness(temporal), ...openWitnesses(config, database)], log),
                restartDeals: () => restartDeals(temporal, (ref) => startDeal({ temporal, ledger: deals }, ref)),
              },
              toPerson(options),
              {},
            );
            console.log('first attempts look before they write');
            console.log(`runs begun again: ${restarted}`);
            if (unreadable.length > 0) process.exitCode = 1;
            for (const deal of unreadable) console.log(`without a run, since the ledger cannot read it: ${deal}`);
          }),
    );

  addForgottenCommand(ledger);

  ledger
    .command('prune')
    .description(
      'delete old revisions and write intents of settled deals, detections, invoices a feed remembers and alerts that were sent; never the trail, records or links',
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
