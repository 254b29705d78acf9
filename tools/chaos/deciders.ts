import type { Simulators } from '@dealbridge/simulators';
import { createDocument } from '@dealbridge/simulators/business-central/headers.js';
import { postDraft } from '@dealbridge/simulators/business-central/posting.js';
import type { Client } from '@temporalio/client';
import { isNumberOf } from '../../src/deal/document-number.js';
import type { SourceTable } from '../../src/deal/ids.js';
import { subtract } from '../../src/deal/money.js';
import { createDealCommands } from '../../src/dispatch/deal-commands.js';
import { createMasterCommands } from '../../src/dispatch/master-commands.js';
import type { Database } from '../../src/ledger/database.js';
import type { createLedger } from '../../src/ledger/ledger.js';
import { decideMatches } from '../../src/operations/masters/matches.js';
import { differenceKey } from './books.js';
import type { Deal } from './deals.js';
import type { Misspelled } from './misspelled.js';
import type { Bookkeeper } from './refusals.js';
import type { Seller } from './seller.js';

/** People who decide what waits: they confirm what is large, and end the holds that belong to a case. */
export interface Deciders {
  /** One round; whatever cannot be had at the moment is done in a later one. */
  work(): Promise<void>;
  readonly confirmed: number;
  /** Records that were held as their case or what people closed wants it, by the reason. */
  readonly held: Readonly<Record<string, number>>;
  isDone(): boolean;
}

/** Whoever decided asks once more when nothing came of it. */
const AGAIN_MS = 15_000;
export const DECIDER = { name: 'Ann of the fault run', source: 'cli', isVerified: false } as const;

interface Waiting {
  readonly record_id: string;
  readonly source_table: SourceTable;
  readonly state: string;
  readonly hold_reason: string | null;
  readonly hold_text: string | null;
  readonly document_id: string | null;
}

export interface DecidersOptions {
  readonly simulators: Simulators;
  readonly database: Database;
  readonly ledger: ReturnType<typeof createLedger>;
  readonly temporal: Client;
  readonly deals: readonly Deal[];
  readonly seller: Seller;
  readonly misspelled: Misspelled;
  /** Who mends what either system refuses; without one nothing that no case wants is retried. */
  readonly bookkeeper?: Bookkeeper | undefined;
  readonly say: (text: string) => void;
}

export function createDeciders(options: DecidersOptions): Deciders {
  const { simulators, database, ledger, temporal, deals, seller, misspelled, bookkeeper, say } = options;
  const { company } = simulators.businessCentral;
  const commands = createDealCommands({ temporal, ledger });
  const matches = { database, audit: ledger.audit, masters: createMasterCommands(temporal) };
  const held: Record<string, number> = {};
  const counted = new Set<string>();
  const decidedAt = new Map<string, number>();
  const underWay = new Set<string>();
  const told = new Set<string>();
  let confirmed = 0;

  /** The first time as its case says, afterwards only that it be looked at again, or ended again. */
  async function decide(deal: Deal, waiting: Waiting): Promise<void> {
    const { record_id: recordId } = waiting;
    if (decidedAt.has(recordId)) return decideAgain(deal, recordId);
    await misspelled.sendTo(recordId);
    switch (deal.case?.name) {
      case 'shared-number':
        return decideCustomer(deal, recordId);
      case 'other-order':
        return decideDifference(deal, recordId);
      case 'automatic-discount':
        return decideDiscount(deal, waiting);
    }
  }

  /** What was ended is held again when the seller's next click makes another revision of it. */
  async function decideAgain({ isCancelled, case: of }: Deal, recordId: string): Promise<void> {
    const isEnded = isCancelled || (of?.name === 'other-order' && of.decision !== 'correct');
    if (isEnded) await commands.cancel(recordId, { actor: DECIDER, reason: 'it was settled before' });
    else await commands.retry(recordId, { actor: DECIDER });
  }

  async function decideCustomer(deal: Deal, recordId: string): Promise<void> {
    const { account, sharing } = deal;
    if (!sharing) return;
    const other = { account: sharing.otherId, customer: account.number };
    switch (deal.case?.decision) {
      case 'correct':
        deal.bills = { number: sharing.ownNumber };
        return seller.correctNumber(account.id, sharing.ownNumber);
      case 'share':
        deal.bills = { number: account.number };
        return match([other, { account: account.id, customer: account.number, shared: true }]);
      case 'new':
        deal.bills = { name: account.name, isNew: true };
        return match([other, { account: account.id, customer: 'new' }]);
      default:
        return cancel(deal, recordId);
    }
  }

  async function match(decisions: { account: string; customer: string; shared?: boolean }[]): Promise<void> {
    const actor = { ...DECIDER, roles: ['Admin'] } as const;
    const outcomes = await decideMatches(matches, actor, { decisions });
    const refused = outcomes.filter(({ outcome }) => outcome !== 'linked' && outcome !== 'new');
    if (refused.length > 0) say(`a match was not taken: ${JSON.stringify(refused)}`);
  }

  async function decideDifference(deal: Deal, recordId: string): Promise<void> {
    switch (deal.case?.decision) {
      case 'correct':
        return seller.takeBack(recordId);
      case 'invoice':
        invoiceDifference(deal, recordId);
        break;
      default:
        deal.acceptsDifference = true;
    }
    await commands.cancel(recordId, { actor: DECIDER, reason: 'the difference is settled' });
  }

  /** Bookkeeping's own document, for what the order has more than the quote. */
  function invoiceDifference(deal: Deal, orderId: string): void {
    const key = differenceKey(orderId);
    const all = [...company.invoices.values()];
    const made = all.find(({ row }) => row['externalDocumentNumber'] === key);
    if (made?.isPosted) return;
    const { store } = simulators.dataverse;
    const quote = deal.records.find(({ table }) => table === 'quote');
    const [order, before] = [store.find('salesorder', orderId), quote && store.find('quote', quote.id)];
    if (!order || !before) return;
    const unitPrice = subtract(String(order['totalamount']), String(before['totalamount']));
    const customer = all.find(({ row }) => isNumberOf(String(row['externalDocumentNumber']), quote?.id ?? ''))?.row;
    const bill = {
      customerId: customer?.['customerId'],
      externalDocumentNumber: key,
      salesInvoiceLines: [
        {
          lineType: 'Account',
          lineObjectNumber: '8400',
          description: 'Difference',
          quantity: 1,
          unitPrice: Number(unitPrice),
        },
      ],
    };
    // Whoever may not post it, since the period is closed, does so later.
    company.transact(() => postDraft(company, made ?? createDocument(company, 'invoice', bill)));
  }

  async function decideDiscount(deal: Deal, { record_id: recordId, document_id: documentId }: Waiting): Promise<void> {
    if (deal.case?.decision === 'cancel') return cancel(deal, recordId);
    const document = [...company.invoices.values(), ...company.documents.order.values()].find(
      ({ row }) => row['id'] === documentId,
    );
    if (document) await seller.giveDiscount(recordId, Number(document.row['discountAmount']));
  }

  async function cancel(deal: Deal, recordId: string): Promise<void> {
    deal.isCancelled = true;
    await commands.cancel(recordId, { actor: DECIDER, reason: 'the customer is not ours' });
  }

  async function confirm(recordId: string): Promise<void> {
    if (!decidedAt.has(recordId)) await misspelled.sendTo(recordId);
    const figures = (await commands.findStatus(recordId))?.figures;
    if (!figures) return;
    await commands.confirm(recordId, { actor: DECIDER, figures });
    confirmed += 1;
  }

  function begin(deal: Deal | undefined, waiting: Waiting): void {
    const { record_id: recordId, state } = waiting;
    const reason = toReason(waiting);
    const isOfCase = deal?.case !== undefined && reason === REASONS[deal.case.name];
    const isMended = state === 'held' && !isOfCase && bookkeeper?.mend(reason, waiting.hold_text ?? '') === true;
    // What was mended says nothing of what the case has yet to be asked.
    const key = isMended ? `${recordId}: ${reason}` : recordId;
    if ((isOfCase || isMended) && !counted.has(key)) {
      counted.add(key);
      held[reason] = (held[reason] ?? 0) + 1;
    }
    if (state === 'held' && !isOfCase && !isMended) return;
    if (underWay.has(key) || Date.now() - (decidedAt.get(key) ?? 0) < AGAIN_MS) return;
    underWay.add(key);
    decideOn(deal, waiting, isMended)
      .then(() => decidedAt.set(key, Date.now()))
      // Worker, Temporal or ledger is away, or the deal has moved on: the next round sees.
      .catch((error: unknown) => {
        const text = `a decision on ${recordId} was not taken: ${error instanceof Error ? error.message : String(error)}`;
        if (!told.has(text)) say(text);
        told.add(text);
      })
      .finally(() => underWay.delete(key));
  }

  async function decideOn(deal: Deal | undefined, waiting: Waiting, isMended: boolean): Promise<void> {
    const { record_id: recordId, state } = waiting;
    if (isMended) await commands.retry(recordId, { actor: DECIDER });
    else await (state === 'held' && deal ? decide(deal, waiting) : confirm(recordId));
  }

  return {
    held,
    get confirmed() {
      return confirmed;
    },
    isDone: () => underWay.size === 0 && bookkeeper?.isDone() !== false,
    async work() {
      bookkeeper?.work();
      const { rows } = await database.query<Waiting & Record<string, unknown>>(
        `SELECT record_id, source_table, state, hold_reason, hold_text, document_id
         FROM source_records WHERE state IN ('held', 'awaiting-confirmation')`,
      );
      const byRecord = new Map(deals.flatMap((deal) => deal.records.map(({ id }) => [id, deal] as const)));
      for (const row of rows) begin(byRecord.get(row.record_id), row);
    },
  };
}

/** What holds a deal of each case. */
const REASONS: Readonly<Partial<Record<string, string>>> = {
  'shared-number': 'customer-ambiguous',
  'other-order': 'handed-over-otherwise',
  'automatic-discount': 'header-discount',
};

/** The reason, and of a difference its cause. */
function toReason({ hold_reason: reason, hold_text: text }: Waiting): string {
  return reason === 'totals-differ' && text?.startsWith('header discount') ? 'header-discount' : (reason ?? '');
}
