import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Answer, type Ask, type Asking, openAsking } from '../ask.js';

export interface BusinessCentralUnderTest {
  /** `…/{tenant}/{environment}/api/v2.0` */
  readonly root: string;
  readonly companyId: string;
  readonly token: string;
  /** An item that can be sold and a customer that can be sold to. */
  readonly itemNumber: string;
  readonly customerNumber: string;
  /** It goes on after the suite: what the suite creates is deleted again. */
  readonly isKept?: boolean;
  close(): Promise<void>;
}

export type BusinessCentralRequests = ReturnType<typeof openRequests>;

/** What every part of the contract asks with; the tenant is opened once, before the first test. */
export function openRequests(open: () => Promise<BusinessCentralUnderTest>) {
  let opened: BusinessCentralUnderTest | undefined;
  let asking: Asking | undefined;
  beforeAll(async () => {
    opened = await open();
    asking = openAsking(opened.root, opened.token);
  });
  afterAll(async () => {
    if (opened?.isKept) await asking?.clear();
    await opened?.close();
  });

  const tenant = (): BusinessCentralUnderTest => {
    if (!opened) throw new Error('the tenant is opened before the first test');
    return opened;
  };
  const ask: Ask = (...args) => {
    if (!asking) throw new Error('the tenant is opened before the first test');
    return asking.ask(...args);
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
