/** What Dealbridge asks of the three systems, by kind, so that each kind can be given its own faults. */

export type System = 'entra' | 'dataverse' | 'businessCentral';

/** Requests of one kind: of one method, and of paths that look alike. */
export interface RequestKind {
  readonly system: System;
  readonly name: string;
  readonly method: string;
  /** Over the decoded path and query. */
  readonly path: string;
  /** How many of a hundred deals may make such a request, retries and feeds apart: plans end where a run does. */
  readonly perHundred: number;
  /** The client sends an etag, which can be made a stale one. */
  readonly hasEtag?: boolean;
  /** The request follows a delta link, which can have expired. */
  readonly isDelta?: boolean;
  /** Asked once by a process that starts; a process that fails there is started again. */
  readonly isAtStart?: boolean;
}

/** What a seller does in the run goes the same way; these paths are those of Dealbridge alone. */
export const REQUEST_KINDS: readonly RequestKind[] = [
  kind('entra', 'token', 'POST', '/oauth2/v2\\.0/token', 40),
  kind('dataverse', 'read opportunity', 'GET', '/opportunities\\([^)]*\\)\\?', 100),
  kind('dataverse', 'read quote', 'GET', '/quotes\\([^)]*\\)\\?', 100),
  kind('dataverse', 'read order', 'GET', '/salesorders\\([^)]*\\)\\?', 100),
  kind('dataverse', 'read changes', 'GET', '/(opportunities|quotes|salesorders|accounts|contacts|products)\\?', 400, {
    isDelta: true,
  }),
  kind('dataverse', 'who am I', 'GET', '/WhoAmI', 4, { isAtStart: true }),
  kind('dataverse', 'find invoice row', 'GET', '/invoices\\(', 60),
  kind('dataverse', 'create invoice row', 'POST', '/invoices\\?', 140),
  kind('dataverse', 'change invoice row', 'PATCH', '/invoices\\(', 120, { hasEtag: true }),
  kind('dataverse', 'find note', 'GET', '/annotations\\(', 10),
  kind('dataverse', 'create note', 'POST', '/annotations$', 20),
  kind('dataverse', 'write columns', 'PATCH', '/opportunities\\([^)]*\\)$', 80, { hasEtag: true }),
  kind('dataverse', 'set order invoiced', 'PATCH', '/salesorders\\([^)]*\\)$', 60, { hasEtag: true }),
  kind('businessCentral', 'find company', 'GET', '/companies$', 4, { isAtStart: true }),
  kind('businessCentral', 'find customer', 'GET', '/customers\\?', 60),
  kind('businessCentral', 'create customer', 'POST', '/customers', 40),
  kind('businessCentral', 'find items', 'GET', '/items\\?', 80),
  kind('businessCentral', 'create item', 'POST', '/items', 20),
  kind('businessCentral', 'find invoice', 'GET', '/salesInvoices\\?.*endswith\\(externalDocumentNumber', 80),
  kind('businessCentral', 'read changes', 'GET', '/salesInvoices\\?.*lastModifiedDateTime', 200),
  kind('businessCentral', 'find invoices of order', 'GET', '/salesInvoices\\?.*orderId eq', 100),
  kind('businessCentral', 'read invoice', 'GET', '/salesInvoices\\(', 160),
  kind('businessCentral', 'create invoice', 'POST', '/salesInvoices\\?', 100),
  kind('businessCentral', 'set invoice discount', 'PATCH', '/salesInvoices\\(', 30, { hasEtag: true }),
  kind('businessCentral', 'post invoice', 'POST', 'Microsoft\\.NAV\\.post$', 100, { hasEtag: true }),
  kind('businessCentral', 'delete invoice', 'DELETE', '/salesInvoices\\(', 5, { hasEtag: true }),
  kind('businessCentral', 'find order', 'GET', '/salesOrders\\?', 40),
  kind('businessCentral', 'read order', 'GET', '/salesOrders\\(', 160),
  kind('businessCentral', 'create order', 'POST', '/salesOrders\\?', 80),
  kind('businessCentral', 'set order discount', 'PATCH', '/salesOrders\\(', 20, { hasEtag: true }),
  kind('businessCentral', 'ship and invoice', 'POST', 'Microsoft\\.NAV\\.shipAndInvoice$', 60, { hasEtag: true }),
  kind('businessCentral', 'delete order', 'DELETE', '/salesOrders\\(', 5, { hasEtag: true }),
  kind('businessCentral', 'find quote', 'GET', '/salesQuotes\\?', 60),
  kind('businessCentral', 'read quote', 'GET', '/salesQuotes\\(', 60),
  kind('businessCentral', 'create quote', 'POST', '/salesQuotes\\?', 30),
  kind('businessCentral', 'set quote discount', 'PATCH', '/salesQuotes\\(', 10, { hasEtag: true }),
  kind('businessCentral', 'convert quote', 'POST', 'Microsoft\\.NAV\\.make(Order|Invoice)$', 30, { hasEtag: true }),
  kind('businessCentral', 'delete quote', 'DELETE', '/salesQuotes\\(', 2, { hasEtag: true }),
  kind('businessCentral', 'read subscriptions', 'GET', '/subscriptions$', 6),
  kind('businessCentral', 'subscribe', 'POST', '/subscriptions$', 6),
];

function kind(
  system: System,
  name: string,
  method: string,
  path: string,
  perHundred: number,
  more: Pick<RequestKind, 'hasEtag' | 'isDelta' | 'isAtStart'> = {},
): RequestKind {
  return { system, name, method, path, perHundred, ...more };
}
