import { afterEach, beforeEach, expect, it } from 'vitest';
import { examineDatabase } from '../../src/doctor/database.js';
import { createStep } from '../../src/doctor/step.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { describeError } from '../../src/process/log.js';
import { askOnce } from '../../src/process/patient-start.js';
import { answerPostgres, type Front, openFront } from '../support/front.js';

/** What is said of a database that is there and does nothing for now: not that nobody answers. */

let front: Front;
let database: Database;
beforeEach(async () => {
  front = await openFront('127.0.0.1:9');
  database = openDatabase(`postgres://ann@127.0.0.1:${front.port}/ledger`, { connections: 1 });
});
afterEach(async () => {
  await database?.close();
  await front?.close();
});

it.each([
  ['53300', 'it takes no more connections', /max_connections/],
  ['57014', 'it cut a statement off', /statement_timeout/],
  ['57P03', 'it starts, stops or recovers', /^Wait/],
  ['53200', 'it lacks disk or memory', /its log says/],
])('%s: %s', async (code, found, advice) => {
  await front.answer(answerPostgres(code));
  const step = examineDatabase(createStep('known', {}, async () => ({ findings: [], value: database })));
  expect((await step.report()).findings).toMatchObject([
    { check: 'usable', result: 'wrong', found: `no: ${found} (${code})`, advice: expect.stringMatching(advice) },
  ]);
  const said = await askOnce('PostgreSQL', () => database.query('SELECT 1'), 'its place').catch(describeError);
  expect(said).toContain(`PostgreSQL at its place does nothing for now: ${found} (${code}). `);
});
