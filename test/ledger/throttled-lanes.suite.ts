import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createThrottledLaneLedger, type ThrottledLaneLedger } from '../../src/ledger/settings/throttled-lanes.js';

const LANE = { system: 'business-central', address: 'https://bc/v2.0/tenant/US', clientId: 'one' } as const;
const heard = { retryAfterMs: undefined, leftMsAgo: 0, wasTaking: false, problem: 'read the order: throttled (429)' };

/** What every database must do through which workers share the pauses of their lanes. */
export function testThrottledLanes(
  name: string,
  open: () => Promise<{ url: string; stop: () => Promise<void> }>,
): void {
  describe(`throttled lanes on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let databases: Database[];
    let [here, there]: ThrottledLaneLedger[] = [];

    beforeAll(async () => {
      server = await open();
      databases = [openDatabase(server.url), openDatabase(server.url)];
      await migrate(database());
      [here, there] = databases.map((one) => createThrottledLaneLedger(one));
    });
    afterAll(async () => {
      for (const one of databases ?? []) await one.close();
      await server?.stop();
    });
    beforeEach(() => database().query('DELETE FROM throttled_lanes'));

    const database = (): Database => {
      const [first] = databases;
      if (!first) throw new Error('no database');
      return first;
    };
    /** As if so much time had gone by. */
    const age = (seconds: number) =>
      database().query(
        `UPDATE throttled_lanes SET paused_since = paused_since - $1 * interval '1 second',
           paused_until = paused_until - $1 * interval '1 second'`,
        [seconds],
      );

    it('are seen by the other worker, for as long as the answer said', async () => {
      expect(await there?.find(LANE)).toBeUndefined();
      const begun = await here?.pause(LANE, { ...heard, retryAfterMs: 30_000 });
      expect(begun).toMatchObject({ isNew: true });
      const seen = await there?.find(LANE);
      expect(seen?.until).toEqual(begun?.until);
      expect(seen?.restMs).toBeGreaterThan(20_000);
      expect(seen?.restMs).toBeLessThanOrEqual(30_000);
      expect(await there?.list()).toMatchObject([{ ...LANE, problem: heard.problem, pausedUntil: begun?.until }]);
    });

    it('are one for each app registration in each environment', async () => {
      await here?.pause(LANE, { ...heard, retryAfterMs: 30_000 });
      expect(await here?.find({ ...LANE, clientId: 'two' })).toBeUndefined();
      expect(await here?.find({ ...LANE, address: 'https://bc/v2.0/tenant/DE' })).toBeUndefined();
      expect(await here?.find({ ...LANE, system: 'dataverse' })).toBeUndefined();
    });

    it('become one pause when both workers hear it, which lasts as long as the longer one', async () => {
      const both = await Promise.all([
        here?.pause(LANE, { ...heard, retryAfterMs: 30_000 }),
        there?.pause(LANE, { ...heard, retryAfterMs: 10_000, leftMsAgo: 60_000 }),
      ]);
      expect(both.filter((one) => one?.isNew)).toHaveLength(1);
      expect((await here?.find(LANE))?.restMs).toBeGreaterThan(20_000);
    });

    it('grow where the answers do not say how long, and begin anew when it was quiet for a while', async () => {
      const pauses: number[] = [];
      for (let turn = 0; turn < 6; turn += 1) {
        pauses.push(Math.ceil(((await here?.pause(LANE, heard))?.restMs ?? 0) / 1_000));
        await age(61);
      }
      expect(pauses).toEqual([5, 10, 20, 40, 60, 60]);
      await age(600);
      expect(Math.ceil(((await here?.pause(LANE, heard))?.restMs ?? 0) / 1_000)).toBe(5);
    });

    it('grow from what the setting says', async () => {
      const shorter = createThrottledLaneLedger(database(), 1_000);
      const pauses: number[] = [];
      for (let turn = 0; turn < 7; turn += 1) {
        const seconds = Math.ceil((await shorter.pause(LANE, heard)).restMs / 1_000);
        pauses.push(seconds);
        await age(seconds + 1);
      }
      expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60]);
    });

    it('begin anew where requests were taken in between', async () => {
      await here?.pause(LANE, heard);
      await age(6);
      await there?.pause(LANE, heard);
      await age(11);
      const pause = await there?.pause(LANE, { ...heard, wasTaking: true });
      expect(Math.ceil((pause?.restMs ?? 0) / 1_000)).toBe(5);
    });

    it('do not grow by what was on its way when the pause began', async () => {
      const first = await here?.pause(LANE, heard);
      const late = await there?.pause(LANE, { ...heard, leftMsAgo: 3_000 });
      expect(late).toMatchObject({ isNew: false, until: first?.until });
    });

    it('are listed only while they last', async () => {
      await here?.pause(LANE, heard);
      await age(6);
      expect(await here?.list()).toEqual([]);
      expect((await here?.find(LANE))?.restMs).toBeLessThan(0);
    });
  });
}
