import {
  type InvoiceLine,
  isSameBillTo,
  isSameCustomer,
  isSameObject,
  isSameUnit,
} from './business-central-document.js';
import { findTermChanges, type TERMS, type Terms } from './document-terms.js';
import { ERASED_TEXT } from './erasure.js';
import { bySequence } from './lines-by-sequence.js';
import { isSame, isZero } from './money.js';

/** What is compared of a document, whichever kind it is of. */
export interface ComparedDocument {
  readonly customerId?: string | undefined;
  readonly customerNumber: string;
  readonly billToId?: string | undefined;
  readonly billToNumber?: string | undefined;
  readonly currency: string;
  readonly externalDocumentNumber: string;
  readonly discount: string;
  readonly terms?: Terms | undefined;
  readonly lines: readonly InvoiceLine[];
}

type DatedDocument = ComparedDocument & { readonly postingDate: string | undefined };

/**
 * What somebody changed in a draft since we wrote it last (I14). Numbers that follow from others, states and stamps are not
 * compared, and neither are texts that were erased from our side.
 */
export function findDraftEdits(own: DatedDocument, now: DatedDocument): string[] {
  const edits = findContentEdits(own, now);
  const [is = '(none)', was = '(none)'] = [now.postingDate, own.postingDate];
  const days = tellTerms('days', own.terms, now.terms);
  return [...(is === was ? [] : [`posting date ${is} instead of ${was}`]), ...days, ...edits];
}

/** The same without its days: what a quote becomes has others. */
export function findContentEdits(own: ComparedDocument, now: ComparedDocument): string[] {
  const edits: string[] = [];
  const say = (what: string, is: string, was: string): void => {
    if (is !== was && was !== ERASED_TEXT) edits.push(`${what} ${is || '(none)'} instead of ${was || '(none)'}`);
  };
  const sayAmount = (what: string, is: string, was: string): void => {
    if (!isSame(is, was)) edits.push(`${what} ${is} instead of ${was}`);
  };
  if (!isSameCustomer(now, own)) say('customer', now.customerNumber, own.customerNumber);
  if (!isSameBillTo(now, own)) say('bill-to customer', now.billToNumber ?? '', own.billToNumber ?? '');
  say('currency', now.currency, own.currency);
  say('external document number', now.externalDocumentNumber, own.externalDocumentNumber);
  // Business Central calculates a discount of the customer by itself; what we have set is ours.
  if (!isZero(own.discount)) sayAmount('discount', now.discount, own.discount);
  edits.push(...tellTerms('header', own.terms, now.terms));
  const before = bySequence(own.lines);
  for (const line of now.lines) {
    const was = before.get(line.sequence);
    const where = nameLine(line);
    if (!was) {
      edits.push(`${where} (${line.number || 'text'}) was added`);
      continue;
    }
    if (!isSameObject(line, was)) {
      if (line.number === was.number) edits.push(`${where}: ${line.number} is another item or account`);
      say(`${where}: number`, line.number, was.number);
    }
    say(`${where}: text`, line.description, was.description);
    sayAmount(`${where}: quantity`, line.quantity, was.quantity);
    if (!isSameUnit(line, was)) say(`${where}: unit`, line.unit ?? '', was.unit ?? '');
    sayAmount(`${where}: price`, line.unitPrice, was.unitPrice);
    sayAmount(`${where}: discount`, line.discount, was.discount);
    edits.push(...tellTerms('line', was.terms, line.terms).map((edit) => `${where}: ${edit}`));
  }
  const after = bySequence(now.lines);
  for (const line of own.lines) {
    if (!after.has(line.sequence)) edits.push(`${nameLine(line)} was removed`);
  }
  return edits;
}

function tellTerms(group: keyof typeof TERMS, own: Terms | undefined, now: Terms | undefined): string[] {
  return findTermChanges(group, own, now).map(
    ({ other, name, is, was }) => other ?? `${name} ${is || '(none)'} instead of ${was || '(none)'}`,
  );
}

function nameLine({ sequence }: InvoiceLine): string {
  return `line ${sequence / 10_000}`;
}
