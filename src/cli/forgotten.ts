import type { Command } from 'commander';
import { type ForgottenDocument, listForgotten } from '../operations/settings/forgotten-documents.js';
import { openSharedAccess } from '../process/access.js';
import { openSystems } from '../process/systems.js';
import { currentPerson, withFoundation } from './context.js';
import { parseSince } from './parse-since.js';
import { printJson, printTable, toMoney } from './print.js';

/** `dealbridge ledger forgotten`: reads Sales and Business Central, and writes to neither. */

export function addForgottenCommand(ledger: Command): void {
  ledger
    .command('forgotten')
    .description(
      'after a restore, once the feeds have read the gap: documents in Business Central under a number of ours that the ledger does not know; writes nothing',
    )
    .requiredOption('--since <date>', 'the day or instant of the backup, such as 2026-01-31')
    .option('--json', 'print JSON')
    .action(({ since, json }: { since: string; json?: true }) => {
      const input = { since: parseSince(since) };
      return withFoundation(async (opened, config) => {
        const systems = openSystems(config, await openSharedAccess(config, opened));
        try {
          const companies = await systems.openCompanies();
          const dependencies = { database: opened.database, companies, changes: systems.changes };
          const found = await listForgotten(dependencies, currentPerson(), input);
          if (json) printJson(found);
          else print(found);
          if (found.length > 0) process.exitCode = 1;
        } finally {
          await systems.close();
        }
      });
    });
}

const COLUMNS = ['document', 'number', 'external document no.', 'status', 'customer', 'amount', 'record in Sales'];
const AMOUNT = COLUMNS.indexOf('amount');

function print(found: readonly ForgottenDocument[]): void {
  if (found.length === 0) {
    console.log('every document under a number of ours is one that the ledger knows');
    return;
  }
  const lines = found.map((document) => [
    document.kind,
    document.number,
    document.externalDocumentNumber,
    document.status,
    document.customerNumber,
    toMoney(document.includingTax, document.currency),
    document.record ? `${document.record.table} ${document.record.recordId}` : 'none',
  ]);
  printTable([COLUMNS, ...lines], [AMOUNT]);
  console.log(
    '\n`dealbridge start-deal <record in Sales>` takes one up: what is posted is followed, a draft of what is not won any more is deleted.' +
      '\nWithout a record in Sales it was deleted there, or the number is not ours: whoever keeps the books decides.',
  );
}
