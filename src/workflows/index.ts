/** What the worker registers. */
export { handOverDeal } from './hand-over-deal.js';
