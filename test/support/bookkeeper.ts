import type { Simulators } from '@dealbridge/simulators';
import type { DocumentKind } from '../../src/deal/deal.js';
import { getToken } from './tokens.js';

const SETS = {
  invoice: ['salesInvoices', 'salesInvoiceLines'],
  order: ['salesOrders', 'salesOrderLines'],
  quote: ['salesQuotes', 'salesQuoteLines'],
} as const;

/** What people do in Business Central: through its API, and what the API does not offer through the admin routes. */
export function createBookkeeper(simulators: Simulators) {
  const { businessCentral, tenant, environment, businessCentralApp } = simulators.connection;
  let token: string | undefined;

  async function call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T> {
    token ??= await getToken(simulators.connection, businessCentralApp);
    const response = await fetch(`${businessCentral}/v2.0/${tenant}/${environment}/api/v2.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': '*' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async function companyPath(path: string): Promise<string> {
    const { value } = await call<{ value: { id: string }[] }>('GET', 'companies');
    return `companies(${value[0]?.id})/${path}`;
  }

  /** `POST /_sim/…`: see docs/simulators.md. */
  async function administer(path: string, body: object): Promise<void> {
    const response = await fetch(`${businessCentral}/_sim${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  return {
    deleteItem: (number: string) => administer('/items/delete', { number }),
    createItem: async (number: string, unitCode: string) =>
      call('POST', await companyPath('items'), {
        number,
        displayName: `Item ${number}`,
        type: 'Inventory',
        baseUnitOfMeasureCode: unitCode,
      }),
    blockItem: (number: string, blocked: boolean) => administer('/items/block', { number, blocked }),
    blockCustomer: (number: string, blocked: 'All' | '_x0020_') =>
      administer('/customers/block', { number, blocked: blocked === 'All' ? 'All' : ' ' }),
    setPostingPeriod: (from: string, to: string) =>
      administer('/setup', { allowPostingFrom: from, allowPostingTo: to }),
    readDraft: async (id: string) =>
      call<Record<string, unknown> & { salesInvoiceLines: Record<string, unknown>[] }>(
        'GET',
        await companyPath(`salesInvoices(${id})?$expand=salesInvoiceLines`),
      ),
    deleteDraft: async (id: string) => call('DELETE', await companyPath(`salesInvoices(${id})`)),
    deleteOrder: async (id: string) => call('DELETE', await companyPath(`salesOrders(${id})`)),
    /** Somebody works on the draft: another price on one of its lines. */
    editDraft: (id: string, sequence: number, unitPrice: string) =>
      administer('/invoices/edit-line', { id, sequence, unitPrice }),
    /** The warehouse posts all that is left of an order, or these quantities. */
    postOrder: (id: string, lines?: readonly { sequence: number; ship: string; invoice: string }[]) =>
      administer('/orders/post', { id, ...(lines && { lines }) }),
    /** Get Shipment Lines, or Combine Shipments: one invoice of what was shipped of these orders. */
    invoiceShipments: (...ids: readonly string[]) =>
      administer('/orders/invoice-shipments', { orders: ids.map((id) => ({ id })) }),
    /** Posts a prepayment invoice of an order. */
    postPrepayment: (id: string, percent: string) => administer('/orders/prepay', { id, percent }),
    deleteInvoicedOrder: (id: string) => administer('/orders/delete-invoiced', { id }),
    payInvoice: (id: string, amount?: string) => administer('/invoices/pay', { id, ...(amount && { amount }) }),
    postInvoice: async (id: string) => call('POST', await companyPath(`salesInvoices(${id})/Microsoft.NAV.post`)),
    releaseDraft: (id: string) => administer('/invoices/release', { id }),
    /** Somebody copies a document by hand, with the External Document No. that it has. */
    copyUnderKey: async (kind: DocumentKind, key: string) => {
      const [set, lines] = SETS[kind];
      const line = { lineType: 'Item', lineObjectNumber: 'EQ-1001', quantity: 1, unitPrice: 1 };
      const body = { customerNumber: 'C10001', externalDocumentNumber: key, [lines]: [line] };
      await call('POST', await companyPath(set), body);
    },
    /** Somebody presses Make Order or Make Invoice. */
    convertQuote: async (id: string, action: 'makeOrder' | 'makeInvoice' = 'makeOrder') =>
      call('POST', await companyPath(`salesQuotes(${id})/Microsoft.NAV.${action}`)),
    changeQuote: async (id: string, fields: object) => call('PATCH', await companyPath(`salesQuotes(${id})`), fields),
    deleteQuote: async (id: string) => call('DELETE', await companyPath(`salesQuotes(${id})`)),
    /** Another price on the first line of a quote or an order. */
    editPrice: async (set: 'salesQuotes' | 'salesOrders', id: string, unitPrice: number) => {
      const lines = set === 'salesQuotes' ? 'salesQuoteLines' : 'salesOrderLines';
      const { value } = await call<{ value: { id: string }[] }>('GET', await companyPath(`${set}(${id})/${lines}`));
      await call('PATCH', await companyPath(`${set}(${id})/${lines}(${value[0]?.id})`), { unitPrice });
    },
    /** The first line of a document becomes two, the second one of this quantity. */
    splitLine: async (kind: DocumentKind, id: string, quantity: number) => {
      const [set, lines] = SETS[kind];
      const path = await companyPath(`${set}(${id})/${lines}`);
      const { value } = await call<{ value: Record<string, string | number>[] }>('GET', path);
      const [line] = value;
      if (!line) throw new Error('no line');
      const { id: lineId, lineObjectNumber, unitOfMeasureCode, unitPrice } = line;
      await call('PATCH', `${path}(${lineId})`, { quantity: Number(line['quantity']) - quantity });
      const of = { lineType: 'Item', lineObjectNumber, ...(unitOfMeasureCode && { unitOfMeasureCode }) };
      await call('POST', path, { ...of, quantity, unitPrice });
    },
    /** Whatever else somebody types into the header, or into the first line. */
    editDocument: async (kind: DocumentKind, id: string, fields: object) =>
      call('PATCH', await companyPath(`${SETS[kind][0]}(${id})`), fields),
    editLine: async (kind: DocumentKind, id: string, fields: object) => {
      const [set, lines] = SETS[kind];
      const path = await companyPath(`${set}(${id})/${lines}`);
      const { value } = await call<{ value: { id: string }[] }>('GET', path);
      await call('PATCH', `${path}(${value[0]?.id})`, fields);
    },
    /** Another customer gets the bill. */
    setBillTo: async (kind: DocumentKind, id: string, billToCustomerNumber: string) =>
      call('PATCH', await companyPath(`${SETS[kind][0]}(${id})`), { billToCustomerNumber }),
    /** One of the few things that a posted invoice still takes (reference/business-central 4.6). */
    setDueDate: async (id: string, dueDate: string) =>
      call('PATCH', await companyPath(`salesInvoices(${id})`), { dueDate }),
    /** A credit memo by hand, posted: for the invoice that it names, or for whatever its lines say. */
    postCreditMemo: async (memo: { readonly customerId: string; readonly invoiceNumber?: string; amount: number }) => {
      const line = { lineType: 'Item', lineObjectNumber: 'EQ-1001', quantity: 1, unitPrice: memo.amount };
      const { invoiceNumber, customerId } = memo;
      const body = { customerId, ...(invoiceNumber && { invoiceNumber }), salesCreditMemoLines: [line] };
      const { id } = await call<{ id: string }>('POST', await companyPath('salesCreditMemos'), body);
      await call('POST', await companyPath(`salesCreditMemos(${id})/Microsoft.NAV.post`));
      return call<{ id: string; number: string; totalAmountIncludingTax: number; postingDate: string }>(
        'GET',
        await companyPath(`salesCreditMemos(${id})`),
      );
    },
    /** A credit memo that somebody typed and released, and nobody has posted. */
    releaseCreditMemo: async (memo: {
      readonly customerId: string;
      readonly invoiceNumber: string;
      amount: number;
    }) => {
      const { customerId, invoiceNumber, amount } = memo;
      const line = { lineType: 'Item', lineObjectNumber: 'EQ-1001', quantity: 1, unitPrice: amount };
      const body = { customerId, invoiceNumber, salesCreditMemoLines: [line] };
      const { id, number } = await call<{ id: string; number: string }>(
        'POST',
        await companyPath('salesCreditMemos'),
        body,
      );
      await administer('/credit-memos/release', { id });
      return { id, number };
    },
    postReleasedCreditMemo: async (id: string) =>
      call('POST', await companyPath(`salesCreditMemos(${id})/Microsoft.NAV.post`)),
    cancelCreditMemo: async (id: string) =>
      call('POST', await companyPath(`salesCreditMemos(${id})/Microsoft.NAV.cancel`)),
    cancelInvoice: async (id: string) => call('POST', await companyPath(`salesInvoices(${id})/Microsoft.NAV.cancel`)),
  };
}
