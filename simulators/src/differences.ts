/** What the simulators leave out or do otherwise than the real services, for docs/simulators.md. */

export interface LeftOut {
  readonly what: string;
  readonly why: string;
  /** Entity sets of which no request finds anything; a test asks. */
  readonly notServed?: readonly string[];
}

export const LEFT_OUT: readonly LeftOut[] = [
  {
    what: 'Entra: `/organizations` and `/common` stand for this tenant; no `consumers`, device codes, refresh tokens, on-behalf-of; `/authorize` of version 1.0',
    why: 'apps without a person and one desk need none',
  },
  {
    what: 'BC: `$batch` as multipart/mixed, `$schemaversion=2.1`, decimals as text by `IEEE754Compatible=true`',
    why: 'the JSON form has the same traps, and no known client of API v2.0 needs the others',
  },
  {
    what: 'BC: purchase, journals, projects, employees, vendors, manufacturing',
    why: 'nothing of a won deal touches them; they are "Resource not found"',
    notServed: ['vendors', 'purchaseInvoices', 'purchaseOrders', 'journals', 'projects', 'employees'],
  },
  {
    what: 'BC: `attachments` (the older API; `documentAttachments` are served), pictures, aged receivables, posting of payment journals',
    why: '`/_sim/invoices/pay` pays an invoice; the others carry no fact of a deal',
    notServed: ['attachments', 'pictures', 'agedAccountsReceivables'],
  },
  {
    what: "BC: a PDF holds the document's number only",
    why: "the layout is the company's",
  },
  {
    what: 'BC: price lists, line discounts by group, lot tracking, warehouse handling',
    why: 'prices come from Sales; what posting refuses because of them is a fault with the text of reference/business-central 4.8 and 11.2',
  },
  {
    what: 'BC: a prepayment % on the order and what is refused because of one that is not billed or paid',
    why: '`/_sim/orders/prepay` names the percentage when it posts the invoice',
  },
  {
    what: 'BC: VAT by posting groups is the rate in the tax code (VAT19, VAT7, VAT0) for domestic customers and none for others',
    why: "totals are rounded and carried as BC does; which rate applies is the company's set-up",
  },
  {
    what: "BC: a customer contact is found by the company's name",
    why: 'the relation table is not part of API v2.0',
  },
  {
    what: 'BC: translations of messages',
    why: 'Dealbridge asks in en-US, which is what comes',
  },
  {
    what: 'Dataverse: of FetchXML the link types `matchfirstrowusingcrossapply`, `all`, `not all`, `rowaggregate`, fiscal periods and hierarchies',
    why: 'refused with 400 and the name; a page is found by its number, the cookie is given and taken as documented',
  },
  {
    what: 'Dataverse: sending of e-mail, qualifying of leads, the common table of all activities, the second row that mirrors a connection; lookups to tables that are not served',
    why: 'leads and activities are rows that are read and written; what Sales does with them is no part of a won deal',
  },
  {
    what: 'Dataverse: files of notes in chunks (`InitializeAnnotationBlocksUpload`)',
    why: '`documentbody` in one request, with the limit and the blocked types of the organization',
  },
  {
    what: 'Dataverse: of standard many-to-many relationships all but the ones of users and teams with roles, of teams with users, of leads with accounts and contacts, of contacts with quotes, orders and invoices',
    why: 'Sales writes no other between the tables served',
  },
  {
    what: 'Dataverse: of what clients make: tables of activities, choices that several columns share, lookups to several tables (`CreateCustomerRelationships`), a table that has many of itself, changes of relationships; of `RetrieveMetadataChanges` and `BulkDelete` all but equal and in; files by messages (`InitializeFileBlocksUpload`)',
    why: 'refused with the name; the connector and the clients that run against the simulators need none',
  },
  {
    what: 'Dataverse: what a deletion announces of the rows that go along',
    why: 'the webhook tells of the row that was deleted; lines and contacts have none in the connector',
  },
  {
    what: 'Dataverse: plug-ins, business rules, duplicate detection, column security, impersonation by `CallerObjectId`',
    why: 'faults stand for what they refuse',
  },
  {
    what: 'Dataverse: price list methods other than currency amount, discount lists',
    why: "`priceperunit` is taken as sent, or as the list's amount",
  },
  {
    what: 'Dataverse: synchronous steps, images besides none',
    why: 'the connector registers asynchronous steps and reads the record',
  },
  {
    what: 'both: one process, one tenant, one environment, one company',
    why: 'a second one is a second process on other ports',
  },
];

/** Of each switch, what it decides; its default is in the code of the service. */
export const READINGS: Readonly<Record<'businessCentral' | 'dataverse', Readonly<Record<string, string>>>> = {
  businessCentral: {
    retryAfterOn429: 'Microsoft documents Retry-After for 502 and 503 only',
    permissionStatus: 'status of a missing table permission',
    application: 'whether the page Microsoft Entra Applications has the app, with State Enabled',
    denied: 'what is denied, as `salesInvoices:POST`',
    unknownIdCode: 'code of a well-formed id that nothing has',
    shippedOnlyStatus: 'status of shipAndInvoice that only shipped',
    batchTooLargeStatus: 'more than 100 operations in a batch',
    getMovesEtag: 'a GET of a draft recalculates its invoice discount, so that the etag that was shown is stale',
    expandsPatch: 'whether the answer to PATCH of a document bears what `$expand` names, as that to POST does',
    handshakeMethod: 'method of the subscription handshake',
    environmentType: 'type of the environment in the discovery; `Sandbox` as after a copy',
    duplicateStatus: 'duplicate key; 409 was seen, too',
  },
  dataverse: {
    openQuotesBlockWin: 'whether WinOpportunity is refused while quotes are open, as in the user interface',
    expireDays: 'age at which a delta token expires; 30 was seen',
    linkOnEveryPage: 'whether pages before the last carry a deltaLink, too',
    annotationsHideLink:
      'whether the deltaLink is missing where annotations were asked for, as was seen with version 8.2',
    applicationUser: 'none, disabled, no-role',
    denied:
      'what is denied, as `account:Write`; `account:OrganizationRead` leaves only what change tracking does not take. `RetrieveUserPrivileges` tells the same',
  },
};
