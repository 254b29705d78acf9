import type { DealSummary } from '../../activities/deals/sales.js';
import type { Draft } from '../../activities/documents/drafts.js';

import type { DocumentKind } from '../../deal/deal.js';

/** The deal as it was read and the draft that was made of it. */
export interface DraftedDeal {
  readonly deal: DealSummary;
  readonly draft: Draft;
  readonly customerId: string;
  /** 1 for the first draft, 2 for its replacement: a new one only when the one before is certainly gone. */
  readonly draftVersion: number;
  /** It began as a quote, whatever the rules call it: the order or invoice that it became is no document of another kind. */
  readonly isFromQuote?: true;
  /** How what the quote became differs from it: nobody has confirmed that yet, and no rule does (I2). */
  readonly becameOtherwise?: string;
}

/** The deal with the draft as it is by now: a quote may have become an order or an invoice. */
export function withDraft(drafted: DraftedDeal, draft: Draft): DraftedDeal {
  const { became } = draft;
  if (!became) return { ...drafted, draft };
  const { kind, differences } = became;
  return {
    ...drafted,
    deal: withKind(drafted.deal, kind),
    draft,
    isFromQuote: true,
    ...(differences.length > 0 && { becameOtherwise: `not as the quote was: ${differences.join('; ')}` }),
  };
}

/** The deal as it was read again, with the kind of document that it has. */
export function withDeal(drafted: DraftedDeal, deal: DealSummary): DraftedDeal {
  return { ...drafted, deal: drafted.isFromQuote ? withKind(deal, drafted.deal.policy.documentKind) : deal };
}

function withKind(deal: DealSummary, documentKind: DocumentKind): DealSummary {
  return { ...deal, policy: { ...deal.policy, documentKind } };
}
