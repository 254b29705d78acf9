import { randomUUID } from 'node:crypto';
import {
  type Client,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResumeActivities } from '../../src/activities/deals/resume-deals.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createTakeSalesChanges } from '../../src/dispatch/take-changes.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createWaiting } from '../../src/ledger/deals/waiting.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** Deals whose run takes no hint, or is gone: no feed stands still for them, and they are taken up again. */

let embedded: EmbeddedLedger;
let database: Database;
let ledger: Ledger;
beforeAll(async () => {
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  ledger = createLedger(database);
});
afterAll(async () => {
  await database.close();
  await embedded.stop();
});

const INVALID_ARGUMENT = 3;
const UNAVAILABLE = 14;

/** As the client tells what the server answered to a signal. */
function refusal(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  return new ServiceError('Failed to signal Workflow', { cause });
}

const FULL = refusal(INVALID_ARGUMENT, 'exceeded workflow execution limit for signal events');

/** A server where every deal runs already; `refusals` says whose run takes no signal. */
function openTemporal() {
  const refusals = new Map<string, Error>();
  const signalled: string[] = [];
  const workflow = {
    start: async (_name: string, { workflowId }: { readonly workflowId: string }) => {
      throw new WorkflowExecutionAlreadyStartedError('runs', workflowId, 'handOverDeal');
    },
    getHandle: (workflowId: string) => ({
      async signal() {
        const error = refusals.get(workflowId);
        if (error) throw error;
        signalled.push(workflowId);
      },
    }),
  };
  const temporal = { workflow } as unknown as Client;
  return { refusals, signalled, start: startDeal.bind(undefined, { temporal, ledger }) };
}

const orderOf = (recordId: string) => ({ table: 'salesorder' as const, recordId });

describe('a deal whose run takes no hint', () => {
  it('is set aside: the others of its page are told, and it is told again later', async () => {
    const { refusals, signalled, start } = openTemporal();
    const [full, other] = [randomUUID(), randomUUID()];
    refusals.set(full, FULL);
    const take = createTakeSalesChanges({
      startDeal: start,
      waiting: createWaiting(database),
      takeAccount: async () => undefined,
      takeProduct: async () => undefined,
      takeBackfill: async () => undefined,
    });
    const change = { kind: 'changed', revision: 'W/"9"', version: '9', state: 'won', isOwn: false } as const;
    const taken = await take(
      'salesorder',
      [
        { ...change, rowId: full, settled: undefined },
        { ...change, rowId: other, settled: undefined },
      ],
      false,
    );
    expect(taken).toEqual(new Set([full, other]));
    expect(signalled).toEqual([other]);
    expect(await ledger.listHintsAside(10)).toMatchObject([
      { table: 'salesorder', recordId: full, times: 1, reason: 'exceeded workflow execution limit for signal events' },
    ]);
    expect(await start(orderOf(full), { at: 'dataverse' })).toMatchObject({ kind: 'set-aside' });
    expect(await ledger.findHintAside(full)).toMatchObject({ times: 2 });

    const { resumeDeals } = createResumeActivities({ ledger, findRunning: async () => new Set(), startDeal: start });
    expect(await resumeDeals()).toEqual({ delivered: 0, started: 0 });
    refusals.delete(full);
    expect(await resumeDeals()).toEqual({ delivered: 1, started: 0 });
    expect(signalled).toEqual([other, full]);
    expect(await ledger.findHintAside(full)).toBeUndefined();
  });

  it('is set aside as well when the ledger cannot read it, and whoever asks for it alone is told (I13)', async () => {
    const { signalled, start } = openTemporal();
    const [broken, other] = [randomUUID(), randomUUID()];
    for (const recordId of [broken, other]) await ledger.register(orderOf(recordId));
    await database.query(`UPDATE source_records SET state = 'asleep' WHERE record_id = $1`, [broken]);
    for (const recordId of [broken, other]) await start(orderOf(recordId), { at: 'dataverse' });
    expect(signalled).toEqual([other]);
    expect(await ledger.findHintAside(broken)).toMatchObject({
      reason: expect.stringMatching(/^table source_records, row .*, field state: /),
    });
    await expect(start(orderOf(broken))).rejects.toMatchObject({ code: 'unreadable-content' });

    const { resumeDeals } = createResumeActivities({ ledger, findRunning: async () => new Set(), startDeal: start });
    expect(await resumeDeals()).toEqual({ delivered: 0, started: 0 });
    await database.query(`UPDATE source_records SET state = 'seen' WHERE record_id = $1`, [broken]);
    expect(await resumeDeals()).toEqual({ delivered: 1, started: 0 });
    expect(signalled).toEqual([other, broken]);
  });

  it('is told again however many others take no hint, and keeps one that it did not take meanwhile', async () => {
    await database.query(
      `INSERT INTO hints_set_aside (record_id, source_table, reason, since)
       SELECT gen_random_uuid(), 'quote', 'full', now() - interval '1 day' FROM generate_series(1, 600)`,
    );
    const [late, again] = [randomUUID(), randomUUID()];
    for (const recordId of [late, again]) await ledger.setHintAside(orderOf(recordId), 'full');
    const { resumeDeals } = createResumeActivities({
      ledger,
      findRunning: async () => new Set(),
      async startDeal({ table, recordId }) {
        if (recordId === again) await ledger.setHintAside(orderOf(again), 'full again');
        return { kind: table === 'quote' ? 'set-aside' : 'running' };
      },
    });
    await resumeDeals();
    expect(await ledger.findHintAside(late)).toBeUndefined();
    expect(await ledger.findHintAside(again)).toMatchObject({ reason: 'full again' });
    await database.query('DELETE FROM hints_set_aside');
  });

  it('is not set aside when the server itself cannot be reached: that concerns every deal', async () => {
    const { refusals, start } = openTemporal();
    const recordId = randomUUID();
    refusals.set(recordId, refusal(UNAVAILABLE, 'the server is going down'));
    await expect(start(orderOf(recordId), { at: 'dataverse' })).rejects.toThrow('Failed to signal Workflow');
    expect(await ledger.findHintAside(recordId)).toBeUndefined();
  });
});

describe('a deal whose run ends just when it is told of a change', () => {
  /** A server on which the run of the deal ends between the two requests, and leaves the ledger like this. */
  function openEnding(end: (recordId: string) => Promise<void>) {
    const begun: string[] = [];
    let isRunning = true;
    const workflow = {
      start: async (_name: string, { workflowId }: { readonly workflowId: string }) => {
        if (isRunning) throw new WorkflowExecutionAlreadyStartedError('runs', workflowId, 'handOverDeal');
        begun.push(workflowId);
      },
      getHandle: (workflowId: string) => ({
        async signal() {
          isRunning = false;
          await end(workflowId);
          throw new WorkflowNotFoundError('the run has ended', workflowId, undefined);
        },
      }),
    };
    return { begun, start: startDeal.bind(undefined, { temporal: { workflow } as unknown as Client, ledger }) };
  }

  it('is not begun again when a person has rejected it in that moment (I10)', async () => {
    const recordId = randomUUID();
    await ledger.register(orderOf(recordId));
    await ledger.change(recordId, { kind: 'state', state: 'awaiting-confirmation' });
    const { begun, start } = openEnding((id) => ledger.change(id, { kind: 'ended', state: 'rejected', by: 'ann' }));
    expect(await start(orderOf(recordId), { at: 'dataverse', revision: 'W/"9"' })).toEqual({
      kind: 'known',
      state: 'rejected',
    });
    expect(begun).toEqual([]);
  });

  it('is begun again when the change may concern it still', async () => {
    const recordId = randomUUID();
    await ledger.register(orderOf(recordId));
    const { begun, start } = openEnding((id) => ledger.change(id, { kind: 'state', state: 'settled' }));
    expect(await start(orderOf(recordId), { at: 'dataverse' })).toMatchObject({ kind: 'started' });
    expect(begun).toEqual([recordId]);
  });
});

describe('a deal that the ledger calls open', () => {
  const open = async (state: 'held' | 'awaiting-confirmation' | 'written-back', minutes: number): Promise<string> => {
    const recordId = randomUUID();
    await ledger.register(orderOf(recordId));
    await ledger.change(recordId, { kind: 'state', state });
    await database.query(
      `UPDATE source_records SET changed_at = now() - $2 * interval '1 minute' WHERE record_id = $1`,
      [recordId, minutes],
    );
    return recordId;
  };

  it('and that has no run is started again, once, and the trail says so', async () => {
    const [gone, waiting, resting, fresh] = await Promise.all([
      open('held', 60),
      open('awaiting-confirmation', 60),
      open('written-back', 60),
      open('held', 1),
    ]);
    const started: string[] = [];
    const running = new Set([waiting]);
    const { resumeDeals } = createResumeActivities({
      ledger,
      findRunning: async () => running,
      startDeal: async ({ recordId }) => {
        started.push(recordId);
        running.add(recordId);
        return { kind: 'started' };
      },
    });
    expect(await resumeDeals()).toEqual({ delivered: 0, started: 1 });
    expect(await resumeDeals()).toEqual({ delivered: 0, started: 0 });
    expect(started).toEqual([gone]);
    expect(started).not.toContain(resting);
    expect(started).not.toContain(fresh);
    expect(await ledger.readAudit(gone)).toMatchObject([{ action: 'run was gone, started again' }]);
  });

  it('and that the ledger cannot read is set aside, and the others are started', async () => {
    const [broken, whole] = [await open('held', 60), await open('awaiting-confirmation', 60)];
    await database.query(`UPDATE source_records SET hold_reason = 'whim' WHERE record_id = $1`, [broken]);
    const started: string[] = [];
    const { resumeDeals } = createResumeActivities({
      ledger,
      findRunning: async () => new Set(),
      startDeal: async (ref) => {
        const { recordId } = await ledger.register(ref);
        started.push(recordId);
        return { kind: 'started' };
      },
    });
    await resumeDeals();
    expect(started).toContain(whole);
    expect(await ledger.findHintAside(broken)).toMatchObject({ reason: expect.stringContaining('field hold_reason') });
    await database.query(
      `UPDATE source_records SET state = 'superseded', hold_reason = NULL WHERE record_id = ANY($1)`,
      [[broken, whole]],
    );
    await ledger.forgetHint({ recordId: broken, times: 1 });
  });

  it('may be one of a thousand', async () => {
    await database.query(
      `INSERT INTO source_records (record_id, source_table, state, changed_at)
       SELECT gen_random_uuid(), 'quote', 'held', now() - interval '1 hour' FROM generate_series(1, 1100)`,
    );
    const started = new Set<string>();
    const { resumeDeals } = createResumeActivities({
      ledger: { ...ledger, audit: async () => undefined },
      findRunning: async () => new Set(),
      startDeal: async ({ table, recordId }) => {
        if (table === 'quote') started.add(recordId);
        return { kind: 'started' };
      },
    });
    await resumeDeals();
    expect(started.size).toBe(1_100);
  });
});
