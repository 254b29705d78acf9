import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, parseRules } from '../../src/process/config.js';
import { createNoticeSecrets, getNewestNoticeSecret, toSecrets } from '../../src/process/credentials.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createSecretCheck } from '../../src/secrets/secret-check.js';
import { createStoppedClock } from '../support/stopped-clock.js';

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
  it('the secrets of notices follow from the webhook secret, and are others', async () => {
    const derived = (...secrets: string[]) =>
      createNoticeSecrets(async () => secrets.map((secret) => ({ kind: 'secret', secret })), undefined)();
    const [one] = await derived(BASE.WEBHOOK_SECRET);
    expect(one?.clientState).toMatch(/^[\w-]{43}$/);
    expect(one?.addressKey).toMatch(/^[\w-]{43}$/);
    expect(new Set([one?.clientState, one?.addressKey, BASE.WEBHOOK_SECRET]).size).toBe(3);
    expect(await derived(BASE.WEBHOOK_SECRET)).toEqual([one]);
    // Both count while both webhook secrets do; what Business Central is given is the newest.
    const both = await derived('another-webhook-secret', BASE.WEBHOOK_SECRET);
    expect(both).toHaveLength(2);
    expect(both[1]).toEqual(one);
    expect(await getNewestNoticeSecret(async () => both)).toBe(both[0]);
    await expect(getNewestNoticeSecret(() => derived())).rejects.toThrow(ConfigError);
  });

  it('follow a new webhook secret without a restart', async () => {
    let secret = BASE.WEBHOOK_SECRET;
    const find = createNoticeSecrets(async () => [{ kind: 'secret', secret }], undefined);
    const before = await find();
    secret = 'another-webhook-secret';
    expect(await find()).not.toEqual(before);
  });

  it('are taken by a starter that was started again alone, the old one while its overlap lasts', async () => {
    let secrets = [BASE.WEBHOOK_SECRET];
    const worker = createNoticeSecrets(async () => secrets.map((secret) => ({ kind: 'secret', secret })), undefined);
    const given = await getNewestNoticeSecret(worker);
    secrets = ['another-webhook-secret', BASE.WEBHOOK_SECRET];
    const starter = createNoticeSecrets(async () => secrets.map((secret) => ({ kind: 'secret', secret })), undefined);
    const clock = createStoppedClock();
    const isAddressKey = createSecretCheck(toSecrets(starter, 'addressKey'), clock);
    const isClientState = createSecretCheck(toSecrets(starter, 'clientState'), clock);
    // What the worker gave away before counts, and so does what it gives now.
    for (const { addressKey, clientState } of [given, await getNewestNoticeSecret(worker)])
      expect([await isAddressKey(addressKey), await isClientState(clientState)]).toEqual([true, true]);
    expect(await isAddressKey(given.clientState)).toBe(false);
    secrets = ['another-webhook-secret'];
    clock.pass(31);
    expect(await isAddressKey(given.addressKey)).toBe(false);
  });

  it('BC_CLIENT_STATE counts instead, and its address follows from it', async () => {
    expect(loadConfig(BASE).businessCentral.clientState).toBeUndefined();
    const given = 'a-client-state-of-our-own';
    expect(loadConfig({ ...BASE, BC_CLIENT_STATE: given }).businessCentral.clientState).toBe(given);
    const [one, ...others] = await createNoticeSecrets(async () => [], given)();
    expect(others).toEqual([]);
    expect(one?.clientState).toBe(given);
    expect(one?.addressKey).not.toContain(given);
  });

  it('proxies are addresses and ranges, and never everybody', () => {
    const proxies = (text: string) => loadConfig({ ...BASE, STARTER_TRUSTED_PROXIES: text }).starter.trustedProxies;
    expect(loadConfig(BASE).starter.trustedProxies).toEqual([]);
    expect(proxies('10.0.0.4, 10.1.0.0/16,::1,2001:db8::/32')).toEqual([
      '10.0.0.4',
      '10.1.0.0/16',
      '::1',
      '2001:db8::/32',
    ]);
    for (const text of ['1', '10.0.0.0/33', 'proxy.example.com', '10.0.0.4;10.0.0.5', '0.0.0.0/0', '::/0'])
      expect(problemOf(() => proxies(text))).toContain('setting STARTER_TRUSTED_PROXIES: expected');
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
