import type { Command } from 'commander';
import { plural } from '../deal/plural.js';
import { createExamination } from '../doctor/examine.js';
import type { Finding, StepReport } from '../doctor/finding.js';
import { loadConfig } from '../process/config.js';
import { printStep } from './print-findings.js';

/** `dealbridge doctor`: asks every system what it would need to work, changes nothing, and says how to set things right. */

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('examine settings, Entra, Dataverse, Business Central, database and Temporal; changes nothing')
    .option('--json', 'as JSON')
    .action(async (options: { json?: true }) => {
      const examination = createExamination(() => loadConfig());
      try {
        // All of them start at once; they are told in their order.
        const reports = examination.steps.map((step) => step.report());
        if (options.json) console.log(JSON.stringify(toJson(await Promise.all(reports)), null, 2));
        else for (const report of reports) printStep(await report);
        const findings = (await Promise.all(reports)).flatMap((report) => report.findings);
        if (!options.json) console.log(`\n${summarise(findings)}`);
        if (findings.some(({ result }) => result === 'wrong')) process.exitCode = 1;
      } finally {
        await examination.close();
      }
    });
}

function count(findings: readonly Finding[], result: Finding['result']): number {
  return findings.filter((one) => one.result === result).length;
}

function summarise(findings: readonly Finding[]): string {
  const of = (result: Finding['result']): number => count(findings, result);
  return [
    `${of('ok')} ok`,
    plural(of('warning'), 'warning'),
    `${of('wrong')} wrong`,
    `${of('not checked')} not checked`,
  ].join(', ');
}

function toJson(steps: readonly StepReport[]): object {
  const findings = steps.flatMap((step) => step.findings);
  return { wrong: count(findings, 'wrong'), warnings: count(findings, 'warning'), steps };
}
