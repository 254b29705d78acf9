import type { Command } from 'commander';
import { plural } from '../deal/plural.js';
import { createMasterCommands } from '../dispatch/master-commands.js';
import { createFollowMasters } from '../dispatch/take-master-changes.js';
import { type ListedMaster, listMasters, retryMaster } from '../operations/masters/masters.js';
import { decideMatches, matchAccounts } from '../operations/masters/matches.js';
import { BY_OPTION, currentPerson, toPerson, withLedger, withRuntime } from './context.js';
import { readGivenYaml } from './files.js';
import { printJson } from './print.js';

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
          else
            for (const { accountId, customerNumber, outcome, ...more } of decided) {
              const before = 'decided' in more ? [`${more.decided.by} decided ${more.decided.customer}`] : [];
              console.log([accountId, customerNumber ?? 'new', outcome, ...before].join('\t'));
            }
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
        for (const one of candidates) {
          const { accountId, accountNumber, accountName, customerNumber, customerName, score, reasons } = one;
          const names = [accountId, accountNumber ?? '-', accountName, customerNumber, customerName];
          console.log([...names, score, reasons.join(', ')].join('\t'));
        }
      }),
    );
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
        else for (const one of found) printMaster(one);
      }),
    );
}

function printMaster(one: ListedMaster): void {
  const { kind, rowId, number, state, bcNumber, problems, problemSince } = one;
  console.log(
    [kind, rowId, number ?? '-', state, bcNumber ?? '-', problems.length > 0 ? 'problem' : 'agreed'].join('\t'),
  );
  for (const { reason, text, owner, nextStep } of problems) {
    console.log(`  ${reason} since ${problemSince?.toISOString()}: ${text}\n  ${owner}: ${nextStep}`);
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
