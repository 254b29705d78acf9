import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describePermanent, permanentFailures } from '../../src/activities/remote/permanent-failures.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { InternalError, UserError } from '../../src/deal/errors.js';
import { type Counter, openCounter } from '../support/business-central.js';

/** What no repetition can mend ends as a refusal, which holds the deal; what passes by itself is repeated. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter.close());

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const NOTHING: { readonly deal?: { readonly number: string } } = {};
const typeError = await failureOf(Promise.resolve().then(() => (NOTHING.deal as { number: string }).number));

describe('what PostgreSQL says', () => {
  it.each([
    [
      'a value that is none of its type',
      `SELECT 'A-1'::uuid`,
      /^the ledger refuses the row for good \(SQLSTATE 22P02\)$/,
    ],
    ['U+0000 in a content', `SELECT '"\\u0000"'::jsonb`, /SQLSTATE 22P05/],
    [
      'a check',
      `INSERT INTO source_records (record_id, source_table) VALUES (gen_random_uuid(), 'lead')`,
      /SQLSTATE 23514, table source_records, constraint source_records_source_table_check\)$/,
    ],
    [
      'what is missing',
      'INSERT INTO notices (record_id) VALUES (gen_random_uuid())',
      /SQLSTATE 23502, table notices, column kind\)$/,
    ],
  ])('of %s is permanent, and names the place and not the value', async (_what, statement, text) => {
    expect(describePermanent(await failureOf(counter.database.query(statement)))).toMatch(text);
  });

  it.each([
    ['a statement that cannot be read', 'SELECT FROM WHERE'],
    ['a table that a migration will bring', 'SELECT * FROM not_there_yet'],
    ['a lock that is not to be had', `DO $$ BEGIN RAISE lock_not_available; END $$`],
    ['a serialization', `DO $$ BEGIN RAISE serialization_failure; END $$`],
  ])('of %s may pass', async (_what, statement) => {
    expect(describePermanent(await failureOf(counter.database.query(statement)))).toBeUndefined();
  });
});

describe('what our own code says', () => {
  it.each([
    [typeError, /^TypeError: Cannot read properties of undefined \(reading 'number'\)$/],
    [new InternalError('the ledger does not know record 1'), /^InternalError: the ledger does not know record 1$/],
    [
      z.strictObject({ lines: z.array(z.object({ id: z.string() })) }).safeParse({ lines: [{ id: 1 }] }).error,
      /lines\.0\.id/,
    ],
    [new SyntaxError('"Adventure Works" is not valid JSON'), /^SyntaxError$/],
    [new UserError('amount', 'a decimal', 'Adventure Works'), /^UserError$/],
  ])('%s is permanent, and quotes nobody', (error, text) => {
    expect(describePermanent(error)).toMatch(text);
    expect(describePermanent(error)).not.toContain('Adventure');
  });

  it.each([
    [new RemoteApiError('dataverse', 'unavailable', 'read a deal', {})],
    [ApplicationFailure.retryable('later')],
    [new Error('Connection terminated unexpectedly')],
    ['anything'],
  ])('%s may pass', (error) => {
    expect(describePermanent(error)).toBeUndefined();
  });
});

const SILENT = new DefaultLogger('ERROR', () => undefined);

describe('a step', () => {
  const run = (activityId: string, attempt: number, error?: unknown) =>
    failureOf(
      new MockActivityEnvironment(
        { activityType: 'readDeal', activityId, attempt },
        { interceptors: [permanentFailures], logger: SILENT },
      ).run(async () => {
        if (error !== undefined) throw error;
      }),
    );
  const passing = new Error('Connection terminated unexpectedly');

  it('that fails for good is tried three times, in case two statements only met', async () => {
    expect(await run('1', 1, typeError)).toBe(typeError);
    expect(await run('1', 2, typeError)).toBe(typeError);
    expect(await run('1', 3, typeError)).toMatchObject({
      type: 'Refused',
      nonRetryable: true,
      details: [{ reason: 'internal-error', text: `readDeal: ${describePermanent(typeError)}` }],
    });
  });

  it('that fails for the moment is repeated as before', async () => {
    expect(await run('2', 50, passing)).toBe(passing);
  });

  it('that was throttled often, and meets a statement once, is tried again', async () => {
    for (const attempt of [1, 2, 3]) await run('3', attempt, passing);
    expect(await run('3', 4, typeError)).toBe(typeError);
    expect(await run('3', 5, passing)).toBe(passing);
    expect(await run('3', 6, typeError)).toBe(typeError);
    expect(await run('3', 7, typeError)).toMatchObject({ type: 'Refused' });
  });

  it('that succeeded is counted anew, and each step for itself', async () => {
    for (const attempt of [1, 2]) await run('4', attempt, typeError);
    expect(await run('5', 1, typeError)).toBe(typeError);
    expect(await run('4', 3)).toBeUndefined();
    expect(await run('4', 4, typeError)).toBe(typeError);
  });
});
