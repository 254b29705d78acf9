import { entityOf } from './entities.js';
import { BcError, dialog, fieldInvalid, noSegment } from './errors.js';
import { checkCustomer, createDocument, keepDocument } from './headers.js';
import { KINDS } from './kinds.js';
import { postDraft, shipAndInvoice } from './posting.js';
import type { Company, DocumentKind, Row, SalesDocument } from './store.js';
import { big, computeTotals, isFullyShipped } from './totals.js';
import { NO_DATE } from './values.js';

/** The bound actions of reference/business-central 4.1; there are no others. All answer 204. */
const ACTIONS: Readonly<
  Record<DocumentKind, Readonly<Record<string, (company: Company, document: SalesDocument) => void>>>
> = {
  invoice: {
    post: postDraft,
    postandsend: (company, document) => {
      postDraft(company, document);
      // Posted and committed: the mail that fails now answers 400 all the same (reference/business-central 4.7).
      send(company, document);
    },
    send,
    cancel,
    cancelandsend: (company, document) => {
      cancel(company, document);
      send(company, document);
    },
    makecorrectivecreditmemo: (company, document) => void correct(company, document),
  },
  order: { shipandinvoice: shipAndInvoice },
  quote: {
    makeorder: (company, document) => convert(company, document, 'order'),
    makeinvoice: (company, document) => convert(company, document, 'invoice'),
    send: (company, document) => {
      send(company, document);
      Object.assign(document.row, { status: 'Sent', sentDate: company.clock.date().toISOString() });
      company.touch(document.row, 'salesQuotes', 'updated');
    },
  },
  creditMemo: {
    post: postDraft,
    postandsend: (company, document) => {
      postDraft(company, document);
      send(company, document);
    },
    send: (company, document) => {
      if (!document.isPosted) throw dialog(POSTED_CREDIT_MEMO_ONLY);
      send(company, document);
    },
    cancel: cancelCreditMemo,
    cancelandsend: (company, document) => {
      cancelCreditMemo(company, document);
      send(company, document);
    },
  },
};

export function act(company: Company, document: SalesDocument, name: string): number {
  const action = ACTIONS[document.kind][name.replace(/^microsoft\.nav\./i, '').toLowerCase()];
  if (!/^microsoft\.nav\./i.test(name) || !action) throw noSegment(name);
  // Nothing is left of it: the order that was only shipped answers 200, everything else 204.
  return (action(company, document) as unknown) === 'updated' ? 200 : 204;
}

const POSTED_CREDIT_MEMO_ONLY = 'The action can be applied to a posted credit memo only.';

/** The page of credit memos writes "cancelled" where that of invoices writes "canceled". */
function cancelCreditMemo(company: Company, document: SalesDocument): void {
  if (!document.isPosted) throw dialog(POSTED_CREDIT_MEMO_ONLY);
  if (document.isCancelled) throw dialog('The credit memo cannot be cancelled because it has already been canceled.');
  document.isCancelled = true;
  document.row['status'] = 'Canceled';
  company.touch(document.row, 'salesCreditMemos', 'updated');
}

function send(company: Company, document: SalesDocument): void {
  if (document.row['email'] === '') {
    throw dialog(
      'The send-to email is empty. Specify email either for the customer or for the invoice in email preview.',
    );
  }
  if (!company.setup.mailIsSetUp)
    throw dialog('You must set up at least one email account before you can send emails.');
}

/** A corrective credit memo is made and posted; the invoice is closed by it. */
function cancel(company: Company, document: SalesDocument): void {
  if (!document.isPosted) throw dialog('The action can be applied to a posted invoice only.');
  if (document.isCancelled) throw dialog('The invoice cannot be canceled because it has already been canceled.');
  if (!big(document.row['remainingAmount']).eq(big(document.row['totalAmountIncludingTax']))) {
    throw dialog(
      'You cannot cancel this posted sales invoice because it is fully or partially paid.\r\nTo reverse a paid sales invoice, you must manually create a sales credit memo.',
    );
  }
  const memo = correct(company, document);
  try {
    postDraft(company, memo);
  } catch (error) {
    if (!(error instanceof BcError)) throw error;
    throw dialog(
      `Canceling the invoice failed because of the following error: \r\n${error.message}\r\nA credit memo is created but not posted.`,
    );
  }
  memo.row['status'] = 'Corrective';
  document.isCancelled = true;
  Object.assign(document.row, { status: 'Canceled', remainingAmount: '0' });
  company.touch(document.row, 'salesInvoices', 'updated');
  giveBack(company, document);
}

/**
 * What it invoiced of an order that is still there is to be shipped and invoiced again (microsoft/BCApps:
 * CorrectPostedSalesInvoice.Codeunit.al, UpdateSalesOrderLinesFromCancelledInvoice).
 */
function giveBack(company: Company, invoice: SalesDocument): void {
  const order = company.documents.order.get(String(invoice.row['orderId']));
  if (!order) return;
  company.protect(order);
  for (const line of order.lines) {
    const cancelled = invoice.lines.find(({ sequence }) => sequence === line.sequence);
    if (!cancelled) continue;
    for (const field of ['shippedQuantity', 'invoicedQuantity'])
      line[field] = big(line[field]).minus(big(cancelled['quantity'])).toFixed();
    const toShip = big(line['quantity']).minus(big(line['shippedQuantity']));
    const toInvoice = toShip.plus(big(line['shippedQuantity'])).minus(big(line['invoicedQuantity']));
    Object.assign(line, { shipQuantity: toShip.toFixed(), invoiceQuantity: toInvoice.toFixed() });
    company.touch(line);
  }
  order.row['fullyShipped'] = isFullyShipped(order);
  company.touch(order.row, 'salesOrders', 'updated');
}

function correct(company: Company, document: SalesDocument): SalesDocument {
  if (!document.isPosted) throw dialog('The action can be applied to a posted invoice only.');
  const remaining = big(document.row['remainingAmount']);
  if (remaining.eq(0))
    throw dialog('The invoice is closed. The corrective credit memo will not be applied to the invoice.');
  if (remaining.lt(big(document.row['totalAmountIncludingTax']))) {
    throw dialog(
      'The invoice is partially paid or credited. The corrective credit memo may not be fully closed by the invoice.',
    );
  }
  const memo = copy(company, document, 'creditMemo');
  Object.assign(memo.row, { invoiceId: document.row['id'], invoiceNumber: document.row['number'] });
  return memo;
}

/**
 * The quote disappears; order or invoice get ids and numbers of their own, and all the rest from it (reference/business-central
 * 4.9). Neither its status nor its last day of validity is asked for.
 */
function convert(company: Company, quote: SalesDocument, kind: 'order' | 'invoice'): void {
  const customer = company.find('customers', String(quote.row['customerId']));
  // Whoever makes an invoice is checked as for the quote, so that a customer who is blocked for shipping gets none.
  if (customer) checkCustomer(company, customer, kind === 'order' ? 'order' : 'quote', 'create');
  for (const line of quote.lines) checkItem(company, line);
  const made = copy(company, quote, kind);
  made.row[KINDS[kind].dateField] = quote.row['documentDate'] ?? NO_DATE;
  made.row['postingDate'] = postingDateOf(company, quote);
  for (const file of company.all('documentAttachments'))
    if (file['parentId'] === quote.row['id'])
      Object.assign(file, { parentId: made.row['id'], parentType: KINDS[kind].parentType });
  const id = String(quote.row['id']);
  company.documents.quote.delete(id);
  company.remember(() => company.documents.quote.set(id, quote));
  company.announce({ set: 'salesQuotes', id, type: 'deleted', at: company.clock.now() });
}

function checkItem(company: Company, line: SalesDocument['lines'][number]): void {
  const number = String(line['lineObjectNumber']);
  const item = line['lineType'] === 'Item' ? company.findByNumber('items', number) : undefined;
  if (item?.['blocked'] === true)
    throw fieldInvalid(`Blocked must be equal to 'No' in Item: No.=${number}. Current value is 'Yes'.`);
}

function postingDateOf({ setup, clock }: Company, { row }: SalesDocument): string {
  if (setup.postingDateDefault === 'No Date') return NO_DATE;
  const ofQuote = String(row['postingDate']);
  return ofQuote === NO_DATE ? clock.today() : ofQuote;
}

function copy(company: Company, from: SalesDocument, kind: DocumentKind): SalesDocument {
  const made = createDocument(company, kind, { customerId: from.row['customerId'] });
  const { id, number, status } = made.row;
  const entity = entityOf(KINDS[kind].set);
  for (const field of entity.fields.values()) {
    const value = from.row[field.name];
    if (value !== undefined && field.name !== 'postingDate') made.row[field.name] = value;
  }
  Object.assign(made.row, { id, number, status });
  const lineEntity = entityOf(KINDS[kind].lineSet);
  made.lines = from.lines.map((line) => {
    const row: Row = {};
    for (const field of lineEntity.fields.values())
      row[field.name] = line[field.name] ?? (field.kind === 'decimal' ? '0' : '');
    const rest =
      kind === 'order'
        ? {
            shippedQuantity: '0',
            invoicedQuantity: '0',
            shipQuantity: line['quantity'] ?? '0',
            invoiceQuantity: line['quantity'] ?? '0',
          }
        : {};
    const copied = { ...row, ...rest, id: crypto.randomUUID(), documentId: String(id), sequence: line.sequence };
    company.touch(copied);
    return copied;
  });
  for (const [fromId, rows] of from.dimensions) {
    const parentId = made.lines[from.lines.findIndex((line) => line.id === fromId)]?.id ?? String(id);
    const parentType = `${KINDS[kind].parentType}${parentId === id ? '' : '_x0020_Line'}`;
    made.dimensions.set(
      parentId,
      rows.map((row) => ({ ...row, parentId, parentType })),
    );
  }
  made.manualDiscount = from.manualDiscount;
  computeTotals(company, made);
  keepDocument(company, made);
  return made;
}
