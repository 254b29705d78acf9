/** What the worker registers. */
export { countSales } from './count-sales.js';
export { handOverDeal } from './hand-over-deal.js';
export { invoiceFeed } from './invoice-feed.js';
export { keepSubscriptions } from './keep-subscriptions.js';
export { applyMatches, matchAccounts } from './match-accounts.js';
export { reportDrift } from './report-drift.js';
export { salesFeed } from './sales-feed.js';
export { sealAudit } from './seal-audit.js';
export { sweepInvoices } from './sweep-invoices.js';
export { syncAccount } from './sync-account.js';
export { syncProduct } from './sync-product.js';
