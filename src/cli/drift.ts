import type { Command } from 'commander';
import { createMasterCommands } from '../dispatch/master-commands.js';
import { compareDrift, type Drift, repairDrift, showDrift } from '../operations/masters/drift.js';
import { BY_OPTION, toPerson, withRuntime } from './context.js';
import { printJson } from './print.js';

/** `dealbridge drift`: where Sales and Business Central differ, who is right, and whether it was repaired. */

interface Options {
  readonly fix?: true;
  readonly last?: true;
  readonly json?: true;
  readonly by: string;
}

export function addDriftCommand(program: Command): void {
  program
    .command('drift')
    .description('compare all linked customers, contacts and items of both sides, field by field')
    .option('--fix', 'repair what needs no person')
    .option('--last', 'show what the last comparison found, without a new one')
    .option('--json', 'print JSON')
    .option(...BY_OPTION)
    .action((options: Options) =>
      withRuntime(async ({ temporal, database, ledger }) => {
        const dependencies = { database, masters: createMasterCommands(temporal), audit: ledger.audit };
        const person = toPerson(options);
        let drift: Drift | undefined;
        let repaired: number | undefined;
        if (options.fix) ({ drift, repaired } = await repairDrift(dependencies, person, {}));
        else if (options.last) drift = await showDrift(dependencies, person, {});
        else drift = await compareDrift(dependencies, person, {});
        if (!drift) console.log('nothing was compared yet');
        else if (options.json) printJson({ ...drift, ...(repaired !== undefined && { repaired }) });
        else print(drift, repaired);
      }),
    );
}

function print({ differences, ...run }: Drift, repaired: number | undefined): void {
  for (const { kind, rowId, field, dataverse, businessCentral, winner, reason } of differences) {
    console.log([kind, rowId, field, show(dataverse), show(businessCentral), winner, reason].join('\t'));
  }
  const compared = Object.entries(run.compared).map(([kind, number]) => `${number} ${kind}s`);
  const found = Object.entries(run.found).map(([winner, number]) => `${number} for ${winner}`);
  console.log(
    `${run.startedAt.toISOString()}: compared ${compared.join(', ') || 'nothing'} in ${run.requests} requests; ` +
      `differences: ${found.join(', ') || 'none'}`,
  );
  if (repaired !== undefined) console.log(`${repaired} rows are being repaired`);
}

function show(value: string): string {
  return value === '' ? '-' : JSON.stringify(value);
}
