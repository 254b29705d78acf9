import type { Command } from 'commander';
import { UserError } from '../deal/errors.js';
import { plural } from '../deal/plural.js';
import { createMasterCommands } from '../dispatch/master-commands.js';
import { compareDrift, type Drift, repairDrift, showDrift } from '../operations/masters/drift.js';
import { BY_OPTION, toPerson, withRuntime } from './context.js';
import { printJson, printTable } from './print.js';

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
    .action((options: Options) => {
      if (options.fix && options.last) throw new UserError('drift', '--fix, which compares anew, or --last, not both');
      return withRuntime(async ({ temporal, database, ledger }) => {
        const dependencies = { database, masters: createMasterCommands(temporal), audit: ledger.audit };
        const person = toPerson(options);
        let drifts: readonly Drift[];
        let repaired: number | undefined;
        if (options.fix) ({ drifts, repaired } = await repairDrift(dependencies, person, {}));
        else if (options.last) drifts = await showDrift(dependencies, person, {});
        else drifts = await compareDrift(dependencies, person, {});
        if (options.json) printJson({ companies: drifts, ...(repaired !== undefined && { repaired }) });
        else if (drifts.length === 0) console.log('nothing was compared yet');
        else {
          for (const drift of drifts) print(drift);
          if (repaired !== undefined) console.log(`${plural(repaired, 'row is', 'rows are')} being repaired`);
        }
      });
    });
}

function print({ company, companyId, differences, ...run }: Drift): void {
  if (differences.length > 0)
    printTable([
      ['kind', 'guid', 'name', 'field', 'Sales', 'Business Central', 'right is', 'because of'],
      ...differences.map((one) => [
        ...[one.kind, one.rowId, one.name ?? '-', one.field],
        ...[show(one.dataverse), show(one.businessCentral), one.winner, one.reason],
      ]),
    ]);
  const compared = Object.entries(run.compared).map(([kind, number]) => plural(number, kind));
  const found = Object.entries(run.found).map(([winner, number]) => `${number} for ${winner}`);
  console.log(
    `${run.startedAt.toISOString()} ${company ?? companyId}: compared ${compared.join(', ') || 'nothing'} in ${plural(run.requests, 'request')}; ` +
      `differences: ${found.join(', ') || 'none'}`,
  );
}

function show(value: string): string {
  return value === '' ? '-' : JSON.stringify(value);
}
