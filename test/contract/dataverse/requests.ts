import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Answer, type Ask, type Asking, openAsking } from '../ask.js';

export interface DataverseUnderTest {
  /** `https://…/api/data/v9.2` */
  readonly root: string;
  readonly token: string;
  /** An active product with its unit, price list and currency. */
  readonly product: {
    readonly id: string;
    readonly unitId: string;
    readonly priceListId: string;
    readonly currencyId: string;
  };
  /** It goes on after the suite: what the suite creates is deleted again. */
  readonly isKept?: boolean;
  close(): Promise<void>;
}

export const REPRESENTATION = { prefer: 'return=representation' };

export type DataverseRequests = ReturnType<typeof openRequests>;

/** What every part of the contract asks with; the organization is opened once, before the first test. */
export function openRequests(open: () => Promise<DataverseUnderTest>) {
  let opened: DataverseUnderTest | undefined;
  let asking: Asking | undefined;
  beforeAll(async () => {
    opened = await open();
    asking = openAsking(opened.root, opened.token);
  });
  afterAll(async () => {
    if (opened?.isKept) await asking?.clear();
    await opened?.close();
  });

  const tenant = (): DataverseUnderTest => {
    if (!opened) throw new Error('the organization is opened before the first test');
    return opened;
  };
  const ask: Ask = (...args) => {
    if (!asking) throw new Error('the organization is opened before the first test');
    return asking.ask(...args);
  };
  const made = (path: string): void => asking?.made(path);
  const code = ({ body }: Answer): string => body.error.code.toLowerCase();

  async function account(more: object = {}): Promise<Answer['body']> {
    const { status, body } = await ask('POST', 'accounts', { name: `Test ${randomUUID()}`, ...more }, REPRESENTATION);
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  }

  const line = (more: object = {}) => ({
    quantity: 2,
    priceperunit: 10.5,
    ispriceoverridden: true,
    'productid@odata.bind': `/products(${tenant().product.id})`,
    'uomid@odata.bind': `/uoms(${tenant().product.unitId})`,
    ...more,
  });

  async function document(set: string, details: string, more: object = {}): Promise<Answer['body']> {
    const { accountid } = await account();
    const { status, body } = await ask(
      'POST',
      set,
      {
        name: 'Test',
        'customerid_account@odata.bind': `/accounts(${accountid})`,
        'pricelevelid@odata.bind': `/pricelevels(${tenant().product.priceListId})`,
        'transactioncurrencyid@odata.bind': `/transactioncurrencies(${tenant().product.currencyId})`,
        [details]: [line()],
        ...more,
      },
      REPRESENTATION,
    );
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  }
  const order = (more: object = {}) => document('salesorders', 'order_details', more);
  const quote = (more: object = {}) => document('quotes', 'quote_details', more);
  const opportunity = (more: object = {}) => document('opportunities', 'product_opportunities', more);

  return { ask, made, code, account, line, order, quote, opportunity, tenant };
}
