import type { Confirmation } from './confirming.js';
import type { DealHandlers } from './deal-handlers.js';
import { convertQuote, postingOf, readDraft } from './document-steps.js';
import { type DraftedDeal, withDraft } from './drafted-deal.js';
import { recordPostedByHand } from './drafting.js';
import type { Held } from './held.js';

/** A quote that was confirmed becomes the order or invoice that is posted. */

export type ConversionResult =
  /** The record or the quote changed in the meantime, and nothing was converted. */
  | { readonly kind: 'changed' | 'conflict' }
  /** `differs`: it carries other figures than were confirmed. `posted-by-hand`: somebody converted and posted it. */
  | { readonly kind: 'converted' | 'differs' | 'posted-by-hand'; readonly drafted: DraftedDeal };

/** Exactly what was confirmed is converted, by us or by whoever was quicker in Business Central. */
export async function convert(
  handlers: DealHandlers,
  quote: DraftedDeal,
  confirmation: Confirmation,
  isContinued: boolean,
): Promise<ConversionResult> {
  const work = async (isRepeat: boolean): Promise<ConversionResult | Held> => {
    if (handlers.hasPendingChanges()) return { kind: 'changed' };
    const hasWaited = isRepeat || isContinued;
    // Made a moment ago at the first attempt, and confirmed by rule at once: nothing can stand beside it (I1).
    const isCertain = quote.draft.isCertain && confirmation === 'by-rule' && !hasWaited;
    const outcome = await convertQuote(quote, !isCertain);
    if (outcome !== 'converted') return { kind: outcome };
    const draft = await readDraft(quote);
    if (!draft?.became) return { kind: 'changed' };
    const drafted = withDraft(quote, draft);
    const { id, figures } = draft;
    const { documentKind } = drafted.deal.policy;
    handlers.show({ amount: figures.totalIncludingTax, figures });
    if (await postingOf(drafted.deal).isPostedByHand(drafted, draft)) {
      await recordPostedByHand(drafted.deal.recordId, id, documentKind);
      return { kind: 'posted-by-hand', drafted };
    }
    const differs = drafted.becameOtherwise !== undefined;
    handlers.carry({ confirmed: differs ? undefined : drafted });
    return { kind: differs ? 'differs' : 'converted', drafted };
  };
  return handlers.runUnlessHeld('converting the quote', work, (result) => 'drafted' in result);
}
