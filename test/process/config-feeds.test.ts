import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, parseRules } from '../../src/process/config.js';
import { deriveClientState } from '../../src/process/credentials.js';
import { createKeyLine } from '../../src/secrets/keys.js';

const BASE = {
  DATABASE_URL: 'postgres://127.0.0.1/ledger',
  ENTRA_TENANT_ID: 'tenant',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com',
  DATAVERSE_CLIENT_ID: 'sales-app',
  DATAVERSE_CLIENT_SECRET: 'sales-secret',
  BC_COMPANY: 'Nordwerk',
  BC_CLIENT_ID: 'bc-app',
  BC_CLIENT_SECRET: 'bc-secret',
  WEBHOOK_SECRET: 'a-webhook-secret-for-tests',
  DEALBRIDGE_KEYS: createKeyLine(),
};

const problemOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};

describe('the settings of the feeds of Business Central', () => {
  it('the secret of notifications follows from the webhook secret, and is another', async () => {
    const derived = (secret: string) => deriveClientState(async () => [{ kind: 'secret', secret }]);
    const clientState = await derived(BASE.WEBHOOK_SECRET);
    expect(clientState).toMatch(/^[\w-]{43}$/);
    expect(await derived(BASE.WEBHOOK_SECRET)).toBe(clientState);
    expect(await derived('another-webhook-secret')).not.toBe(clientState);
    await expect(deriveClientState(async () => [])).rejects.toThrow(ConfigError);
    expect(loadConfig(BASE).businessCentral.clientState).toBeUndefined();
    const given = 'a-client-state-of-our-own';
    expect(loadConfig({ ...BASE, BC_CLIENT_STATE: given }).businessCentral.clientState).toBe(given);
  });

  it('a secret that is too short is refused without being shown', () => {
    const problem = problemOf(() => loadConfig({ ...BASE, BC_CLIENT_STATE: 'short' }));
    expect(problem).toContain('BC_CLIENT_STATE');
    expect(problem).not.toContain('short"');
  });

  for (const url of ['https://deals.example.com', 'http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:1']) {
    it(`${url} may be the public address`, () => {
      expect(loadConfig({ ...BASE, STARTER_PUBLIC_URL: `${url}/` }).starter.publicUrl).toBe(url);
    });
  }

  for (const url of [
    'http://deals.example.com',
    'http://localhost.example.com',
    'deals.example.com',
    'ftp://127.0.0.1',
  ]) {
    it(`${url} may not`, () => {
      expect(problemOf(() => loadConfig({ ...BASE, STARTER_PUBLIC_URL: url }))).toContain('STARTER_PUBLIC_URL');
    });
  }

  it('feeds are on, and off when they are switched off', () => {
    expect(loadConfig(BASE)).toMatchObject({ feeds: true, starter: { publicUrl: undefined } });
    expect(loadConfig({ ...BASE, FEEDS: 'off' }).feeds).toBe(false);
    expect(problemOf(() => loadConfig({ ...BASE, FEEDS: 'no' }))).toContain('FEEDS');
  });

  it('the invoice feed has defaults, and a start that is a day or a moment', () => {
    expect(parseRules('').invoiceFeed).toEqual({
      everySeconds: 30,
      overlapSeconds: 120,
      pageSize: 500,
      sweepEveryMinutes: 60,
      from: undefined,
    });
    expect(parseRules('invoiceFeed: { everySeconds: 5, from: "2026-01-31" }').invoiceFeed).toMatchObject({
      everySeconds: 5,
      from: new Date('2026-01-31T00:00:00Z'),
    });
    expect(parseRules('invoiceFeed: { from: "2026-01-31T08:00:00+02:00" }').invoiceFeed.from).toEqual(
      new Date('2026-01-31T06:00:00Z'),
    );
    expect(problemOf(() => parseRules('invoiceFeed: { pageSize: 20001 }'))).toContain('invoiceFeed.pageSize');
    expect(problemOf(() => parseRules('invoiceFeed: { from: yesterday }'))).toContain('invoiceFeed.from');
  });
});
