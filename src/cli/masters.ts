import type { Command } from 'commander';
import { plural } from '../deal/plural.js';
import { createMasterCommands } from '../dispatch/master-commands.js';
import { createFollowMasters } from '../dispatch/take-master-changes.js';
import { type ListedMaster, listMasters, retryMaster } from '../operations/masters/masters.js';
import { decideMatches, matchAccounts } from '../operations/masters/matches.js';
import { BY_OPTION, currentPerson, toPerson, withLedger, withRuntime } from './context.js';
import { readGivenYaml } from './files.js';
import { printJson, printTable } from './print.js';
import { toOneLine } from './terminal-text.js';

/** What a file holds is checked where the act is; here it is only passed on. */
type Decisions = Parameters<typeof decideMatches>[2]['decisions'];

/** `dealbridge accounts …` and `dealbridge products …`: what is kept in agreement, what a person has to do, who is who. */

export function addMasterCommands(program: Command): void {
  // `accounts match --json` is an option of `match`, not of `accounts`.
  program.enablePositionalOptions();
  const accounts = addListing(program, 'accounts');
  const products = addListing(program, 'products');
  addRetry(accounts, 'account');
  addRetry(products, 'product');

  accounts
    .command('match')
    .description('find the customers of accounts without one; --apply does what a person decided')
    .option(
      '--apply <file>',
      'JSON or YAML: a list of { account: <guid>, customer: <number> | new, shared?: true, instead?: <number> | new }',
    )
    .option(...BY_OPTION)
    .option('--json', 'print JSON')
    .action((options: { apply?: string; by: string; json?: true }) =>
      withRuntime(async ({ temporal, database, ledger }) => {
        const dependencies = { database, masters: createMasterCommands(temporal), audit: ledger.audit };
        if (options.apply !== undefined) {
          const decisions = readGivenYaml('--apply', options.apply) as Decisions;
          const decided = await decideMatches(dependencies, toPerson(options), { decisions });
          if (options.json) printJson(decided);
          else if (decided.length === 0) console.log(`${options.apply} is an empty list: nothing was decided`);
          else
            printTable([
              ['account', 'customer', 'outcome'],
              ...decided.map((one) => [one.accountId, one.customerNumber ?? 'new', toOutcomeWords(one)]),
            ]);
          const isRefused = decided.some(({ outcome }) => outcome !== 'linked' && outcome !== 'new');
          if (isRefused) process.exitCode = 1;
          return;
        }
        const result = await matchAccounts(dependencies, toPerson(options), {});
        if (options.json) {
          printJson(result);
          return;
        }
        const { candidates, ...counted } = result;
        console.log(
          `${plural(counted.accounts, 'account')}, ${counted.linked} linked by number, ${counted.withCandidates} with candidates`,
        );
        if (candidates.length === 0) return;
        const rows = candidates.map((one) => {
          const { accountId, accountNumber, accountName, customerNumber, customerName, score, reasons } = one;
          const names = [accountId, accountNumber ?? '-', accountName, customerNumber, customerName];
          return [...names, String(score), reasons.join(', ')];
        });
        const titles = ['account', 'number', 'name', 'customer', 'its name', 'points', 'because of'];
        printTable([titles, ...rows], [titles.indexOf('points')]);
      }),
    );
}

/** Why nothing was done, and what would be right. */
export function toOutcomeWords({ outcome, ...more }: Awaited<ReturnType<typeof decideMatches>>[number]): string {
  if ('decided' in more) {
    const { by, customer } = more.decided;
    return `${outcome}: ${by} decided ${customer}; \`instead: ${customer}\` changes that`;
  }
  switch (outcome) {
    case 'no-such-customer':
      return `${outcome}: Business Central has none with this number`;
    case 'customer-taken':
      return `${outcome}: it stands for another account; \`shared: true\` lets both have it`;
    default:
      return outcome ?? '-';
  }
}

function addListing(program: Command, of: 'accounts' | 'products'): Command {
  return program
    .command(of)
    .description(`list the ${of} that are kept in agreement with Business Central`)
    .option('--problems', 'only those that wait for a person')
    .option('--json', 'print JSON')
    .action((options: { problems?: true; json?: true }) =>
      withLedger(async ({ database }) => {
        const input = { of, onlyProblems: options.problems ?? false };
        const found = await listMasters({ database }, currentPerson(), input);
        if (options.json) printJson(found);
        else if (found.length === 0)
          console.log(`no ${of} ${options.problems ? 'wait for a person' : 'are kept in agreement yet'}`);
        else printMasters(found);
      }),
    );
}

function printMasters(found: readonly ListedMaster[]): void {
  printTable([
    ['kind', 'guid', 'number', 'name', 'state', 'in Business Central', ''],
    ...found.map(({ kind, rowId, number, name, state, bcNumber, problems }) => [
      ...[kind, rowId, number ?? '-', name ?? '-', state, bcNumber ?? '-'],
      problems.length > 0 ? 'problem' : 'agreed',
    ]),
  ]);
  for (const { kind, rowId, number, name, problems, problemSince } of found) {
    for (const { reason, text, owner, nextStep } of problems) {
      const whose = toOneLine([kind, number, name ?? rowId].filter(Boolean).join(' '));
      console.log(`\n${whose}: ${reason} since ${problemSince?.toISOString()}: ${text}\n  ${owner}: ${nextStep}`);
    }
  }
}

function addRetry(parent: Command, kind: 'account' | 'product'): void {
  parent
    .command('retry')
    .description(`check one ${kind} again, also when nothing changed`)
    .argument('<guid>')
    .option(...BY_OPTION)
    .action((guid: string, options: { by: string }) =>
      withRuntime(async ({ temporal, database, ledger }, { rules }) => {
        const dependencies = { database, follow: createFollowMasters(temporal, rules.masters), audit: ledger.audit };
        const { rowId } = await retryMaster(dependencies, toPerson(options), { kind, rowId: guid });
        console.log(`${kind} ${rowId} is checked again`);
      }),
    );
}
