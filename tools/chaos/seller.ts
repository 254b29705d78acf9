import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulators } from '@dealbridge/simulators';
import { isNumberOf } from '../../src/deal/document-number.js';

/** What sellers click in Sales, through its API; no fault is planned for these requests. */
export interface Seller {
  winOpportunity(id: string): Promise<void>;
  winQuote(id: string): Promise<void>;
  submitOrder(id: string): Promise<void>;
  /** Makes an active quote of an opportunity. */
  offer(opportunity: string): Promise<string>;
  /** Makes an order of a won quote. */
  order(quote: string): Promise<string>;
  /** One line more, of so much. */
  addLine(order: string, price: number): Promise<void>;
  /** The order loses what {@link Seller.addLine} added, and is submitted again. */
  takeBack(order: string): Promise<void>;
  cancelOrder(order: string): Promise<void>;
  /** A submitted order comes to so much more, and is submitted again. */
  addToSubmitted(order: string, price: number): Promise<void>;
  /** A won opportunity is open again. */
  reopen(opportunity: string): Promise<void>;
  /** A won opportunity is lost after all. */
  loseWon(opportunity: string): Promise<void>;
  correctNumber(account: string, number: string): Promise<void>;
  giveDiscount(opportunity: string, amount: number): Promise<void>;
  pause(ms: number): Promise<void>;
  /** Waits until Business Central has a document of the record: whoever comes later finds it handed over. */
  untilDrafted(recordId: string, patienceMs?: number): Promise<void>;
}

/** Then the click comes anyway; whose deal it is does not depend on it. */
const PATIENCE_MS = 60_000;

const ADDED = 'More of the same';

export async function createSeller({ connection, businessCentral, dataverse: { store } }: Simulators): Promise<Seller> {
  const { dataverse, entra, tenant, dataverseApp, salesPersonId } = connection;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: dataverseApp.clientId,
    client_secret: dataverseApp.clientSecret,
    scope: dataverseApp.scope,
  });
  const answer = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
  const { access_token: token } = (await answer.json()) as { access_token: string };

  async function call(method: string, path: string, body: object): Promise<Record<string, string>> {
    const response = await fetch(`${dataverse}/api/data/v9.2/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-match': '*',
        mscrmcallerid: salesPersonId,
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
  }

  /** The query tells it from what Dealbridge writes to an order, which has its faults. */
  async function setState(order: string, statecode: number, statuscode: number): Promise<void> {
    await call('PATCH', `salesorders(${order})?$select=salesorderid`, { statecode, statuscode });
  }

  async function addLine(order: string, price: number): Promise<void> {
    // Only orders that were made of a quote have the quote's prices.
    if (store.find('salesorder', order)?.['ispricelocked'] === true)
      await call('POST', 'UnlockSalesOrderPricing', { SalesOrderId: order });
    await call('POST', 'salesorderdetails', {
      'salesorderid@odata.bind': `/salesorders(${order})`,
      isproductoverridden: true,
      productdescription: ADDED,
      quantity: 1,
      priceperunit: price,
    });
  }

  async function reopen(opportunity: string): Promise<void> {
    await call('PATCH', `opportunities(${opportunity})?$select=opportunityid`, { statecode: 0, statuscode: 1 });
  }

  return {
    async winOpportunity(id) {
      const close = { subject: 'Won', 'opportunityid@odata.bind': `/opportunities(${id})` };
      await call('POST', 'WinOpportunity', { Status: 3, OpportunityClose: close });
    },
    async winQuote(id) {
      const close = { subject: 'Won', 'quoteid@odata.bind': `/quotes(${id})` };
      await call('POST', 'WinQuote', { Status: 4, QuoteClose: close });
    },
    async submitOrder(id) {
      await setState(id, 1, 3);
    },
    async offer(opportunity) {
      const columns = { AllColumns: false, Columns: ['quoteid'] };
      const made = await call('POST', 'GenerateQuoteFromOpportunity', {
        OpportunityId: opportunity,
        ColumnSet: columns,
      });
      await call('PATCH', `quotes(${made['quoteid']})`, { statecode: 1, statuscode: 2 });
      return String(made['quoteid']);
    },
    async order(quote) {
      const columns = { AllColumns: false, Columns: ['salesorderid'] };
      const made = await call('POST', 'ConvertQuoteToSalesOrder', { QuoteId: quote, ColumnSet: columns });
      return String(made['salesorderid']);
    },
    addLine,
    async cancelOrder(order) {
      const close = { subject: 'Canceled', 'salesorderid@odata.bind': `/salesorders(${order})` };
      await call('POST', 'CancelSalesOrder', { Status: 4, OrderClose: close });
    },
    async addToSubmitted(order, price) {
      await setState(order, 0, 1);
      await addLine(order, price);
      await setState(order, 1, 3);
    },
    reopen,
    async loseWon(opportunity) {
      await reopen(opportunity);
      const close = { subject: 'Lost', 'opportunityid@odata.bind': `/opportunities(${opportunity})` };
      await call('POST', 'LoseOpportunity', { Status: 4, OpportunityClose: close });
    },
    async takeBack(order) {
      await setState(order, 0, 1);
      for (const line of store.children('salesorderdetail', 'salesorderid', order)) {
        if (line['productdescription'] !== ADDED) continue;
        await call('DELETE', `salesorderdetails(${line['salesorderdetailid']})`, {});
      }
      await setState(order, 1, 3);
    },
    async correctNumber(account, number) {
      await call('PATCH', `accounts(${account})?$select=accountid`, { accountnumber: number });
    },
    async giveDiscount(opportunity, amount) {
      await call('PATCH', `opportunities(${opportunity})?$select=opportunityid`, { discountamount: amount });
    },
    pause: (ms) => sleep(ms),
    async untilDrafted(recordId, patienceMs = PATIENCE_MS) {
      const isThere = () =>
        [...businessCentral.company.invoices.values()].some(({ row }) =>
          isNumberOf(String(row['externalDocumentNumber']), recordId),
        );
      for (const until = Date.now() + patienceMs; !isThere() && Date.now() < until; ) await sleep(200);
    },
  };
}
