import type { Command } from 'commander';
import { createDealCommands } from '../dispatch/deal-commands.js';
import { foreseeReplays, type OutlookLine, replayDeals } from '../operations/deals/replay-deals.js';
import { openSharedAccess } from '../process/access.js';
import { orRefuse, withMappingOf } from '../process/config.js';
import { openSystems } from '../process/systems.js';
import { CHOICE_OPTIONS } from './choice-options.js';
import { BY_OPTION, toPerson, withRuntime } from './context.js';

/** `dealbridge replay`: shows what is there and what differs; with `--yes` it runs the hand-over again. */

interface Options {
  readonly asRecorded?: true;
  readonly mapping: string;
  readonly state?: string[];
  readonly reason?: string[];
  readonly owner?: string;
  readonly olderThan?: string;
  readonly above?: string;
  readonly company?: string;
  readonly since?: string;
  readonly limit: string;
  readonly by: string;
  readonly yes?: true;
}

export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description('run failed or finished hand-overs again: what exists is adopted, what is missing is made')
    .argument('[deal]', 'number of the record, its document or invoice, or the GUID; or choose several by the options')
    .option('--as-recorded', 'the record as it was read then, not as it is in Sales now')
    .option('--mapping <which>', 'now, then (by which its document was made), or a hash of `mapping list`', 'now')
    .option(...CHOICE_OPTIONS.state)
    .option(...CHOICE_OPTIONS.reason)
    .option(...CHOICE_OPTIONS.owner)
    .option(...CHOICE_OPTIONS.olderThan)
    .option('--since <date>', 'waiting since this day (UTC) or later, such as 2026-03-31')
    .option(...CHOICE_OPTIONS.above)
    .option(...CHOICE_OPTIONS.company)
    .option('--limit <n>', 'at most so many', '50')
    .option('--yes', 'do it; without it nothing is written and nothing is started')
    .option(...BY_OPTION)
    .action(runReplay);
}

function runReplay(deal: string | undefined, options: Options): Promise<void> {
  const { by, yes, asRecorded, ...filter } = options;
  return withRuntime(async (opened, config) => {
    const { ledger, database, temporal } = opened;
    const { rules } = config;
    const systems = openSystems(config, await openSharedAccess(config, opened));
    const toRules = (mapping: Parameters<typeof withMappingOf>[1]) => orRefuse(() => withMappingOf(rules, mapping));
    const act = yes ? replayDeals : foreseeReplays;
    // What people type is checked where every act is; here it is only passed on.
    const input = {
      ...filter,
      ...(deal !== undefined && { deal }),
      isAsRecorded: asRecorded ?? false,
    } as Parameters<typeof act>[2];
    const counted = { all: 0, running: 0 };
    try {
      const dependencies = {
        ...systems,
        ledger,
        database,
        deals: createDealCommands({ temporal, ledger }),
        rules,
        toRules,
        now: () => new Date(),
      };
      for await (const { record, outlook, leftOut, outcome } of await act(dependencies, toPerson({ by }), input)) {
        counted.all += 1;
        if (outcome) counted.running += 1;
        console.log(`${record.table} ${record.recordNumber ?? '(not read yet)'} ${record.recordId}`);
        for (const line of outlook) console.log(`  ${toText(line)}`);
        if (leftOut !== undefined) console.log(`  left alone: ${leftOut}`);
        if (outcome) console.log(`  ${OUTCOMES[outcome]}`);
      }
    } finally {
      await systems.close();
    }
    if (counted.all === 0) console.log('no deal fits');
    else if (yes) {
      console.log(`${counted.running} of ${counted.all} ${counted.running === 1 ? 'runs' : 'run'} again`);
      if (counted.running < counted.all) process.exitCode = 1;
    } else console.log(toNothingDone(counted.all));
  });
}

function toNothingDone(deals: number): string {
  return deals === 1
    ? 'nothing was done for this deal; --yes runs it again'
    : `nothing was done for these ${deals} deals; --yes runs them again`;
}

const OUTCOMES = {
  started: 'runs again',
  restarted: 'was waiting, and runs again from its start',
} as const;

const TITLES: Readonly<Record<OutlookLine['kind'], string>> = {
  state: 'state: ',
  adopts: 'adopts: ',
  makes: 'makes: ',
  'hands-over': 'hands over ',
  gone: '',
  mapping: 'mapping: ',
  'not-recorded': 'not recorded: ',
  'not-compared': 'not compared: ',
  'record-differs': 'differs: ',
  'document-differs': 'document differs: ',
};

function toText(line: OutlookLine): string {
  if (!('change' in line)) return `${TITLES[line.kind]}${line.text}`;
  const { field, before, after } = line.change;
  return `${TITLES[line.kind]}${field}: ${before ?? '–'} → ${after ?? '–'}`;
}
