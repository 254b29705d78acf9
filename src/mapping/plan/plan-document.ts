import { PARENT_COLUMN } from '../../deal/asked-columns.js';
import type { CompanyCurrency } from '../../deal/currency.js';
import type { DocumentKind, WonDeal } from '../../deal/deal.js';
import { type DocumentDraft, hasField, hasLineField, toDocument } from '../../deal/document.js';
import type { Problem } from '../../deal/holds.js';
import { toCurrencyCode } from '../fields/fields.js';
import { type Lookups, type MappingNote, resolveDocument } from '../fields/resolve.js';
import { documentRuleOf } from '../rules/document-rule.js';
import type { Rules } from '../rules/rules.js';
import { findCompanyCurrency } from './lookups.js';

/** The document of a deal as Business Central is asked to create it. */

export interface DocumentLookups extends Lookups {
  knownUnits(): Promise<ReadonlySet<string>>;
  /** The number of the customer that stands for an account; `unknown` where nobody can say. */
  findCustomerNumber(accountId: string): Promise<string | 'unknown' | undefined>;
}

export interface DocumentPlan {
  readonly notes: readonly MappingNote[];
  /** With any of them the document is not created. */
  readonly problems: readonly Problem[];
  /**
   * @param externalNumber that the deal has for good; by today's number and rules when nothing was asked for it yet
   * @throws TypeError when the deal itself has problems that leave no document to imagine.
   */
  toDraft(customerId: string, externalNumber?: string): DocumentDraft;
}

/** A field that only other kinds of document have is not sent, and said to be left out. */
export function toSentNotes(notes: readonly MappingNote[], kind: DocumentKind): readonly MappingNote[] {
  return notes.map((note) => {
    const [, where, field] = /^(document|line .*)\.(\w+)$/.exec(note.field) ?? [];
    if (field === undefined || (where === 'document' ? hasField : hasLineField)(kind, field)) return note;
    return { ...note, leftOut: `is left out: ${NAMES[kind]} has no such field` };
  });
}

const NAMES: Readonly<Record<DocumentKind, string>> = { invoice: 'an invoice', order: 'an order', quote: 'a quote' };

type DocumentRules = Pick<Rules, 'mapping' | 'lines' | 'masters' | 'externalDocumentNumber' | 'documents' | 'events'>;

export async function planDocument(
  deal: WonDeal,
  rules: DocumentRules,
  lookups: DocumentLookups,
): Promise<DocumentPlan> {
  const billTo = await findBillTo(deal, rules, lookups);
  const ofBill: Lookups = {
    ...lookups,
    customerDimensions: (mapped) => lookups.customerDimensions(mapped ?? billTo.number),
  };
  const { kind } = documentRuleOf(deal, rules);
  const { values, notes, problems } = await resolveDocument(deal, rules.mapping, rules.lines, ofBill, kind);
  const isMapped = values.header['billToCustomerNumber'] !== undefined;
  const isOfParent = billTo.number !== undefined && !isMapped;
  const fields = isOfParent ? { ...values, header: { ...values.header, billToCustomerNumber: billTo.number } } : values;
  const ofBillTo = billTo.problem && !isMapped ? [billTo.problem] : [];
  const currency = deal.currency === undefined ? undefined : await findCurrencyOfDeal(deal.currency, rules, lookups);
  const knownUnits = rules.lines.convertUnits ? await lookups.knownUnits() : undefined;
  return {
    notes,
    problems: [...(currency && 'reason' in currency ? [currency] : []), ...problems, ...ofBillTo],
    toDraft: (customerId, externalNumber) =>
      toDocument(deal, customerId, rules.lines, {
        fields,
        knownUnits,
        currency: currency && 'reason' in currency ? undefined : currency,
        numberForm: rules.externalDocumentNumber,
        externalNumber,
      }),
  };
}

async function findCurrencyOfDeal(
  iso: string,
  { mapping: { tables } }: DocumentRules,
  lookups: DocumentLookups,
): Promise<CompanyCurrency | Problem> {
  const found = await findCompanyCurrency(iso, tables, (code) => lookups.findCode('currencies', code));
  if (found) return found;
  const code = toCurrencyCode(iso, tables.currencies);
  const byTable = code === iso ? '' : `: ${iso} by the table currencies`;
  const asked = `'${code}' (column transactioncurrencyid${byTable})`;
  return { reason: 'code-unknown', text: `document.currencyCode: ${asked} is no currency of Business Central` };
}

/** The bill goes to the customer of the parent account, where the rules say so and the mapping names no other one. */
async function findBillTo(
  deal: WonDeal,
  { masters }: DocumentRules,
  lookups: DocumentLookups,
): Promise<{ readonly number?: string; readonly problem?: Problem }> {
  const parentId = deal.extra.account[PARENT_COLUMN]?.toLowerCase();
  if (masters.billTo === 'self' || !parentId) return {};
  const number = await lookups.findCustomerNumber(parentId);
  if (number === 'unknown') return {};
  if (number !== undefined) return { number };
  const text = `the bill goes to the parent account ${deal.parentAccount ?? parentId}, which has no customer`;
  return { problem: { reason: 'customer-missing', text } };
}
