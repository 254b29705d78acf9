import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { findRefusals } from '../../src/activities/remote/failures.js';
import { createReferenceSets, type ReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { DOCUMENT_KINDS, type DocumentKind, type WonDeal } from '../../src/deal/deal.js';
import { documentTail } from '../../src/deal/document-number.js';
import { clearRestores, recordRestore } from '../../src/ledger/upkeep/restores.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { signedWith } from '../support/signed-ledger.js';

/** The ledger was restored: it has forgotten that a quote was handed over before an order was made of it (I1). */

let counter: Counter;
let sets: ReferenceSets;
beforeAll(async () => {
  counter = await openCounter();
  sets = createReferenceSets({ readCodes: (set) => counter.client.readCodes(set) });
});
afterAll(() => counter?.close());

function make(kind: DocumentKind, { recordId, revision }: WonDeal) {
  const { client: businessCentral, companyId, ledger, context, customerId } = counter;
  const patience = { ambiguityWindowMs: 0, goneCheckMs: 1 };
  const common = { businessCentral, companyId, ledger, clock: systemClock, rules: parseRules(''), sets, ...patience };
  return createDraftSteps(common).createDraft({ ...context, kind, recordId, revision, customerId, draftVersion: 1 });
}

/** What the backup has of a quote whose document was made after it. */
async function forgetDraft({ recordId }: WonDeal): Promise<void> {
  await counter.database.query('DELETE FROM write_intents WHERE record_id = $1', [recordId]);
  await counter.database.query('DELETE FROM documents WHERE record_id = $1', [recordId]);
  await counter.database.query("UPDATE claims SET state = 'claimed' WHERE record_id = $1", [recordId]);
}

/** The order of a quote was handed over in the gap, and cancelled in Sales. */
async function winQuoteOf(canceled: WonDeal): Promise<WonDeal> {
  const endedDescendants = [{ table: 'salesorder' as const, recordId: canceled.recordId }];
  return counter.win([['4', '10.00']], { table: 'quote', lineage: { descendants: [], endedDescendants } });
}

async function winOrderOf({ recordId: quoteId }: WonDeal): Promise<WonDeal> {
  const lineage = { opportunityId: randomUUID(), quoteId, descendants: [] };
  const order = await counter.win([['4', '10.00']], { lineage });
  await counter.ledger.releaseClaims(order.recordId);
  const claim = await counter.ledger.claim(order.recordId, [lineage.opportunityId, quoteId]);
  expect(claim).toEqual({ kind: 'carrier' });
  return order;
}

const winQuote = () => counter.win([['4', '10.00']], { table: 'quote', number: 'QUO-1' });
const requests = (from: number) =>
  counter.simulators.businessCentral.requests.slice(from).map(({ method }) => String(method));
const setRestored = () => recordRestore(signedWith(counter.database), 'ann', '0');
const clear = () => clearRestores(signedWith(counter.database), 'ann');

describe('an order of a quote that was handed over in the gap of a restored ledger', () => {
  it('is asked for at once where nothing was restored', async () => {
    await make('invoice', await winQuote());
    const order = await winOrderOf(await winQuote());
    const from = counter.simulators.businessCentral.requests.length;
    await make('invoice', order);
    expect(requests(from)).toEqual(['POST']);
  });

  it.each(DOCUMENT_KINDS)('is held while the %s of the quote stands, and made once that is deleted', async (kind) => {
    const quote = await winQuote();
    const made = await make(kind, quote);
    await forgetDraft(quote);
    await setRestored();
    const order = await winOrderOf(quote);
    const from = counter.simulators.businessCentral.requests.length;
    const refused = await make('invoice', order).catch((error: unknown) => error);
    expect(requests(from)).not.toContain('POST');
    expect(findRefusals(refused)).toEqual([
      {
        reason: 'two-documents',
        text: `the quote of this deal has a document already: ${made?.figures.documentNumber} (QUO-1-${documentTail(quote.recordId)})`,
      },
    ]);
    const { client } = counter;
    const remove = { invoice: client.deleteInvoice, order: client.deleteOrder, quote: client.deleteQuote }[kind];
    await remove(made?.id ?? '', made?.etag ?? '', REPEATABLE);
    expect(await make('invoice', order)).toMatchObject({ missingDiscount: undefined });
  });

  it('is held as well when it is seen after the gap was closed; of a later quote nothing is looked for', async () => {
    const quote = await winQuote();
    await make('invoice', quote);
    await forgetDraft(quote);
    await setRestored();
    await clear();
    const order = await winOrderOf(quote);
    await expect(make('invoice', order)).rejects.toThrow('two-documents');
    const later = await winOrderOf(await winQuote());
    const from = counter.simulators.businessCentral.requests.length;
    await make('invoice', later);
    expect(requests(from)).toEqual(['POST']);
  });
});

describe('a quote whose order was handed over in the gap, and then cancelled in Sales', () => {
  it('is held, since the document of the order stands', async () => {
    const order = await counter.win();
    const made = await make('invoice', order);
    await forgetDraft(order);
    await setRestored();
    const quote = await winQuoteOf(order);
    const from = counter.simulators.businessCentral.requests.length;
    const refused = await make('invoice', quote).catch((error: unknown) => error);
    expect(requests(from)).not.toContain('POST');
    const number = `${made?.figures.documentNumber} (ORD-1-${documentTail(order.recordId)})`;
    expect(findRefusals(refused)).toEqual([
      { reason: 'two-documents', text: `the order of this deal has a document already: ${number}` },
    ]);
  });
});

describe('a record that was handed over in the gap and ended in Sales', () => {
  const ending = () => {
    const { client: businessCentral, companyId, ledger } = counter;
    return createDeletionSteps({
      businessCentral,
      companyId,
      ledger,
      clock: systemClock,
      ambiguityWindowMs: 0,
      goneCheckMs: 1,
    });
  };
  const findDraft = (recordId: string) => counter.ledger.findDraft(recordId, 1);

  it.each(DOCUMENT_KINDS)('has its %s again, which is deleted with the deal', async (kind) => {
    const deal = await counter.win();
    const made = await make(kind, deal);
    await forgetDraft(deal);
    await setRestored();
    await clear();
    const { recordId } = deal;
    expect(await counter.ledger.mayHaveForgotten(recordId)).toBe(true);
    expect(await findDraft(recordId)).toBeUndefined();
    const place = { companyId: counter.companyId, recordId };
    expect(await ending().adoptForgotten({ ...place, draftVersion: 1 })).toBe(true);
    expect(await findDraft(recordId)).toEqual({ kind, documentId: made?.id });
    const remove = { ...place, kind, draftId: made?.id ?? '', evenIfEdited: false };
    expect(await ending().deleteDraft(remove)).toBe('deleted');
    expect(await ending().adoptForgotten({ ...place, draftVersion: 1 })).toBe(false);
  });

  it('is told as followed when its order was posted', async () => {
    const deal = await counter.win();
    const made = await make('order', deal);
    await counter.client.shipAndInvoice(made?.id ?? '', made?.etag ?? '', REPEATABLE);
    await forgetDraft(deal);
    await setRestored();
    const place = { companyId: counter.companyId, recordId: deal.recordId };
    expect(await ending().adoptForgotten({ ...place, draftVersion: 1 })).toBe(true);
    const remove = { ...place, kind: 'order' as const, draftId: made?.id ?? '', evenIfEdited: false };
    expect(await ending().deleteDraft(remove)).toBe('posted');
  });

  it('has none, and nothing is kept of it', async () => {
    const { recordId } = await counter.win();
    await setRestored();
    expect(await ending().adoptForgotten({ companyId: counter.companyId, recordId, draftVersion: 1 })).toBe(false);
    expect(await findDraft(recordId)).toBeUndefined();
  });

  it('is none of the gap when it came after it was closed', async () => {
    await clear();
    const { recordId } = await counter.win();
    expect(await counter.ledger.mayHaveForgotten(recordId)).toBe(false);
  });
});
