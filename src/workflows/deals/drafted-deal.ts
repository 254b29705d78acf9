import type { DealSummary } from '../../activities/deals/sales.js';
import type { Draft } from '../../activities/documents/drafts.js';

/** The deal as it was read and the draft that was made of it. */
export interface DraftedDeal {
  readonly deal: DealSummary;
  readonly draft: Draft;
  readonly customerId: string;
  /** 1 for the first draft, 2 for its replacement: a new one only when the one before is certainly gone. */
  readonly draftVersion: number;
}
