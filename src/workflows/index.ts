/** What the worker registers. */
export { handOverDeal } from './hand-over-deal.js';
export { invoiceFeed } from './invoice-feed.js';
export { keepSubscriptions } from './keep-subscriptions.js';
