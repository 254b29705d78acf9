import type { Command } from 'commander';
import { RefusedError, UserError } from '../deal/errors.js';
import { isSame } from '../deal/money.js';
import { createDealCommands } from '../dispatch/deal-commands.js';
import type { Person } from '../identity/person.js';
import {
  type ConfirmationDependencies,
  cancelDeal,
  confirmDeal,
  rejectDeal,
  retryDeal,
  showWaiting,
  type WaitingDeal,
} from '../operations/deals/decide.js';
import { ask } from './ask.js';
import { BY_OPTION, toPerson, withRuntime } from './context.js';
import { toMoney } from './print.js';

/** `dealbridge confirm`, `reject`, `retry` and `cancel`: each shows what it is about and asks before it does it. */

interface Options {
  readonly by: string;
  readonly yes?: true;
  readonly note?: string;
  readonly total?: string;
  readonly reason?: string;
}

/** `169.5` is 169.50. */
function isTotal(given: string, total: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(given) && isSame(given, total);
}

export function addDecisionCommands(program: Command): void {
  const decision = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('<deal>', 'number of the record, its document, or the GUID')
      .option('--yes', 'without being asked')
      .option(...BY_OPTION);

  decision('confirm', 'let the draft be posted, with exactly the figures that are shown')
    .option('--note <text>', 'for the audit trail')
    .option('--total <amount>', 'only if the total including tax is this')
    .action((deal: string, options: Options) =>
      decide(deal, options, 'Confirm these figures', (dependencies, person, waiting) => {
        const { figures } = waiting.status;
        if (!figures) throw new RefusedError(`the deal is ${waiting.status.state}: there is no draft to confirm`);
        if (options.total !== undefined && !isTotal(options.total, figures.totalIncludingTax)) {
          throw new UserError('--total', `${figures.totalIncludingTax}, which is the draft's`, options.total);
        }
        const { note } = options;
        return confirmDeal(dependencies, person, {
          deal: waiting.recordId,
          figures,
          ...(note !== undefined && { note }),
        });
      }),
    );

  decision('reject', 'do not post the draft: it is deleted')
    .requiredOption('--reason <text>', 'why')
    .action((deal: string, options: Options) =>
      decide(deal, options, 'Reject the deal and delete its draft', (dependencies, person, { recordId, status }) =>
        rejectDeal(dependencies, person, {
          deal: recordId,
          reason: options.reason ?? '',
          ...(status.figures && { figures: status.figures }),
        }),
      ),
    );

  decision('retry', 'the cause of the hold is repaired: go on').action((deal: string, options: Options) =>
    decide(deal, options, 'Go on with the deal', (dependencies, person, { recordId }) =>
      retryDeal(dependencies, person, { deal: recordId }),
    ),
  );

  decision('cancel', 'end a deal that waits; an unposted draft is deleted')
    .requiredOption('--reason <text>', 'why')
    .action((deal: string, options: Options) =>
      decide(deal, options, 'Cancel the deal', (dependencies, person, { recordId }) =>
        cancelDeal(dependencies, person, { deal: recordId, reason: options.reason ?? '' }),
      ),
    );
}

function decide(
  deal: string,
  options: Options,
  question: string,
  act: (dependencies: ConfirmationDependencies, person: Person, waiting: WaitingDeal) => Promise<WaitingDeal['status']>,
): Promise<void> {
  return withRuntime(async ({ database, ledger, temporal }, { unverifiedDecisions: unverified }) => {
    const dependencies = { database, deals: createDealCommands({ temporal, ledger }), unverified };
    const person = toPerson(options);
    const waiting = await showWaiting(dependencies, person, { deal });
    printWaiting(waiting);
    if (!options.yes && !(await isAgreed(question))) {
      console.log('nothing was done');
      process.exitCode = 1;
      return;
    }
    const { state } = await act(dependencies, person, waiting);
    console.log(
      `done by ${person.name}; the deal was ${state} a moment ago, \`dealbridge show ${waiting.number ?? waiting.recordId}\` tells more`,
    );
  });
}

function printWaiting({ number, name, customer, table, status }: WaitingDeal): void {
  console.log(`${table} ${number ?? ''}${name ? `, ${name}` : ''}${customer ? `, for ${customer}` : ''}`);
  console.log(`state       ${status.state}: ${status.step}`);
  if (status.figures) {
    const { documentNumber, totalIncludingTax, currency } = status.figures;
    console.log(`document    ${documentNumber}`);
    console.log(`total       ${toMoney(totalIncludingTax, currency)} including tax`);
  }
  if (status.difference) console.log(`difference  ${status.difference}`);
  if (status.edited) console.log(`edited      ${status.edited}`);
  if (status.ignoredSignal) console.log(`ignored     signal ${status.ignoredSignal}`);
  for (const { reason, text, owner, nextStep } of status.problems) {
    console.log(`held        ${reason}: ${text}\n            ${owner}: ${nextStep}`);
  }
}

/** Without a terminal nobody can answer, and nothing is decided by silence. */
async function isAgreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UserError('--yes', 'this option where nobody can be asked');
  const answer = await ask(`${question}? [y/N] `, process.stdout);
  return /^y(es)?$/i.test(answer.trim());
}
