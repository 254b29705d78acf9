import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeOnce } from '../../src/activities/remote/write-once.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { type Counter, openCounter } from '../support/business-central.js';

/** When a write whose answer never came may be asked again (I3). */

const result = z.object({ id: z.string() });

let counter: Counter;
/** By so much the clock of this machine has moved while a write waited. */
let laterMs = 0;
const withClock = () => ({ ledger: counter.ledger, clock: { now: () => new Date(Date.now() + laterMs) } });
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter.close());

describe('a write without an answer', () => {
  it('may land for as long after it was given up, however long it waited for a token before it asked', async () => {
    const { recordId } = await counter.win();
    let asked = 0;
    const attempt = () =>
      writeOnce(withClock(), {
        recordId,
        writeKey: `${recordId}/anything`,
        action: 'write a note in Sales',
        result,
        ambiguityWindowMs: 60_000,
        find: async () => undefined,
        write: async (context) => {
          asked += 1;
          await context.beforeSending();
          // An hour has passed between the intent and the request.
          await counter.database.query(
            `UPDATE write_intents SET asked_at = now() - interval '1 hour', asked_at_by_temporal = now() - interval '1 hour' WHERE record_id = $1`,
            [recordId],
          );
          throw new RemoteApiError('business-central', 'unknown-outcome', 'write something', { status: 504 });
        },
        outcome: () => ({ facts: {} }),
      });
    await expect(attempt()).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    await expect(attempt()).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    expect(asked).toBe(1);
  });
});

describe('a write whose look-up beforehand has no answer', () => {
  it('was not asked: the next attempt asks at once, and the trail tells of no unknown outcome', async () => {
    const { recordId } = await counter.win();
    let isLookedUp = false;
    const attempt = () =>
      writeOnce(withClock(), {
        recordId,
        writeKey: `${recordId}/looked-up`,
        action: 'write a note in Sales',
        result,
        ambiguityWindowMs: 60_000,
        find: async () => undefined,
        write: async (context) => {
          if (!isLookedUp) throw new RemoteApiError('business-central', 'unknown-outcome', 'look', {});
          await context.beforeSending();
          return { id: 'row-1', requestId: 'r', correlationId: 'c' };
        },
        outcome: () => ({ facts: {} }),
      });
    await expect(attempt()).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    isLookedUp = true;
    expect(await attempt()).toEqual({ id: 'row-1' });
    const actions = (await counter.ledger.readAudit(recordId)).map(({ action }) => action);
    expect(actions).toEqual(['write a note in Sales']);
  });
});

describe('a write that leaves late', () => {
  it('may land for as long after it left, when the worker dies before there is an answer', async () => {
    const { recordId } = await counter.win();
    const writeKey = `${recordId}/late`;
    const askedMsAgo = async () => {
      const intent = await counter.ledger.openIntent(writeKey, recordId, new Date());
      return intent.state === 'asking' ? intent.askedMsAgo : undefined;
    };
    const died = new Error('the worker dies');
    const attempt = writeOnce(withClock(), {
      recordId,
      writeKey,
      action: 'write a note in Sales',
      result,
      ambiguityWindowMs: 60_000,
      find: async () => undefined,
      write: async (context) => {
        await counter.database.query(
          `UPDATE write_intents SET asked_at = now() - interval '1 hour', asked_at_by_temporal = now() - interval '1 hour' WHERE write_key = $1`,
          [writeKey],
        );
        laterMs = 3_600_000;
        expect(await askedMsAgo()).toBeGreaterThan(3_000_000);
        await context.beforeSending();
        throw died;
      },
      outcome: () => ({ facts: {} }),
    });
    await expect(attempt).rejects.toThrow();
    expect(await askedMsAgo()).toBeLessThan(60_000);
  });
});

describe('a write that two deals need', () => {
  it('is asked by one of them when both have seen an attempt fail, and the other adopts it', async () => {
    const [one, other] = [await counter.win(), await counter.win()];
    const made: string[] = [];
    let refused = true;
    let releaseLooks: () => void = () => undefined;
    let looks = 0;
    const bothLooked = new Promise<void>((resolve) => {
      releaseLooks = resolve;
    });
    const attempt = (recordId: string) =>
      writeOnce(withClock(), {
        recordId,
        writeKey: 'shared/customer',
        action: 'write a note in Sales',
        result,
        ambiguityWindowMs: 60_000,
        find: async () => {
          const found = made[0];
          looks += 1;
          if (looks === 2) releaseLooks();
          if (looks <= 2) await bothLooked;
          return found === undefined ? undefined : { id: found };
        },
        write: async () => {
          if (refused) throw new RemoteApiError('business-central', 'throttled', 'write something', { status: 429 });
          made.push(`row-${made.length + 1}`);
          return { id: `row-${made.length}`, requestId: 'r', correlationId: 'c' };
        },
        outcome: () => ({ facts: {} }),
      });
    await expect(attempt(one.recordId)).rejects.toMatchObject({ type: 'business-central/throttled' });
    refused = false;
    const outcomes = await Promise.allSettled([attempt(one.recordId), attempt(other.recordId)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await attempt(other.recordId)).toEqual({ id: 'row-1' });
    expect(made).toEqual(['row-1']);
  });
});

describe('facts of a request', () => {
  it('stand in the trail when it was sent, and not for a row that was there before', async () => {
    const factsAfter = async (first: RemoteApiError) => {
      const { recordId } = await counter.win();
      let attempts = 0;
      const attempt = () =>
        writeOnce(withClock(), {
          recordId,
          writeKey: `${recordId}/facts`,
          action: 'write a note in Sales',
          result,
          ambiguityWindowMs: 0,
          sentFacts: { cuts: ['text: 40 → 35 characters'] },
          find: async () => ({ id: 'found' }),
          write: async (context) => {
            attempts += 1;
            await context.beforeSending();
            throw first;
          },
          outcome: ({ id }) => ({ facts: { id } }),
        });
      await attempt().catch(attempt);
      expect(attempts).toBe(1);
      const { rows } = await counter.database.query(
        `SELECT facts FROM audit_entries WHERE record_id = $1 AND action = 'write a note in Sales'`,
        [recordId],
      );
      return rows[0]?.['facts'];
    };
    const noAnswer = new RemoteApiError('business-central', 'unknown-outcome', 'write something', { status: 504 });
    const taken = new RemoteApiError('business-central', 'taken', 'write something', { status: 400 });
    expect(await factsAfter(noAnswer)).toMatchObject({ id: 'found', adopted: true, cuts: expect.any(Array) });
    expect(await factsAfter(taken)).not.toHaveProperty('cuts');
  });
});
