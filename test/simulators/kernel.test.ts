import { SimClock } from '@dealbridge/simulators/kernel/clock.js';
import { Faults } from '@dealbridge/simulators/kernel/faults.js';
import { describe, expect, it } from 'vitest';

const REQUEST = { method: 'POST', path: '/salesInvoices?x', client: 'app' };

describe('the clock', () => {
  it('fires timers in their order when it is moved, each at its own time', () => {
    const clock = new SimClock();
    const start = clock.now();
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name} ${Math.round((clock.now() - start) / 1_000)}`);
    clock.after(20_000, note('second'));
    clock.after(10_000, () => {
      note('first')();
      clock.after(5_000, note('between'));
    });
    const cancel = clock.after(12_000, note('never'));
    cancel();
    clock.after(40 * 86_400_000, note('far'));
    clock.advance(30_000);
    expect(seen).toEqual(['first 10', 'between 15', 'second 20']);
    clock.advance(41 * 86_400_000);
    expect(seen.at(-1)).toBe(`far ${40 * 86_400}`);
  });
});

describe('faults', () => {
  const hits = (faults: Faults, times: number): boolean[] =>
    Array.from({ length: times }, () => faults.take(REQUEST).length > 0);

  it('hit the nth request, then one in so many, and stop after so many', () => {
    const faults = new Faults();
    faults.add({
      match: { path: 'salesInvoices' },
      nth: 2,
      every: 2,
      times: 2,
      effect: { kind: 'status', status: 503 },
    });
    expect(hits(faults, 7)).toEqual([false, true, false, true, false, false, false]);
  });

  it('match method, path and client', () => {
    const faults = new Faults();
    const effect = { kind: 'status', status: 503 } as const;
    faults.add({ match: { method: 'GET' }, effect });
    faults.add({ match: { path: 'customers' }, effect });
    faults.add({ match: { client: 'another' }, effect });
    expect(hits(faults, 1)).toEqual([false]);
    faults.add({ match: { method: 'post', path: 'Invoices', client: 'app' }, effect });
    expect(hits(faults, 2)).toEqual([true, false]);
  });

  it('with a probability hit the same requests in each run', () => {
    const run = () => {
      const faults = new Faults();
      faults.add({ match: {}, times: 0, probability: 0.3, effect: { kind: 'lose-answer', when: 'after' } });
      return hits(faults, 200);
    };
    expect(run()).toEqual(run());
    const share = run().filter(Boolean).length / 200;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.45);
  });

  it('a throttle window lasts on the simulated clock', () => {
    const clock = new SimClock();
    const faults = new Faults(clock);
    faults.add({ match: {}, effect: { kind: 'throttle', seconds: 30 } });
    expect(hits(faults, 3)).toEqual([true, true, true]);
    clock.advance(31_000);
    expect(hits(faults, 1)).toEqual([false]);
  });

  it('refuse what is no rule, and name the field', () => {
    const faults = new Faults();
    expect(() => faults.add({ match: {}, effect: { kind: 'explode' } } as never)).toThrow(
      /^effect\.kind: found "explode"/,
    );
    expect(() => faults.add({ match: {}, effect: { kind: 'status', status: 42 } })).toThrow(
      /^effect\.status: found 42/,
    );
    expect(() => faults.add({ effect: { kind: 'cut' } } as never)).toThrow(/^match: found nothing/);
    expect(() => faults.add({ match: {}, nth: 1.5, effect: { kind: 'cut' } })).toThrow(/^nth: found 1\.5/);
  });
});
