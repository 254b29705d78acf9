/** What the worker registers. */
export { countSales } from './count-sales.js';
export { handOverDeal } from './hand-over-deal.js';
export { invoiceFeed } from './invoice-feed.js';
export { keepSubscriptions } from './keep-subscriptions.js';
export { salesFeed } from './sales-feed.js';
export { sealAudit } from './seal-audit.js';
export { sweepInvoices } from './sweep-invoices.js';
