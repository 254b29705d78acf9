import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findCompanyId } from '../../src/clients/business-central/client.js';
import { findEnvironmentKind } from '../../src/clients/business-central/environment.js';

/** The lists in which a company and its environment are found hold rows of others as well, which nobody here can mend. */

const HOME = { id: randomUUID(), name: 'Nordwerk', displayName: 'Nordwerk' };
const KIND = { aadTenantId: randomUUID(), type: 'Production', name: 'Home' };
let rows: object[];
let status: number;
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((_, answer) => {
    answer.statusCode = status;
    answer.setHeader('content-type', 'application/json').end(status === 200 ? JSON.stringify({ value: rows }) : '');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  rows = [];
  status = 200;
});

const reach = () => ({
  environmentUrl: `${origin}/v2.0/tenant/Home`,
  apiUrl: origin,
  environment: 'home',
  timeoutMs: 30_000,
  tokens: { getToken: async () => 'token' },
});
const find = (companyName: string) => findCompanyId({ ...reach(), companyName });

describe('a company', () => {
  it.each([
    ['without a name', { id: randomUUID() }],
    ['whose name is null', { id: randomUUID(), name: null }],
    ['without an id', { name: 'Half made' }],
    ['that is no row at all', []],
  ])('is found beside one %s', async (_, odd) => {
    rows = [odd, HOME];
    expect(await find(HOME.name)).toBe(HOME.id);
  });

  it('is found by its id, however it is written', async () => {
    rows = [HOME];
    expect(await find(HOME.id.toUpperCase())).toBe(HOME.id);
  });

  it('that is not among the readable ones may be one of the others, and is not called missing', async () => {
    rows = [HOME, { id: randomUUID() }];
    await expect(find('Nordwerk Inc.')).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining("'Nordwerk Inc.' is none of 'Nordwerk', and 1 row could not be read"),
    });
    rows = [HOME];
    await expect(find('Nordwerk Inc.')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('an environment', () => {
  it.each([
    ['without a tenant', { type: 'Sandbox', name: 'Odd' }],
    ['without a name', { aadTenantId: randomUUID(), type: 'Sandbox' }],
  ])('is found beside one %s', async (_, odd) => {
    rows = [odd, KIND];
    expect(await findEnvironmentKind(reach())).toEqual({ type: 'Production', tenantId: KIND.aadTenantId });
  });

  it.each([401, 403, 404])('has no kind that is known where the list answers %i without a word', async (refused) => {
    status = refused;
    expect(await findEnvironmentKind(reach())).toBeUndefined();
  });

  it('whose own row cannot be read has no kind that is known', async () => {
    rows = [{ ...KIND, type: null }];
    expect(await findEnvironmentKind(reach())).toBeUndefined();
  });
});
