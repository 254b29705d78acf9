import { expect, it } from 'vitest';
import { createStep } from '../../src/doctor/step.js';
import { examineTrailKeys } from '../../src/doctor/trail-keys.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import type { Database } from '../../src/ledger/database.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { writeChain } from '../support/audit.js';
import { signedWith } from '../support/signed-ledger.js';
import { useLedger } from '../support/use-ledger.js';

const named = (id: string): string => createKeyLine().replace(/^[^:]*/, id);
let database: Database;
useLedger((opened) => {
  database = opened;
});

const known = <T>(value: T) => createStep('known', {}, async () => ({ findings: [], value }));

async function examine(...ring: readonly string[]) {
  const { findings } = await examineTrailKeys({
    database: known(true),
    db: known(database),
    ids: known<readonly string[]>(ring),
  }).report();
  return findings;
}

it('keys that signed entries or seals and are not in the ring any more are named before `audit verify` fails', async () => {
  expect(await examine('first')).toMatchObject([{ result: 'ok', found: 'nothing is signed yet' }]);
  await writeChain(signedWith(database, named('first')), 3);
  await sealAudit(signedWith(database, named('sealing')));
  await writeChain(signedWith(database, named('second')), 1);
  await writeChain(signedWith(database, named('third')), 2);
  expect(await examine('third', 'second', 'first', 'sealing')).toMatchObject([{ check: 'signatures', result: 'ok' }]);
  expect(await examine('third', 'first')).toEqual([
    {
      check: 'signatures',
      result: 'wrong',
      found: 'of the audit trail, by keys that the ring lacks: sealing, second',
      advice: 'Put these keys back into the ring, behind the newest one: without them `dealbridge audit verify` fails.',
    },
  ]);
});

it('a key that signed one entry of a long trail is named as well, and few of its signatures are read', async () => {
  const signatures = `INSERT INTO audit_signatures (subject, number, signature)
    SELECT 'entry', n, CASE WHEN n = 30001 THEN 'single' WHEN n < 30000 THEN 'old' ELSE 'third' END || ':00' FROM generate_series(1000, 50000) n`;
  await database.query(signatures);
  const asked: string[] = [];
  const read = database.query.bind(database);
  const watched = {
    ...database,
    query: async (text: string, values?: readonly unknown[]) => {
      const answer = await read(text, values);
      if (text.includes('audit_signatures')) {
        const { rows } = await read(`EXPLAIN (ANALYZE, FORMAT TEXT) ${text}`, values);
        asked.push(...rows.map((row) => String(row['QUERY PLAN'])));
      }
      return answer;
    },
  } as Database;
  const step = examineTrailKeys({
    database: known(true),
    db: known(watched),
    ids: known<readonly string[]>(['third', 'second', 'first', 'sealing']),
  });
  expect((await step.report()).findings[0]).toMatchObject({
    result: 'wrong',
    found: expect.stringMatching(/: old, single$/),
  });
  expect(asked.join('\n')).toContain('audit_signatures');
  expect(asked.join('\n')).not.toContain('Seq Scan on audit_signatures');
});
