import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { DRIFT_ID, TASK_QUEUES } from '../deal/ids.js';
import { createDriftLedger, type DriftRun, type StoredDifference } from '../ledger/masters/drift.js';
import { findCompanies } from '../ledger/masters/matching.js';
import type { Runtime } from '../process/runtime.js';
import type { DriftResult } from '../workflows/masters/report-drift.js';

/** `dealbridge drift`: where Sales and Business Central differ, who is right, and whether it was repaired. */

type WithRuntime = (work: (runtime: Runtime) => Promise<void>) => Promise<void>;

/** So many differences are printed; the numbers are complete. */
const PRINTED = 5_000;

export function addDriftCommand(program: Command, withRuntime: WithRuntime): void {
  program
    .command('drift')
    .description('compare all linked customers, contacts and items of both sides, field by field')
    .option('--fix', 'repair what needs no person')
    .option('--last', 'show what the last comparison found, without a new one')
    .option('--json', 'print JSON')
    .action((options: { fix?: boolean; last?: boolean; json?: boolean }) =>
      withRuntime(async ({ temporal, database }) => {
        let notified: number | undefined;
        if (!options.last) {
          const result: DriftResult = await temporal.workflow.execute('reportDrift', {
            workflowId: `${DRIFT_ID}-${randomUUID()}`,
            taskQueue: TASK_QUEUES.deals,
            args: [{ fixes: options.fix ?? false }],
          });
          notified = result.notified;
        }
        for (const companyId of await findCompanies(database)) {
          const drift = createDriftLedger(database, companyId);
          const run = await drift.findLastRun();
          if (!run) continue;
          const differences = await drift.listDifferences(run.runId, PRINTED);
          if (options.json)
            console.log(JSON.stringify({ ...run, ...(options.fix && { notified: notified }), differences }, null, 2));
          else print(run, differences, options.fix ? notified : undefined);
          return;
        }
        console.log('nothing was compared yet');
      }),
    );
}

function print(run: DriftRun, differences: readonly StoredDifference[], notified: number | undefined): void {
  for (const { kind, rowId, field, dataverse, businessCentral, winner, reason } of differences) {
    console.log([kind, rowId, field, show(dataverse), show(businessCentral), winner, reason].join('\t'));
  }
  const compared = Object.entries(run.compared).map(([kind, number]) => `${number} ${kind}s`);
  const found = Object.entries(run.found).map(([winner, number]) => `${number} for ${winner}`);
  console.log(
    `${run.startedAt.toISOString()}: compared ${compared.join(', ') || 'nothing'} in ${run.requests} requests; ` +
      `differences: ${found.join(', ') || 'none'}`,
  );
  if (notified !== undefined) console.log(`${notified} rows are being repaired`);
}

function show(value: string): string {
  return value === '' ? '-' : JSON.stringify(value);
}
