/** What the worker registers. */

export { checkTrail } from './alerts/check-trail.js';
export { sendAlerts } from './alerts/send-alerts.js';
export { sealAudit } from './audit/seal-audit.js';
export { handOverDeal } from './deals/hand-over-deal.js';
export { resumeDeals } from './deals/resume-deals.js';
export { tellSellers } from './deals/tell-sellers.js';
export { carryFlow } from './feeds/carry-flow.js';
export { invoiceFeed } from './feeds/invoice-feed.js';
export { keepSubscriptions } from './feeds/keep-subscriptions.js';
export { reconcileSales } from './feeds/reconcile-sales.js';
export { salesFeed } from './feeds/sales-feed.js';
export { sweepInvoices } from './feeds/sweep-invoices.js';
export { applyMatches, matchAccounts } from './masters/match-accounts.js';
export { reportDrift } from './masters/report-drift.js';
export { syncAccount } from './masters/sync-account.js';
export { syncProduct } from './masters/sync-product.js';
