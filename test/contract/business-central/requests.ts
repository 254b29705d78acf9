import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Answer, type Ask, createAsk } from '../ask.js';

export interface BusinessCentralUnderTest {
  /** `…/{tenant}/{environment}/api/v2.0` */
  readonly root: string;
  readonly companyId: string;
  readonly token: string;
  /** An item that can be sold and a customer that can be sold to. */
  readonly itemNumber: string;
  readonly customerNumber: string;
  close(): Promise<void>;
}

export type BusinessCentralRequests = ReturnType<typeof openRequests>;

/** What every part of the contract asks with; the tenant is opened once, before the first test. */
export function openRequests(open: () => Promise<BusinessCentralUnderTest>) {
  let opened: BusinessCentralUnderTest | undefined;
  let send: Ask | undefined;
  beforeAll(async () => {
    opened = await open();
    send = createAsk(opened.root, opened.token);
  });
  afterAll(() => opened?.close());

  const tenant = (): BusinessCentralUnderTest => {
    if (!opened) throw new Error('the tenant is opened before the first test');
    return opened;
  };
  const ask: Ask = (...args) => {
    if (!send) throw new Error('the tenant is opened before the first test');
    return send(...args);
  };
  const company = (): string => `companies(${tenant().companyId})`;
  const at = (path: string): string => `${company()}/${path}`;
  const key = (): string => randomUUID().replaceAll('-', '').toUpperCase();
  const code = (body: { error: { code: string } }): string => body.error.code;
  const line = (more: object = {}) => ({
    lineType: 'Item',
    lineObjectNumber: tenant().itemNumber,
    quantity: 2,
    unitPrice: 10,
    ...more,
  });

  async function createInvoice(more: object = {}, lines: object[] = [line()]): Promise<Answer['body']> {
    const { status, body } = await ask('POST', at('salesInvoices?$expand=salesInvoiceLines'), {
      customerNumber: tenant().customerNumber,
      ...more,
      salesInvoiceLines: lines,
    });
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  }

  async function createCustomer(more: object = {}): Promise<Answer['body']> {
    const number = `T${key().slice(0, 12)}`;
    const { status, body } = await ask('POST', at('customers'), { number, displayName: `Test ${number}`, ...more });
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  }

  return { ask, at, key, code, line, createInvoice, createCustomer, tenant };
}
