import type { Simulators } from '@dealbridge/simulators';
import { BcError } from '@dealbridge/simulators/business-central/errors.js';
import { postDraft, shipAndInvoice } from '@dealbridge/simulators/business-central/posting.js';
import type { SalesDocument } from '@dealbridge/simulators/business-central/store.js';
import { documentTail, findTail } from '../../src/deal/document-number.js';
import { isSame } from '../../src/deal/money.js';
import type { Deal } from './deals.js';
import { netOf } from './examine.js';

/** Somebody in Business Central who posts a draft when it is right, at whatever step Dealbridge is with it. */
export interface ByHand {
  readonly posted: number;
  stop(): void;
}

const LOOK_MS = 50;
/** From the draft to the click: before, while and after it is confirmed, and into the outages. */
const MAX_PAUSE_MS = 6_000;

export function postByHand(
  { businessCentral: { company }, dataverse: { store } }: Simulators,
  deals: readonly Deal[],
  roll: (what: string) => number,
): ByHand {
  const theirs = new Map(
    deals
      .filter(({ isByHand }) => isByHand)
      .flatMap((deal) => deal.records.map((record) => [documentTail(record.id), record] as const)),
  );
  const seenAt = new Map<string, number>();
  let posted = 0;

  function isDue(tail: string): boolean {
    const seen = seenAt.get(tail) ?? Date.now();
    seenAt.set(tail, seen);
    return Date.now() - seen >= roll(`by hand/${tail}`) * MAX_PAUSE_MS;
  }

  function look(document: SalesDocument): void {
    const tail = findTail(String(document.row['externalDocumentNumber'])) ?? '';
    const record = theirs.get(tail);
    if (!record || document.isPosted || !isDue(tail)) return;
    const sold = store.find(record.table, record.id);
    // Nobody posts what does not come to what was sold: a discount may have yet to be set.
    if (!sold || !isSame(netOf(sold), String(document.row['totalAmountExcludingTax']))) return;
    try {
      company.transact(() => (document.kind === 'order' ? shipAndInvoice : postDraft)(company, document));
      posted += 1;
    } catch (error) {
      // What Business Central refuses a person is posted by nobody.
      if (!(error instanceof BcError)) throw error;
    }
  }

  const timer = setInterval(() => {
    for (const document of [...company.invoices.values(), ...company.documents.order.values()]) look(document);
  }, LOOK_MS);
  return {
    get posted() {
      return posted;
    },
    stop: () => clearInterval(timer),
  };
}
