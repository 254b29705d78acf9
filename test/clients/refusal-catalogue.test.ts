import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toFailure } from '../../src/activities/remote/failures.js';
import { createBusinessCentralTransport } from '../../src/clients/business-central/transport.js';
import { createDataverseTransport } from '../../src/clients/dataverse/transport.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import type { HttpRequest, HttpTransport } from '../../src/clients/http/transport.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { REMOTE_ERRORS, type RemoteErrorCode } from '../../src/deal/error-codes.js';
import { REFUSED } from '../../src/deal/failure-types.js';
import { HOLDS, type HoldOwner, type HoldReason } from '../../src/deal/holds.js';

/**
 * What each code of both catalogues (reference/business-central 10.2, reference/dataverse-sales 1.5 and 10.3) leads to: it
 * is repeated, or it is a hold with a reason, an owner and an advice. Asked over real HTTP, as the clients ask.
 */

const ID = '0a1b2c3d-0000-4000-8000-00000000000a';
const OTHER = '0a1b2c3d-0000-4000-8000-00000000000b';

const write = (method: 'POST' | 'PATCH' | 'DELETE', path: string): HttpRequest => ({
  method,
  path,
  asked: 'ask something',
  context: REPEATABLE,
});
const post = write('POST', `salesInvoices(${ID})/Microsoft.NAV.post`);
const create = write('POST', 'salesInvoices?$expand=salesInvoiceLines');
const read: HttpRequest = { method: 'GET', path: `salesInvoices(${ID})?$expand=salesInvoiceLines`, asked: 'ask' };
const list: HttpRequest = { method: 'GET', path: "customers?$filter=number%20eq%20'X'", asked: 'ask' };

/** `repeated`: Temporal asks again. Else the deal is held for this reason, and this person clears it. */
type Outcome = 'repeated' | `${HoldReason} · ${HoldOwner}`;
type Row = readonly [
  code: string,
  status: number,
  text: string,
  asked: HttpRequest,
  verdict: RemoteErrorCode,
  outcome: Outcome,
];

const finance = 'refused-by-business-central · finance' as const;
const request = 'request-refused · IT' as const;
/** What people meet most: one code, and the text alone tells what it is about. */
const dialog = (text: string, asked: HttpRequest, outcome: Outcome): Row => [
  'Application_DialogException',
  400,
  text,
  asked,
  'rejected',
  outcome,
];
const series = 'number-series · master data' as const;
const value = 'value-refused · master data' as const;
const newCustomer = write('POST', 'customers');
const BUSINESS_CENTRAL: readonly Row[] = [
  dialog('You may not enter numbers manually. Please activate Manual Nos. in No. Series CUST.', newCustomer, series),
  dialog('Invoice Nos. must have a value in Sales & Receivables Setup: Primary Key=.', create, series),
  dialog('You cannot assign new numbers from the number series S-INV on 11/28/2026.', create, series),
  dialog('The email address "office" is not valid.', newCustomer, value),
  dialog('Phone No. must not contain letters.', newCustomer, value),
  dialog(
    "Direct Posting must be equal to 'Yes' in G/L Account: No.=8400. Current value is 'No'.",
    create,
    'posting-setup · finance',
  ),
  dialog('Account does not exist.', create, 'code-unknown · master data'),
  dialog('The total amount for the invoice must be 0 or greater.', post, 'total-negative · seller'),
  dialog(
    "Amount must be positive in Gen. Journal Line: Journal Template Name='', Journal Batch Name='', Line No.='0'.",
    post,
    'total-negative · seller',
  ),
  dialog('The maximum Invoice Discount Amount that you can apply is 100.', create, 'discount-not-allowed · seller'),
  dialog(
    'Cannot apply an invoice discount because the document does not include lines where the Allow Invoice Disc. field is selected.',
    create,
    'discount-not-allowed · seller',
  ),
  ['BadRequest', 400, 'Invalid Request Body', create, 'rejected', request],
  ['BadRequest_InvalidRequestUrl', 400, 'The URL cannot be parsed.', list, 'rejected', request],
  ['BadRequest_NotFound', 404, 'Bad Request - Error in query syntax', read, 'not-found', 'draft-gone · finance'],
  ['BadRequest_NotFound', 404, 'Bad Request - Error in query syntax', list, 'rejected', request],
  ['BadRequest_ResourceNotFound', 404, "Resource not found for the segment 'xyz'.", read, 'rejected', request],
  ['BadRequest_ResourceNotFound', 404, `No resource ${ID}`, read, 'not-found', 'draft-gone · finance'],
  ['BadRequest_InvalidOperation', 400, "Control 'number' is read-only.", create, 'rejected', request],
  ['BadRequest_InvalidToken', 400, 'Could not validate the token.', write('PATCH', 'x'), 'rejected', request],
  [
    'BadRequest_RequiredParamNotProvided',
    400,
    "Field 'Name' must not be blank or empty.",
    create,
    'rejected',
    'value-missing · seller',
  ],
  ['BadRequest_MethodNotAllowed', 405, 'Not allowed.', create, 'rejected', request],
  ['BadRequest_MethodNotImplemented', 501, 'Not implemented.', create, 'rejected', request],
  ['Request_EntityChanged', 409, 'Another user has already changed the record.', post, 'conflict', 'repeated'],
  ['Request_EntityChanged', 400, 'Another user has already changed the record.', post, 'conflict', 'repeated'],
  [
    'Internal_RecordNotFound',
    404,
    `The Sales Invoice Entity Aggregate does not exist. Identification fields and values: Id='{${ID.toUpperCase()}}'`,
    post,
    'not-found',
    'draft-gone · finance',
  ],
  [
    'Internal_RecordNotFound',
    400,
    "The Sales Header does not exist. Identification fields and values: Document Type='Invoice',No.='S-1'",
    post,
    'not-found',
    'draft-gone · finance',
  ],
  [
    'Internal_RecordNotFound',
    404,
    "The VAT Posting Setup does not exist. Identification fields and values: VAT Bus. Posting Group='EU',VAT Prod. Posting Group='FULL'",
    post,
    'rejected',
    'posting-setup · finance',
  ],
  [
    'Internal_RecordNotFound',
    400,
    "The General Posting Setup does not exist. Identification fields and values: Gen. Bus. Posting Group='EU'",
    post,
    'rejected',
    'posting-setup · finance',
  ],
  [
    'Internal_RecordNotFound',
    404,
    "The Customer does not exist. Identification fields and values: No.='C1'",
    create,
    'rejected',
    'customer-gone · master data',
  ],
  [
    'Internal_RecordNotFound',
    404,
    "The Item does not exist. Identification fields and values: No.='1000'",
    post,
    'rejected',
    'item-missing · master data',
  ],
  [
    'Internal_RecordNotFound',
    404,
    `The Customer does not exist. Identification fields and values: SystemId='{${ID}}'`,
    { ...read, path: `customers(${ID})` },
    'not-found',
    'customer-gone · master data',
  ],
  [
    'Internal_RecordNotFound',
    404,
    `The Item does not exist. Identification fields and values: SystemId='{${ID}}'`,
    { ...read, path: `items(${ID})` },
    'not-found',
    'item-gone · master data',
  ],
  [
    'Internal_DataNotFoundFilter',
    404,
    'There is no Currency Exchange Rate within the filter. Filters: Currency Code: KWD',
    post,
    'rejected',
    'posting-setup · finance',
  ],
  [
    'Internal_DataNotFoundFilter',
    400,
    'There is no Customer within the filter. Filters: No.: C1',
    create,
    'rejected',
    'customer-gone · master data',
  ],
  [
    'Internal_InvalidTableRelation',
    400,
    'The field Payment Terms Code of table Customer contains a value (9) that cannot be found in the related table (Payment Terms).',
    create,
    'rejected',
    'code-unknown · master data',
  ],
  [
    'Internal_EntityWithSameKeyExists',
    400,
    "The record in table Customer already exists. Identification fields and values: No.='C-1'",
    write('POST', 'customers'),
    'taken',
    'number-taken · master data',
  ],
  [
    'Internal_EntityWithSameKeyExists',
    409,
    "The Customer already exists. Identification fields and values: No.='C-1'",
    write('POST', 'customers'),
    'taken',
    'number-taken · master data',
  ],
  ['Internal_ServerError', 500, 'An error occurred.', post, 'unknown-outcome', 'repeated'],
  ['Internal_ServerError', 409, 'Your changes were not saved.', post, 'locked', 'repeated'],
  ['Internal_ServerError', 400, 'An error occurred.', post, 'rejected', finance],
  ['Internal_CompanyNotFound', 404, `The company '${ID}' cannot be found.`, read, 'rejected', 'company-unknown · IT'],
  ['NoEnvironment', 404, "Environment 'x' does not exist.", read, 'unavailable', 'repeated'],
  ['Internal_TenantUnavailable', 503, 'The tenant is being upgraded.', read, 'unavailable', 'repeated'],
  ['Internal_TenantUnavailable', 400, 'The tenant is being upgraded.', read, 'unavailable', 'repeated'],
  ['Application_DialogException', 400, 'A rule of the customer says no.', post, 'rejected', finance],
  [
    'Application_DialogException',
    400,
    'Posting Date is not within your range of allowed posting dates.',
    post,
    'rejected',
    'period-closed · finance',
  ],
  ['Application_DialogException', 400, 'Please retry the activity.', post, 'locked', 'repeated'],
  [
    'Application_DialogException',
    400,
    'You do not have permissions to read Sales Orders.',
    list,
    'forbidden',
    'permission · IT',
  ],
  [
    'Application_FieldValidationException',
    400,
    'Customer Posting Group must have a value in Customer: No.=C00690. It cannot be zero or empty.',
    create,
    'rejected',
    'customer-setup · master data',
  ],
  [
    'Application_FieldValidationException',
    400,
    "Status must be equal to 'Open' in Sales Header: No.=1. Current value is 'Released'.",
    post,
    'rejected',
    finance,
  ],
  ['Application_EvaluateException', 400, 'The value cannot be evaluated.', create, 'rejected', request],
  ['Application_StringExceededLength', 400, 'The length is 57.', create, 'rejected', 'value-too-long · seller'],
  ['Application_InvalidGUID', 400, 'Not a GUID.', create, 'rejected', request],
  ['Application_CallbackNotAllowed', 400, 'A dialog was opened.', post, 'rejected', request],
  ['Application_FilterErrorException', 400, 'The filter is invalid.', list, 'rejected', request],
  ['Application_TooManyRequests', 429, 'Too many requests reached.', list, 'throttled', 'repeated'],
  ['Authentication_InvalidCredentials', 401, 'Rejected.', list, 'unauthorized', 'repeated'],
  ['Authorization_Denied', 403, 'Denied.', list, 'forbidden', 'permission · IT'],
  ['Authorization_Denied', 400, 'Denied.', list, 'forbidden', 'permission · IT'],
  ['Unknown', 400, 'Not an option.', create, 'rejected', request],
  ['', 404, '', read, 'unavailable', 'repeated'],
  ['', 403, '', create, 'unavailable', 'repeated'],
  ['', 400, '', create, 'unavailable', 'repeated'],
];

const row = write('PATCH', `invoices(${ID})?$select=invoicenumber`);
const insert = write('POST', 'invoices?$select=invoicenumber');
const readDeal: HttpRequest = { method: 'GET', path: `salesorders(${ID})?$select=name`, asked: 'read' };
const sales = 'refused-by-sales · IT' as const;
const privilege = 'permission · IT' as const;
const refused = (codes: string, status = 400): Row[] =>
  codes.split(' ').map((code) => [code, status, 'No.', insert, 'rejected', sales]);
const forbidden = (codes: string): Row[] =>
  codes.split(' ').map((code) => [code, 403, 'No.', readDeal, 'forbidden', privilege]);
const unauthorized = (codes: string): Row[] =>
  codes.split(' ').map((code) => [code, 401, 'No.', readDeal, 'unauthorized', 'repeated']);
const away = (codes: string): Row[] =>
  codes.split(' ').flatMap((code): Row[] => [
    [code, 503, 'Busy.', insert, 'unavailable', 'repeated'],
    [code, 400, 'Busy.', insert, 'unavailable', 'repeated'],
    // Of a 500 nobody knows whether the row was written (I3).
    [code, 500, 'Busy.', insert, 'unknown-outcome', 'repeated'],
  ]);
const taken = (codes: string): Row[] =>
  codes.split(' ').flatMap((code): Row[] => [
    [code, 412, 'A record with matching key values already exists.', insert, 'taken', 'number-taken · master data'],
    [code, 412, 'A record with matching key values already exists.', row, 'taken', 'number-taken · master data'],
  ]);

const DATAVERSE: readonly Row[] = [
  ['0x80040217', 404, `salesorder With Id = ${ID} Does Not Exist`, readDeal, 'not-found', 'record-gone · seller'],
  ['0x80040217', 404, `invoice With Id = ${ID} Does Not Exist`, row, 'not-found', 'invoice-row-gone · finance'],
  ['0x80040217', 404, `transactioncurrency With Id = ${OTHER} Does Not Exist`, row, 'rejected', sales],
  ['0x80040217', 404, `account With Id = ${OTHER} Does Not Exist`, insert, 'rejected', sales],
  [
    '0x80060891',
    404,
    'A record with the specified key values does not exist.',
    readDeal,
    'not-found',
    'record-gone · seller',
  ],
  ['0x80060888', 404, "Resource not found for the segment 'x'.", readDeal, 'rejected', sales],
  ['', 404, '', readDeal, 'unavailable', 'repeated'],
  ['', 404, '', { ...readDeal, path: "EntityDefinitions(LogicalName='quote')" }, 'unavailable', 'repeated'],
  ['', 403, '', insert, 'unavailable', 'repeated'],
  ['', 400, '', insert, 'unavailable', 'repeated'],
  ['', 412, '', insert, 'conflict', 'repeated'],
  [
    '0x80060888',
    404,
    'Could not find an attribute with name bc_x.',
    { ...readDeal, path: "EntityDefinitions(LogicalName='quote')/Attributes(LogicalName='bc_x')" },
    'not-found',
    sales,
  ],
  ...taken('0x80040237 0x80060892 0x80040333'),
  ['0x80043b06', 400, 'The product number exists.', insert, 'taken', 'number-taken · master data'],
  ['', 412, 'Duplicate.', insert, 'taken', 'number-taken · master data'],
  ['0x80060882', 412, 'The version does not match.', row, 'conflict', 'repeated'],
  ...forbidden('0x80040220 0x80040231 0x80040256 0x80048405 0x8004020d 0x80072560 0x80040225 0x80042f09 0x8004d24b'),
  ...forbidden('0x80095ffc 0x8004a110 0x8004f504 0x8004f507 0x8004f502'),
  ...unauthorized('0x8004a100 0x8004a101 0x8004a102 0x80040204 0x80044300 0x80044302 0x80041d52 0x8005f101'),
  ...['0x80072322', '0x80072321', '0x80072326'].map(
    (code): Row => [code, 429, 'Too many.', insert, 'throttled', 'repeated'],
  ),
  ...away('0x80072324 0x8004a001 0x80060916 0x80060917 0x80071154 0x8004418d 0x8004418e'),
  ['0x8004a104', 403, 'The organization is disabled.', readDeal, 'unavailable', 'repeated'],
  ...[
    '0x80044150',
    '0x80044151',
    '0x80040224',
    '0x80040216',
    '0x80044171',
    '0x80044172',
    '0x80044173',
    '0x80081111',
  ].map((code): Row => [code, 500, 'Failed.', insert, 'unknown-outcome', 'repeated']),
  ...refused('0x80060890 0x80040203 0x80040200 0x80048d19 0x80041103 0x80044331 0x80044330 0x8004432f 0x8004431a'),
  ...refused('0x80040239 0x80048408 0x8004022e 0x80043b09 0x80040228 0x80100000 0x80100001 0x80100003 0x80100005'),
  ...refused('0x80040515 0x80040516 0x8004051a 0x80048d00 0x80040517 0x80040504 0x80040505 0x80043afa 0x80043afb'),
  ...refused('0x80043b05 0x80043b07 0x80043b08 0x80043b0d 0x80043b11 0x80043b12 0x80043b10 0x80043b14 0x80043b16'),
  ...refused('0x80043b0b 0x80043b1d 0x80043b1e 0x80048cea 0x80048ced 0x80048cee 0x80048cef 0x80048cf6 0x80048cfb'),
  ...refused('0x80048cfc 0x8004480e 0x80048479 0x80061007 0x80061008 0x80061009 0x8004f902 0x80040265 0x80060883'),
  ...refused('0x8006088d 0x80044352 0x80072491 0x8004023b 0x80100008 0x8004e023 0x8004430a'),
  ...refused('0x80040227 0x80040315', 405),
  ...refused('0x8004418a', 413),
];

let server: Server;
let answer: (response: ServerResponse) => void;
const transports: { api: string; rows: readonly Row[]; http?: HttpTransport }[] = [
  { api: 'Business Central', rows: BUSINESS_CENTRAL },
  { api: 'Dataverse', rows: DATAVERSE },
];

beforeAll(async () => {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const environmentUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { environmentUrl, tokens: { getToken: async () => 'token' }, timeoutMs: 2_000 };
  const [businessCentral, dataverse] = transports;
  if (businessCentral) businessCentral.http = createBusinessCentralTransport(options, 'companies(1)/', 2);
  if (dataverse) dataverse.http = createDataverseTransport(options, 2);
});
afterAll(async () => {
  for (const { http } of transports) await http?.close();
  await new Promise((resolve) => server.close(resolve));
});

for (const transport of transports) {
  describe(`what ${transport.api} refuses`, () => {
    it.each(transport.rows)('%s with %i: %s', async (code, status, message, asked, verdict, outcome) => {
      answer = (response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(code === '' && message === '' ? '<html>' : JSON.stringify({ error: { code, message } }));
      };
      const error = await transport.http?.send(asked).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RemoteApiError);
      expect((error as RemoteApiError).code).toBe(verdict);
      expect(describeOutcome(toFailure(error))).toBe(outcome);
      expect(REMOTE_ERRORS[verdict].nextStep).not.toBe('');
    });
  });
}

describe('the catalogue of the tests', () => {
  it('has each code of the reference', () => {
    const catalogue = section('business-central', '### 10.2 Catalogue');
    const codes = [...catalogue.matchAll(/^\| ([A-Z]\w+)/gm)]
      .map(([, code]) => code)
      .filter((code) => code !== 'Class');
    expect(codes.length).toBeGreaterThan(25);
    const known = new Set(BUSINESS_CENTRAL.map(([code]) => code.replace(/^Authorization_.*/, 'Authorization_')));
    expect(codes.filter((code) => code !== undefined && !known.has(code))).toEqual([]);

    const sales = section('dataverse-sales', '### 10.3 Catalogue') + section('dataverse-sales', '### 1.5 401 and 403');
    const hex = [...sales.matchAll(/0x8[0-9A-Fa-f]{7}/g)].map(([code]) => code.toLowerCase());
    expect(hex.length).toBeGreaterThan(90);
    const tested = new Set(DATAVERSE.map(([code]) => code));
    // 0x800502xx is how a webhook of ours failed: read in system jobs, never answered to a request.
    expect(hex.filter((code) => !tested.has(code) && !code.startsWith('0x800502'))).toEqual([]);
  });
});

function describeOutcome(failure: unknown): Outcome {
  if (!(failure instanceof ApplicationFailure) || failure.type !== REFUSED) return 'repeated';
  const [{ reason }] = failure.details as [{ reason: HoldReason }];
  expect(failure.nonRetryable).toBe(true);
  expect(HOLDS[reason].nextStep).toMatch(/\.$/);
  return `${reason} · ${HOLDS[reason].owner}`;
}

function section(page: string, heading: string): string {
  const text = readFileSync(`docs/reference/${page}.md`, 'utf8');
  const start = text.indexOf(heading);
  expect(start).toBeGreaterThan(0);
  return text.slice(start, text.indexOf('\n###', start + 1) === -1 ? undefined : nextHeading(text, start));
}

function nextHeading(text: string, start: number): number {
  const next = /\n##/.exec(text.slice(start + 1));
  return next ? start + 1 + next.index : text.length;
}
