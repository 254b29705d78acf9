import type { Invoice, Order } from '../../clients/business-central/client.js';
import { RemoteApiError } from '../../clients/errors.js';
import { isExpired, isQuote, type SalesDocument } from '../../deal/business-central-document.js';
import { compareConverted, toOwnConverted } from '../../deal/compare-converted.js';
import type { QuoteSuccessor } from '../../deal/deal.js';
import { DRAFT_STEPS, POST_STEPS, writeKey } from '../../deal/ids.js';
import type { StepContext } from '../../deal/step-context.js';
import { toLocalDate } from '../../mapping/fields/view.js';
import { refuse } from '../remote/failures.js';
import { done } from '../remote/results.js';
import { temporalNow } from '../remote/temporal-time.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import { type PostInput, type PostingDependencies, type PostOutcome, postOnce } from './confirmed-write.js';
import type { CompanyDependencies, DocumentDependencies } from './dependencies.js';
import { createDocumentPorts, findSuccessor } from './document-kinds.js';
import { type DraftProvenance, madeOf, undefinedIfNotFound } from './drafts.js';
import { findDraftOrGone } from './gone.js';

/** A quote that was confirmed becomes an order or an invoice, once, whoever asks for it (I1, I3). */

/** `changed`: the record is another by now; `conflict`: the quote is. Neither was converted. */
export type ConvertOutcome = 'converted' | Exclude<PostOutcome, 'posted'>;

export interface ConvertInput extends PostInput, StepContext {
  readonly into: QuoteSuccessor;
}

export function createConversionSteps(dependencies: DocumentDependencies & PostingDependencies) {
  const { businessCentral, ledger, ambiguityWindowMs } = dependencies;
  const ports = createDocumentPorts(businessCentral);

  return {
    /**
     * Asks for what was confirmed: BC compares the confirmed etag (I2). What it became is read, and taken over, by whoever
     * reads the quote next: it has no other link to it than our number (reference/business-central 4.9).
     */
    async convertQuote(input: ConvertInput): Promise<ConvertOutcome> {
      const { recordId, draft, into } = input;
      let isMadeByHand = false as boolean;
      const convert = (beforePosting: Parameters<Parameters<typeof postOnce>[2]>[0]) =>
        writeOnce(dependencies, {
          recordId,
          writeKey: conversionKey(recordId, draft.id),
          action: `make ${into} of quote in Business Central`,
          result: done,
          ambiguityWindowMs,
          find: async ({ mayHaveLanded }) => {
            // What somebody made of it is found by the request itself, which is then refused.
            if (!mayHaveLanded) return undefined;
            const found = await findQuoteOrSuccessor(dependencies, recordId, draft.id);
            return found && !isQuote(found) ? { done: true } : undefined;
          },
          write: async (context) => {
            ensureValid(await ledger.getQuote(draft.id), findToday(dependencies));
            await beforePosting(ports.quote);
            try {
              const receipt = await businessCentral.convertQuote(draft.id, draft.etag, into, context);
              return { done: true, ...receipt };
            } catch (error) {
              if (error instanceof RemoteApiError && error.code === 'not-found')
                isMadeByHand = (await findSuccessor(businessCentral, recordId)) !== undefined;
              throw error;
            }
          },
          outcome: () => ({ facts: { documentId: draft.id, figures: draft.figures } }),
        });
      try {
        const outcome = await postOnce(dependencies, input, convert);
        return outcome === 'posted' ? 'converted' : outcome;
      } catch (error) {
        if (isMadeByHand) return 'converted';
        throw error;
      }
    },
  };
}

export type ConversionSteps = ReturnType<typeof createConversionSteps>;

function conversionKey(recordId: string, quoteId: string): string {
  return writeKey(recordId, `${POST_STEPS.quote}-${quoteId}`);
}

/** By the calendar of the business. */
export function findToday({ clock, rules }: Pick<DocumentDependencies, 'clock' | 'rules'>): string {
  return toLocalDate(clock.now().toISOString(), rules.mapping.timeZone);
}

/** Business Central would convert it (reference/business-central 4.9), and whoever gave it a last day did not mean that. */
function ensureValid(quote: Parameters<typeof isExpired>[0] & { readonly number: string }, today: string): void {
  if (isExpired(quote, today)) throw refuse('quote-expired', toExpiredText(quote.number, quote.validUntil));
}

export function toExpiredText(number: string, validUntil: string | undefined): string {
  return `quote ${number} was valid until ${validUntil}`;
}

/** The quote, or what it became; undefined when neither is there. */
export async function findQuoteOrSuccessor(
  dependencies: Pick<CompanyDependencies, 'businessCentral' | 'goneCheckMs' | 'ledger'>,
  recordId: string,
  quoteId: string,
): Promise<SalesDocument | undefined> {
  const { businessCentral } = dependencies;
  const found = await toTemporalFailures(
    async () =>
      (await undefinedIfNotFound(businessCentral.getQuote(quoteId))) ?? findSuccessor(businessCentral, recordId),
  );
  if (found) return found;
  const { quote } = createDocumentPorts(businessCentral);
  return findDraftOrGone(dependencies, quote, { recordId, draftId: quoteId });
}

export interface Converted {
  readonly kind: QuoteSuccessor;
  readonly made: DraftProvenance | undefined;
  /** From the quote as it was read last, which is what somebody confirmed. */
  readonly differences: readonly string[];
}

/**
 * From here on the deal has what its quote became, whoever made it; asked again, nothing is recorded twice.
 * @param readFrom when its reading began: whoever hears late of it changes nothing
 */
export async function adoptSuccessor(
  { ledger, clock }: Pick<CompanyDependencies, 'ledger' | 'clock'>,
  recordId: string,
  quoteId: string,
  document: Invoice | Order,
  readFrom: Date,
): Promise<Converted> {
  const kind: QuoteSuccessor = 'fullyShipped' in document ? 'order' : 'invoice';
  const record = await ledger.getRecord(recordId);
  const key = writeKey(recordId, DRAFT_STEPS.quote, record.draftVersion);
  const intent = await ledger.openIntent(key, recordId, temporalNow(clock));
  const made = intent.state === 'done' ? intent.result.parse(madeOf).made : undefined;
  const stored = (await ledger.listDocuments(recordId)).find(({ documentId }) => documentId === quoteId);
  const differences = stored?.kind === 'quote' ? compareConverted(stored.content, document) : [];
  // Or the next draft by now, where what the quote became is gone.
  if (record.documentId !== undefined && record.documentId !== quoteId) return { kind, made, differences };
  const own = await ledger.findOwnDocument(quoteId);
  const ownDocument = own && isQuote(own) ? toOwnConverted(own, document) : document;
  const isOurs = await ledger.wasAsked(conversionKey(recordId, quoteId));
  await ledger.recordOutcome({
    recordId,
    writeKey: key,
    result: { ...document, ...(made && { made }) },
    adopted: true,
    change: {
      kind: 'converted',
      quoteId,
      documentId: document.id,
      documentKind: kind,
      draftNumber: document.number,
      draftVersion: record.draftVersion,
      customerNumber: document.customerNumber,
      mapping: made?.mapping,
    },
    document: { kind, content: ownDocument, readFrom },
    audit: {
      actor: 'dealbridge',
      action: `quote became ${kind} in Business Central`,
      facts: {
        quoteId,
        documentId: document.id,
        draftNumber: document.number,
        totalIncludingTax: document.includingTax,
        ...(!isOurs && { madeByHand: true }),
        ...(differences.length > 0 && { differences }),
      },
    },
  });
  await ledger.saveDocument(recordId, kind, document, readFrom);
  return { kind, made, differences };
}
