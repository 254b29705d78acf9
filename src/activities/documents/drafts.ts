import { z } from 'zod';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import { RemoteApiError } from '../../clients/errors.js';
import { type CompanyCurrency, toCompanyCurrency } from '../../deal/currency.js';
import type { Figures, QuoteSuccessor, WonDeal } from '../../deal/deal.js';
import { type DocumentOptions, pricesIncludeTax, toLines, unitsOfDraft } from '../../deal/document.js';
import { listedAtMost } from '../../deal/many-problems.js';
import { display, isLess } from '../../deal/money.js';
import { findRefusedLines, NEVER_NEGATIVE } from '../../deal/problems.js';
import {
  type DifferenceCause,
  type DocumentTotals,
  findDifference,
  findMissingDiscount,
  type OnDifference,
  type SeenDiscount,
  whatToDo,
} from '../../deal/totals.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { UnparsedContent } from '../../ledger/read-rows.js';
import { toCurrencyCode } from '../../mapping/fields/fields.js';
import { createCodeLookups, findCompanyCurrency, findCurrency } from '../../mapping/plan/lookups.js';
import { resolveMappedUnits } from '../../mapping/plan/plan-units.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { refuse } from '../remote/failures.js';
import { toTemporalFailures } from '../remote/write-once.js';

/** What the steps of invoices and of orders share: a document that waits for its confirmation. */

/** A deal at one revision; its content is in the ledger. */
export interface DealRef {
  readonly recordId: string;
  readonly revision: string;
}

/** A draft as the workflow sees it. */
export interface Draft {
  readonly id: string;
  readonly etag: string;
  readonly figures: Figures;
  readonly customerNumber: string;
  /** The header discount of the deal, when it still has to be set. */
  readonly missingDiscount: string | undefined;
  /** The header discount that it has: none, the customer's automatic one, or the deal's. */
  readonly discount: string;
  /** Why deal and draft do not agree, if they do not. */
  readonly difference: string | undefined;
  readonly differenceCause?: DifferenceCause;
  /** What the rules say about it: `ask` a person, who may confirm all the same, or `refuse` until it is repaired. */
  readonly differencePolicy?: OnDifference;
  /** A difference that the rules let pass. */
  readonly differencePassed?: string;
  /** What somebody changed in it by hand since we wrote it: a rule confirms what we wrote, so a person is asked (I2, I14). */
  readonly edited?: string;
  /** Its total is below 0 with the tax that it has by now: nobody is asked about what is never posted. */
  readonly negative?: string;
  /** Somebody has posted it in Business Central, or it was found posted. */
  readonly isPosted?: true;
  /** Made by this very attempt, without any doubt on the way: nothing can stand beside it. */
  readonly isCertain?: true;
  /** It was asked for as a quote, and is an order or an invoice by now. */
  readonly became?: {
    readonly kind: QuoteSuccessor;
    /** From the quote as it was when somebody may have confirmed it. */
    readonly differences: readonly string[];
  };
  /** The quote is out of date: it is converted only when somebody gives it another last day. */
  readonly expired?: string;
  /** Of what it was made, when it has just been made or adopted. */
  readonly made?: DraftProvenance;
}

/** Stands with the intent of a draft: whoever adopts it learns that it is of another mapping or of another content. */
export interface DraftProvenance {
  readonly mapping: string;
  readonly fingerprint: string;
}

/** What was found, with what the attempt that may have made it started from. */
export function withProvenance<Found extends object>(
  found: Found | undefined,
  startedFrom: UnparsedContent,
): (Found & { readonly made: DraftProvenance }) | undefined {
  return found && { ...found, made: startedFrom.parse(draftProvenance) };
}

const draftProvenance = z.object({ mapping: z.string(), fingerprint: z.string() });

/** The same of any document that the ledger keeps with its intent. */
export const madeOf = z.object({ made: draftProvenance.exactOptional() });

/** What a draft is judged by, whichever kind of document it is. */
export interface DraftDocument extends DocumentTotals {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly customerNumber: string;
}

export interface DraftReader {
  /** @param seen how it was read before; absent for a draft that has just been made */
  toDraft(deal: WonDeal, document: DraftDocument, seen?: SeenDiscount): Promise<Draft>;
  /** The currency of the deal as the company has it. */
  findCurrency(deal: WonDeal): Promise<CompanyCurrency>;
}

export function createDraftReader(dependencies: {
  readonly rules: Pick<Rules, 'lines' | 'totals' | 'mapping'>;
  readonly sets: ReferenceSets;
}): DraftReader {
  const { rules, sets } = dependencies;
  /** Only asked for when a unit that BC lacks may be turned into the base unit, unless the mapping names another one. */
  const findUnits = async (deal: WonDeal, { lines }: DraftDocument): Promise<DocumentOptions> =>
    rules.lines.convertUnits
      ? toTemporalFailures(async () => ({
          knownUnits: unitsOfDraft(deal, rules.lines, await sets.codes('unitsOfMeasure'), lines),
          fields: await resolveMappedUnits(deal, rules.mapping, createCodeLookups(sets)),
        }))
      : {};
  const findCurrencyOf = async (deal: WonDeal): Promise<CompanyCurrency> => {
    const iso = deal.currency ?? '';
    const { tables } = rules.mapping;
    const found = await toTemporalFailures(() => findCompanyCurrency(iso, tables, (code) => findCurrency(sets, code)));
    // A currency that was taken away since is told by the comparison: the draft has it no more either.
    return found ?? toCompanyCurrency(iso, { code: toCurrencyCode(iso, tables.currencies) });
  };
  return {
    findCurrency: findCurrencyOf,
    async toDraft(deal, document, seen) {
      const currency = await findCurrencyOf(deal);
      const wanted = findMissingDiscount(deal, document.discount, currency, seen);
      const isOurCurrency = document.currency.toUpperCase() === currency.code.toUpperCase();
      const draft = {
        id: document.id,
        etag: document.etag,
        customerNumber: document.customerNumber,
        figures: {
          documentNumber: document.number,
          totalIncludingTax: document.includingTax,
          // People decide on the currency of Sales; another one than the deal's is shown as what it is.
          currency: isOurCurrency ? (deal.currency ?? '') : document.currency,
        },
        missingDiscount: wanted,
        discount: document.discount,
        ...(isLess(document.includingTax, '0') && { negative: toNegativeText(document) }),
      };
      if (wanted !== undefined) return { ...draft, difference: undefined };
      // Read by rules that refuse what it was made of, the draft cannot be compared line by line; it certainly differs.
      const refused = findRefusedLines(deal, rules.lines);
      if (refused.length > 0) {
        const texts = listedAtMost(refused.map(({ text }) => text));
        return { ...draft, difference: texts.join('; '), differencePolicy: 'refuse' };
      }
      const expected = {
        lines: toLines(deal, rules.lines, { ...(await findUnits(deal, document)), currency }),
        pricesIncludeTax: pricesIncludeTax(deal, rules.lines),
        currency,
      };
      const found = findDifference(deal, document, expected, rules.totals);
      if (!found) return { ...draft, difference: undefined };
      const differencePolicy = whatToDo(found.cause, rules.totals);
      return {
        ...draft,
        difference: differencePolicy === 'pass' ? undefined : found.text,
        differenceCause: found.cause,
        differencePolicy,
        ...(differencePolicy === 'pass' && { differencePassed: found.text }),
      };
    },
  };
}

function toNegativeText({ number, includingTax, currency }: DraftDocument): string {
  return `${number} comes to ${display(includingTax)} ${currency} with its tax: ${NEVER_NEGATIVE}`;
}

/**
 * A mere GET moves the etag of a draft (reference/business-central 11.4); the amount is ours either way, so it is asked
 * a second time. Tells the discount that was replaced.
 */
export async function discountWithFreshEtag<T>(
  seen: { readonly etag: string; readonly discount: string },
  change: (etag: string) => Promise<T>,
  read: () => Promise<{ readonly etag: string; readonly discount: string }>,
): Promise<{ readonly before: string; readonly answer: T }> {
  try {
    return { before: seen.discount, answer: await change(seen.etag) };
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'conflict') throw error;
    const fresh = await read();
    return { before: fresh.discount, answer: await change(fresh.etag) };
  }
}

/**
 * A draft is made only where the ledger knows the deal to be, so that no step with an old input makes one elsewhere (I1). The
 * draft before this one is gone, and the rules choose another company by now: the deal moves there.
 */
export async function ensureCompanyStands(
  { ledger, companyId }: { readonly ledger: DealLedger; readonly companyId: string },
  { recordId, draftVersion }: { readonly recordId: string; readonly draftVersion: number },
): Promise<void> {
  const record = await ledger.getRecord(recordId);
  const isNext = draftVersion > record.draftVersion;
  const expected = isNext ? record.wantedCompanyId : record.companyId;
  if (expected !== companyId) {
    const name = expected === undefined ? '(none)' : await ledger.nameCompany(expected);
    throw refuse('company-changed', `company ${name} instead of ${await ledger.nameCompany(companyId)}`);
  }
  if (isNext && record.companyId !== companyId)
    await ledger.change(recordId, { kind: 'draft-gone', draftVersion: record.draftVersion });
}

/** Not found is an answer here, not an error; a row that is needed counts as gone only by {@link findOrGone}. */
export async function undefinedIfNotFound<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
    throw error;
  }
}
