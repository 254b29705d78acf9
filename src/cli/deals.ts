import type { Command } from 'commander';
import { SOURCE_TABLES, type SourceTable } from '../deal/ids.js';
import { titleBeside } from '../deal/record-title.js';
import { findTurn } from '../deal/turns.js';
import type { StartOutcome } from '../dispatch/start-deal.js';
import type { ListedDeal } from '../ledger/deals/list-deals.js';
import { DEAL_ORDER_NAMES, listDeals } from '../operations/deals/list-deals.js';
import { type ShownDeal, showDeal } from '../operations/deals/show-deal.js';
import { CHOICE_OPTIONS } from './choice-options.js';
import { BY_OPTION, currentPerson, toPerson, withLedger, withRuntime } from './context.js';
import { printJson, printTable, toAge, toMoney } from './print.js';
import { cutTo, toOneLine } from './terminal-text.js';

/** `dealbridge list`, `show` and `start-deal`. */

interface ListOptions {
  readonly state?: string[];
  readonly reason?: string[];
  readonly owner?: string;
  readonly olderThan?: string;
  readonly above?: string;
  readonly company?: string;
  readonly sort: string;
  readonly limit: string;
  readonly json?: true;
  readonly ids?: true;
}

export function addDealCommands(program: Command): void {
  program
    .command('list')
    .description('list the deals: number, customer, amount, state, and why and for whom they wait')
    .option(...CHOICE_OPTIONS.state)
    .option(...CHOICE_OPTIONS.reason)
    .option(...CHOICE_OPTIONS.owner)
    .option(...CHOICE_OPTIONS.olderThan)
    .option(...CHOICE_OPTIONS.above)
    .option(...CHOICE_OPTIONS.company)
    .option('--sort <order>', DEAL_ORDER_NAMES.join(', '), 'newest')
    .option('--limit <n>', 'at most so many', '50')
    .option('--ids', 'with the GUID of each record')
    .option('--json', 'print JSON')
    .action(({ json, ids, ...filter }: ListOptions) =>
      withLedger(async ({ database }) => {
        const now = new Date();
        // What people type is checked where every act is; here it is only passed on.
        const input = filter as Parameters<typeof listDeals>[2];
        const deals = await listDeals({ database, now }, currentPerson(), input);
        if (json) printJson(deals);
        else if (deals.length === 0) console.log(isAsked(filter) ? 'no deal fits' : 'there is no deal yet');
        else printDeals(deals, now, ids === true);
      }),
    );

  program
    .command('show')
    .description('show one deal: record, document, what it waits for, and everything that happened')
    .argument('<deal>', 'number of the record, its document or invoice, or the GUID')
    .option('--json', 'print JSON')
    .action((deal: string, { json }: { json?: true }) =>
      withLedger(async ({ database, ledger }) => {
        const shown = await showDeal({ database, ledger }, currentPerson(), { deal });
        if (json) printJson(shown);
        else printDeal(shown, new Date());
      }),
    );

  program
    .command('start-deal')
    .description('start the hand-over of one record by hand')
    .argument('<table>', SOURCE_TABLES.join(', '))
    .argument('<guid>', "the record's GUID")
    .option(...BY_OPTION)
    .option('--json', 'print JSON')
    .action((table: string, recordId: string, options: { by: string; json?: true }) =>
      withRuntime(async ({ temporal, ledger }) => {
        const { startDeal } = await import('../operations/deals/start-deal.js');
        const input = { table: table as SourceTable, recordId };
        const outcome = await startDeal({ temporal, ledger, audit: ledger.audit }, toPerson(options), input);
        if (options.json) printJson(outcome);
        else console.log(`${table} ${recordId}: ${toStartWords(outcome)}`);
      }),
    );
}

/** Whether anything narrows the list; without it every deal is in it. */
function isAsked({ sort: _sort, limit: _limit, ...filter }: Omit<ListOptions, 'json' | 'ids'>): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

export function toStartWords(outcome: StartOutcome): string {
  switch (outcome.kind) {
    case 'started':
      return 'its hand-over has started';
    case 'running':
      return 'its hand-over is under way already, and nothing was started';
    case 'set-aside':
      return 'its run takes nothing now: it is asked again within ten minutes';
    case 'known':
      return `the deal has ended (${outcome.state}), and nothing was started; \`dealbridge show\` tells how`;
  }
}

const COLUMNS = [
  'number',
  'name',
  'customer',
  'amount',
  'state',
  'age',
  'reason',
  'owner',
  'next step',
  'document',
] as const;
const AMOUNT_COLUMN = COLUMNS.indexOf('amount');
const NAME_LENGTH = 32;
/** An opportunity is called by its topic, which Sales lets be 300 characters long. */
const NUMBER_LENGTH = 48;

function printDeals(deals: readonly ListedDeal[], now: Date, withIds: boolean): void {
  const toTurn = (deal: ListedDeal) => deal.hold ?? findTurn(deal.state);
  const rows = deals.map((deal) => [
    cut(deal.number ?? '(not read yet)', NUMBER_LENGTH),
    cut(titleBeside(deal)),
    cut(deal.customer),
    toAmount(deal),
    deal.state,
    toAge(deal.since, now),
    deal.hold?.reason ?? '-',
    toTurn(deal)?.owner ?? '-',
    cut(toTurn(deal)?.nextStep),
    deal.invoiceNumber ?? deal.documentNumber ?? '-',
    ...(withIds ? [deal.recordId] : []),
  ]);
  printTable([[...COLUMNS, ...(withIds ? ['guid'] : [])], ...rows], [AMOUNT_COLUMN]);
}

function cut(text: string | undefined, columns = NAME_LENGTH): string {
  return text === undefined ? '-' : cutTo(toOneLine(text), columns);
}

/** Net while the record in Sales states no tax: it may not be taken for what the document will come to. */
export function toAmount({
  amount,
  currency,
  isTaxStated,
}: Pick<ListedDeal, 'amount' | 'currency' | 'isTaxStated'>): string {
  return `${toMoney(amount, currency)}${amount === undefined || isTaxStated ? '' : ' net'}`;
}

function printDeal(deal: ShownDeal, now: Date): void {
  const { record } = deal;
  const turn = findTurn(deal.state);
  const facts: [string, string | undefined][] = [
    ['record', [`${deal.table} ${deal.number ?? '(not read yet)'}`, titleBeside(deal) ?? []].flat().join(', ')],
    ['customer', [deal.customer, record.customerNumber].filter(Boolean).join(', ') || undefined],
    ['company', deal.company],
    ['amount', toAmount(deal)],
    ['state', `${deal.state}, for ${toAge(deal.since, now)}`],
    ['whose turn', turn && `${turn.owner}: ${turn.nextStep}`],
    ['document', deal.documentNumber && `${record.documentKind} ${deal.documentNumber}`],
    ['invoice', deal.invoiceNumber],
    ['carried by', deal.carriedBy],
    ['changes', deal.setAside && `not read for ${toAge(deal.setAside.since, now)}: ${deal.setAside.reason}`],
    ['GUID', deal.recordId],
  ];
  for (const [name, value] of facts) if (value) console.log(`${name.padEnd(11)}${toOneLine(value)}`);
  if (deal.hold) {
    const { reason, text, owner, nextStep, others } = deal.hold;
    console.log(`\nheld: ${reason}${text ? ` – ${text}` : ''}\n  ${owner}: ${nextStep}`);
    for (const other of others) console.log(`and: ${other.reason}\n  ${other.owner}: ${other.nextStep}`);
  }
  for (const { at, kind, subject, text } of deal.notices) {
    const signal = kind === 'signal-ignored' ? ` (${subject})` : '';
    console.log(`\nnotice of ${at.toISOString()}: ${text}${signal}`);
  }
  console.log('');
  printTable([
    ['when', 'who', 'what', 'request'],
    ...deal.trail.map(({ at, actor, action, requestId, facts: entry }) => [
      at.toISOString(),
      `${actor}${entry?.['source'] ? ` (${entry['source']}, ${entry['verified'] ? 'verified' : 'unverified'})` : ''}`,
      action,
      requestId ?? '-',
    ]),
  ]);
}
