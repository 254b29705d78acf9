import type { Command } from 'commander';
import { UserError } from '../deal/errors.js';
import { SOURCE_TABLES, type SourceTable } from '../deal/ids.js';
import { plural } from '../deal/plural.js';
import {
  createFitCount,
  previewDeal,
  previewDeals,
  previewFlows,
  previewOtherRules,
} from '../operations/deals/preview-deals.js';
import { openSharedAccess } from '../process/access.js';
import { parseGivenRules } from '../process/config.js';
import { openSystems } from '../process/systems.js';
import { currentPerson, withFoundation } from './context.js';
import { readGivenFile } from './files.js';
import { printJson } from './print.js';
import { printFitSummary } from './print-fit.js';
import { printPreview, titleOf } from './print-preview.js';

/** `dealbridge preview`: reads Sales and Business Central, and writes to neither. */

interface PreviewOptions {
  readonly json?: true;
  readonly since?: string;
  readonly mapping?: string;
}

export function addPreviewCommand(program: Command): void {
  program
    .command('preview')
    .description('show the document that a record would become, and what would be written; writes nothing')
    .argument('[table]', SOURCE_TABLES.join(', '))
    .argument('[guid]', "the record's GUID")
    .option('--json', 'print JSON')
    .option('--since <date>', 'every deal that changed since this day, such as 2026-03-31')
    .option('--mapping <file>', 'with --since: only what these rules would make different')
    .action(runPreview);
}

function runPreview(
  table: string | undefined,
  recordId: string | undefined,
  { since, mapping, json }: PreviewOptions,
): Promise<void> {
  // One of them would be passed over.
  if (since !== undefined && table !== undefined)
    throw new UserError('preview', '<table> <guid>, or --since <date>, not both');
  return withFoundation(async (opened, config) => {
    const { ledger } = opened;
    const systems = openSystems(config, await openSharedAccess(config, opened));
    const dependencies = { ...systems, ledger, rules: config.rules };
    const person = currentPerson();
    const show = (value: unknown, text: () => string): void => (json ? printJson(value) : console.log(`${text()}\n`));
    const showFlows = async (): Promise<void> => {
      const faults = json ? [] : await previewFlows(dependencies, person, {});
      if (faults.length > 0) console.log(['What flows back will be noted:', ...faults].join('\n  '));
    };
    try {
      if (since === undefined) {
        if (table === undefined || recordId === undefined || mapping !== undefined)
          throw new UserError('preview', '<table> <guid>, or --since <date> with or without --mapping <file>', table);
        const preview = await previewDeal(dependencies, person, { table: table as SourceTable, recordId });
        show(preview, () => printPreview(preview));
        await showFlows();
      } else if (mapping === undefined) {
        const count = createFitCount();
        for await (const preview of await previewDeals(dependencies, person, { since })) {
          count.add(preview);
          show(preview, () => printPreview(preview));
        }
        const summary = count.summarize();
        show({ summary }, () => printFitSummary(summary));
        await showFlows();
      } else {
        const otherRules = parseGivenRules(readGivenFile('--mapping', mapping), mapping);
        let count = 0;
        for await (const changed of await previewOtherRules({ ...dependencies, otherRules }, person, { since })) {
          count += 1;
          const { deal, changes } = changed;
          const lines = changes.map((one) => `  ${one.field}: ${one.before ?? '–'} → ${one.after ?? '–'}`);
          show(changed, () => [titleOf(deal), ...lines].join('\n'));
        }
        if (!json) console.log(`${plural(count, 'document')} would be different`);
      }
    } finally {
      await systems.close();
    }
  });
}
