/** What the worker registers. */
export { handOverDeal } from './hand-over-deal.js';
export { sealAudit } from './seal-audit.js';
