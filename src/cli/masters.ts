import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { DecisionOutcome, MatchDecision } from '../activities/masters/match-accounts.js';
import { HOLDS } from '../deal/holds.js';
import { parseRecordId, TASK_QUEUES } from '../deal/ids.js';
import type { MasterKind, MasterRules } from '../deal/masters.js';
import { createFollowMasters } from '../dispatch/take-master-changes.js';
import { createMasterLedger, type StoredMaster } from '../ledger/masters/masters.js';
import { createMatchLedger, findCompanies, type MatchCandidate } from '../ledger/masters/matching.js';
import type { Runtime } from '../process/runtime.js';
import type { ApplyMatchesInput, MatchResult } from '../workflows/masters/match-accounts.js';

/** `dealbridge accounts …` and `dealbridge products …`: what is kept in agreement, what a person has to do, who is who. */

type WithRuntime = (work: (runtime: Runtime) => Promise<void>) => Promise<void>;

const MAX_ROWS = 10_000;

export function addMasterCommands(program: Command, withRuntime: WithRuntime, loadRules: () => MasterRules): void {
  // `accounts match --json` is an option of `match`, not of `accounts`.
  program.enablePositionalOptions();
  const accounts = addListing(program, withRuntime, 'accounts', 'account');
  const products = addListing(program, withRuntime, 'products', 'product');
  addRetry(accounts, withRuntime, loadRules, 'account');
  addRetry(products, withRuntime, loadRules, 'product');

  accounts
    .command('match')
    .description('find the customers of accounts without one; --apply does what a person decided')
    .option('--apply <file>', 'JSON or YAML: a list of { account: <guid>, customer: <number> | new }')
    .option('--by <name>', 'who decided', userInfo().username)
    .option('--json', 'print JSON')
    .action((options: { apply?: string; by: string; json?: boolean }) =>
      withRuntime(async (runtime) => {
        if (options.apply !== undefined) await apply(runtime, options.apply, options.by);
        else await match(runtime, options.json ?? false);
      }),
    );
}

function addListing(program: Command, withRuntime: WithRuntime, name: string, kind: MasterKind): Command {
  return program
    .command(name)
    .description(`list the ${name} that are kept in agreement with Business Central`)
    .option('--problems', 'only those that wait for a person')
    .option('--json', 'print JSON')
    .action((options: { problems?: boolean; json?: boolean }) =>
      withRuntime(async ({ database }) => {
        const kinds: MasterKind[] = kind === 'account' ? ['account', 'contact'] : [kind];
        const found: StoredMaster[] = [];
        for (const companyId of await findCompanies(database)) {
          const masters = createMasterLedger(database, companyId);
          for (const one of kinds) {
            if (one === 'contact' && !options.problems) continue;
            found.push(
              ...(await masters.listMasters(one, { onlyProblems: options.problems ?? false, limit: MAX_ROWS })),
            );
          }
        }
        if (options.json) console.log(JSON.stringify(found.map(toShown), null, 2));
        else for (const one of found) printMaster(one);
      }),
    );
}

function toShown({
  content: _content,
  businessCentral: _central,
  agreed: _agreed,
  echo: _echo,
  ...shown
}: StoredMaster): object {
  return { ...shown, problems: shown.problems.map((problem) => ({ ...problem, ...HOLDS[problem.reason] })) };
}

function printMaster(one: StoredMaster): void {
  const { kind, rowId, number, state, bcNumber, problems, problemSince } = one;
  console.log(
    [kind, rowId, number ?? '-', state, bcNumber ?? '-', problems.length > 0 ? 'problem' : 'agreed'].join('\t'),
  );
  for (const { reason, text } of problems) {
    const { owner, nextStep } = HOLDS[reason];
    console.log(`  ${reason} since ${problemSince?.toISOString()}: ${text}\n  ${owner}: ${nextStep}`);
  }
}

function addRetry(
  parent: Command,
  withRuntime: WithRuntime,
  loadRules: () => MasterRules,
  kind: 'account' | 'product',
): void {
  parent
    .command('retry')
    .description(`look at one ${kind} again, also when nothing changed`)
    .argument('<guid>')
    .action((guid: string) =>
      withRuntime(async ({ temporal }) => {
        const follow = createFollowMasters(temporal, loadRules());
        const rowId = parseRecordId(guid);
        if (kind === 'product') await follow.followProduct(rowId, { isThorough: true });
        else await follow.followAccount('account', rowId, { isThorough: true });
        console.log(`${kind} ${rowId} is looked at again`);
      }),
    );
}

async function match({ temporal, database }: Runtime, isJson: boolean): Promise<void> {
  const result: MatchResult = await temporal.workflow.execute('matchAccounts', {
    workflowId: 'match-accounts',
    taskQueue: TASK_QUEUES.deals,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [],
  });
  const candidates: MatchCandidate[] = [];
  for (const companyId of await findCompanies(database)) {
    candidates.push(...(await createMatchLedger(database, companyId).listCandidates(MAX_ROWS)));
  }
  if (isJson) {
    console.log(JSON.stringify({ ...result, candidates }, null, 2));
    return;
  }
  console.log(
    `${result.accounts} accounts, ${result.linked} linked by number, ${result.withCandidates} with candidates`,
  );
  for (const { accountId, accountNumber, accountName, customerNumber, customerName, score, reasons } of candidates) {
    console.log(
      [accountId, accountNumber ?? '-', accountName, customerNumber, customerName, score, reasons.join(', ')].join(
        '\t',
      ),
    );
  }
}

const decisions = z.array(
  z.strictObject({
    account: z.string().transform((text, context) => {
      try {
        return parseRecordId(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    }),
    customer: z
      .union([z.string().min(1), z.number()])
      .transform((number) => (number === 'new' ? undefined : String(number).trim().toUpperCase())),
  }),
);

/** @throws RangeError that names every wrong line. */
function parseDecisions(text: string): MatchDecision[] {
  const parsed = decisions.safeParse(parseYaml(text));
  if (parsed.success) {
    return parsed.data.map(({ account, customer }) => ({ accountId: account, customerNumber: customer }));
  }
  const faults = parsed.error.issues.map(
    ({ path, message }) => `  decision ${path.join('.') || '(the whole)'}: ${message}`,
  );
  throw new RangeError(`a list of { account: <guid>, customer: <number> | new } is right:\n${faults.join('\n')}`);
}

async function apply({ temporal }: Runtime, file: string, by: string): Promise<void> {
  const input: ApplyMatchesInput = { by, decisions: parseDecisions(readFileSync(file, 'utf8')) };
  const outcomes: readonly DecisionOutcome[] = await temporal.workflow.execute('applyMatches', {
    workflowId: 'apply-matches',
    taskQueue: TASK_QUEUES.deals,
    args: [input],
  });
  input.decisions.forEach(({ accountId, customerNumber }, index) => {
    console.log([accountId, customerNumber ?? 'new', outcomes[index]].join('\t'));
  });
  if (outcomes.some((outcome) => outcome === 'no-such-customer' || outcome === 'customer-taken')) process.exitCode = 1;
}
