import { afterEach, describe, expect, it } from 'vitest';
import { createSources, toSource } from '../../src/http/limits/sources.js';
import { closeStarters, type LimitedStarter, openLimitedStarter, SECRET } from '../support/limited-starter.js';

afterEach(closeStarters);

const HONEST = '198.51.100.1';
const GUESSER = '203.0.113.7';
const open = () => openLimitedStarter({ ratePerSecond: 50, proxies: ['127.0.0.1'] });

/** How often which status came. */
async function guess(starter: LimitedStarter, from: string, times: number): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  const guesses = Array.from({ length: times }, (_, index) => starter.hint(`a-guess-of-somebody-${index}`, from));
  for (const status of await Promise.all(guesses)) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}

describe('who shows a secret', () => {
  it('and is over the rate hears the same with a right and a wrong one', async () => {
    const starter = await open();
    const ask = async (secret: string) => {
      const answer = await starter.post({ 'x-dealbridge-key': secret, 'x-forwarded-for': GUESSER });
      return [answer.status, answer.headers.get('retry-after'), await answer.text()];
    };
    await guess(starter, GUESSER, 100);
    const wrong = await ask('one-more-guess-of-somebody');
    expect(wrong).toEqual([503, '1', expect.stringContaining('too many requests')]);
    // Nothing is looked at any more: the right secret is not to be found this way.
    expect(await ask(SECRET)).toEqual(wrong);
    expect(starter.started).toEqual([]);
  });

  it('and has failed too often may try as often as once a second', async () => {
    const starter = await open();
    expect(await guess(starter, GUESSER, 120)).toEqual({ 401: 100, 503: 20 });
    starter.clock.ms += 5_000;
    expect(await guess(starter, GUESSER, 20)).toEqual({ 401: 5, 503: 15 });
  });

  it('slows nobody else, and not a system behind the same address', async () => {
    const starter = await open();
    expect(await starter.hint(SECRET, GUESSER)).toBe(202);
    expect(await guess(starter, GUESSER, 120)).toEqual({ 401: 100, 503: 20 });
    expect(await starter.hint(SECRET, GUESSER)).toBe(202);
    expect(await starter.hint(SECRET, HONEST)).toBe(202);
    // A day later it is a stranger like any other.
    starter.clock.ms += 25 * 3_600_000;
    await guess(starter, GUESSER, 100);
    expect(await starter.hint(SECRET, GUESSER)).toBe(503);
  });

  it('has a share that nobody else can use up: neither who shows none nor who asks for something else', async () => {
    const starter = await openLimitedStarter();
    for (let index = 0; index < 10; index += 1) {
      await starter.health();
      await starter.hint('');
    }
    expect([await starter.health(), await starter.hint('')]).toEqual([429, 503]);
    for (let index = 0; index < 4; index += 1) expect(await starter.hint(SECRET)).toBe(202);
    // Its own rate counts all the same, and Dataverse tries 503 again.
    expect(await starter.hint(SECRET)).toBe(503);
    starter.clock.ms += 1_000;
    expect(await starter.hint(SECRET)).toBe(202);
  });

  it('is logged with its address when it is wrong, counted, without the secret, a line a minute', async () => {
    const starter = await open();
    await guess(starter, GUESSER, 5);
    await guess(starter, HONEST, 1);
    starter.clock.ms += 60_000;
    await guess(starter, GUESSER, 1);
    expect(starter.logged).toMatchObject([
      { msg: 'wrong secret refused', system: 'dataverse', source: GUESSER, failures: 1, failuresSinceStart: 1 },
      { source: HONEST, failures: 5, failuresSinceStart: 6 },
      { source: GUESSER, failures: 1, failuresSinceStart: 7 },
    ]);
    expect(JSON.stringify(starter.logged)).not.toContain('a-guess');
  });

  it('fills the log from no number of addresses', async () => {
    const starter = await open();
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => starter.hint('a-guess-of-somebody', `203.0.113.${index}`)),
    );
    expect(starter.logged).toHaveLength(60);
  });
});

describe('an address', () => {
  it('is told by the proxies that are named, and by nobody else', async () => {
    const direct = await openLimitedStarter();
    for (let index = 0; index < 4; index += 1) expect(await direct.health(`203.0.113.${index}`)).toBe(200);
    expect(await direct.health('203.0.113.9')).toBe(429);

    const behind = await openLimitedStarter({ proxies: ['10.0.0.0/8', '127.0.0.1'] });
    for (let index = 0; index < 4; index += 1)
      expect(await behind.health(`6.6.6.${index}, 203.0.113.7, 10.1.2.3`)).toBe(200);
    expect(await behind.health('6.6.6.9, 203.0.113.7:4711, 10.1.2.3')).toBe(429);
    expect(await behind.health('6.6.6.9, 203.0.113.8')).toBe(200);
  });

  it('of a proxy that nobody named is said once, as everybody behind it is one source', async () => {
    const starter = await openLimitedStarter({ ratePerSecond: 50 });
    await starter.hint('a-guess-of-somebody', GUESSER);
    for (let index = 0; index < 3; index += 1) await starter.hint(SECRET, HONEST);
    expect(starter.logged.filter(({ msg }) => /STARTER_TRUSTED_PROXIES/.test(String(msg)))).toHaveLength(1);
  });

  it('that is no address is not believed: then it is the proxy’s own', async () => {
    const starter = await openLimitedStarter({ proxies: ['127.0.0.1'] });
    for (const from of ['unknown', '', '_hidden', '999.1.1.1']) expect(await starter.health(from)).toBe(200);
    expect(await starter.health('another')).toBe(429);
  });

  it('of a /64 of IPv6 is one source, and an IPv4 address is itself however it is written', () => {
    expect(toSource('2001:db8:0:1::1')).toBe(toSource('2001:0DB8:0000:0001:ffff:1:2:3'));
    expect(toSource('2001:db8:0:1::1')).not.toBe(toSource('2001:db8:0:2::1'));
    expect(toSource('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(toSource('::1')).toBe('0:0:0:0::/64');
    expect(toSource('[2001:db8:0:1::1]:443')).toBe(toSource('2001:db8:0:1::1'));
    expect(toSource('::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(toSource('203.0.113.7')).toBe('203.0.113.7');
  });

  it('of a proxy is one address or a range', () => {
    const { isProxy } = createSources(['192.0.2.4', '10.1.0.0/16', '2001:db8::/32']);
    for (const address of ['192.0.2.4', '::ffff:192.0.2.4', '10.1.255.1', '2001:db8::9'])
      expect(isProxy(address)).toBe(true);
    for (const address of ['192.0.2.5', '10.2.0.1', '2001:db9::9', '', 'x']) expect(isProxy(address)).toBe(false);
    for (const proxy of ['x', '10.0.0.0/33', '10.0.0.0/', '::/129']) expect(() => createSources([proxy])).toThrow();
  });
});
