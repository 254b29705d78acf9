import type { Command } from 'commander';
import { pruneLedger } from '../ledger/upkeep/prune.js';
import { clearRestores, recordRestore } from '../ledger/upkeep/restores.js';
import type { Runtime } from '../process/runtime.js';

/** `dealbridge ledger …`: removes what nothing asks for any more, and takes up work after a restore. */

const DAY_MS = 86_400_000;
/** The nightly count looks back 90 days at most, and a payment may come late. */
const MIN_DAYS = 90;

export function addLedgerCommands(
  program: Command,
  withRuntime: (work: (runtime: Runtime) => Promise<void>) => Promise<void>,
): void {
  const ledger = program.command('ledger').description('what the ledger keeps, and what it may have forgotten');

  ledger
    .command('restored')
    .description('after a restore, before workers start: every write is looked for before it is made')
    .option('--clear', 'everything of the gap is known again')
    .option('--by <who>', 'for the audit trail', 'dealbridge ledger')
    .action((options: { clear?: true; by: string }) =>
      withRuntime(async ({ database }) => {
        if (options.clear) await clearRestores(database, options.by);
        else await recordRestore(database, options.by);
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
    .option('--by <who>', 'for the audit trail', 'dealbridge ledger')
    .action((options: { olderThan: string; dryRun?: true; by: string }) => {
      const before = new Date(Date.now() - parseDays(options.olderThan) * DAY_MS);
      const isDryRun = options.dryRun ?? false;
      return withRuntime(async ({ database }) => {
        const pruned = await pruneLedger(database, { before, by: options.by, isDryRun });
        for (const [table, rows] of Object.entries(pruned)) {
          console.log(`${table}: ${rows} ${isDryRun ? 'would go' : 'deleted'}`);
        }
      });
    });
}

/** @throws RangeError */
function parseDays(text: string): number {
  const days = Number(/^(\d+)d?$/.exec(text)?.[1] ?? Number.NaN);
  if (!(days >= MIN_DAYS)) {
    throw new RangeError(`--older-than: found '${text}', ${MIN_DAYS}d or more is right`);
  }
  return days;
}
