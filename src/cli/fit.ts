import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { fitDeals } from '../operations/deals/fit.js';
import { openSharedAccess } from '../process/access.js';
import { systemClock } from '../process/system-clock.js';
import { openSystems } from '../process/systems.js';
import { currentPerson, withFoundation } from './context.js';
import { ensureWritable } from './files.js';
import { toFitPage } from './fit-page.js';
import { printJson } from './print.js';
import { printFitSummary } from './print-fit.js';

/** `dealbridge fit`: reads Sales and Business Central, and writes to neither. */

interface FitOptions {
  readonly days: string;
  readonly out: string;
  readonly json?: true;
}

export function addFitCommand(program: Command): void {
  program
    .command('fit')
    .description('run the won deals of the last days through the planner and say what would hold them; writes nothing')
    .option('--days <number>', 'how far back', '90')
    .option('--out <file>', 'where the page goes', 'fit.html')
    .option('--json', 'print JSON, and make no page')
    .action((options: FitOptions) => {
      if (!options.json) ensureWritable('--out', options.out);
      return runFit(options);
    });
}

function runFit({ days, out, json }: FitOptions): Promise<void> {
  return withFoundation(async (opened, config) => {
    const { ledger } = opened;
    const systems = openSystems(config, await openSharedAccess(config, opened));
    const onProgress = (done: number, all: number): void => {
      if (done % PROGRESS_EVERY === 0) console.error(`${done} of ${all} records`);
    };
    try {
      const dependencies = { ...systems, ledger, rules: config.rules, clock: systemClock, wait, onProgress };
      const fit = await fitDeals(dependencies, currentPerson(), { days });
      if (json) {
        printJson(fit);
        return;
      }
      writeFileSync(out, toFitPage(fit, systemClock.now()));
      console.log(`${printFitSummary(fit.summary)}\n\nThe page with everything: ${out}`);
    } finally {
      await systems.close();
    }
  });
}

const PROGRESS_EVERY = 250;
