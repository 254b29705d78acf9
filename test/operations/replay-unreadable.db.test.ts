import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Person } from '../../src/identity/person.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { type ReplayedDeal, replayDeal, replayDeals } from '../../src/operations/deals/replay-deals.js';
import { parseRules } from '../../src/process/config.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { makeDeal } from '../support/won-deal.js';

/** Several deals run again although the ledger cannot read one of them (I13). */

const ANN: Person = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] };

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let database: Database;
let ledger: Ledger;
beforeAll(async () => {
  server = await openEmbeddedLedger();
  database = openDatabase(server.url);
  await migrate(database);
  ledger = createLedger(database);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

async function hold(): Promise<string> {
  const recordId = randomUUID();
  await ledger.register({ table: 'salesorder', recordId });
  await ledger.change(recordId, { kind: 'held', reason: 'item-missing', text: 'no item EQ-1' });
  return recordId;
}

it('runs the others again, says of each that was left alone why, and ends with the rows that it cannot read', async () => {
  const [first, garbled, unknown, last] = [await hold(), await hold(), await hold(), await hold()];
  const deal = makeDeal({ recordId: garbled });
  const rules = parseRules('');
  await ledger.saveDeal(deal, { mapping: rules.mappingHash, companyId: randomUUID() });
  await ledger.change(garbled, { kind: 'held', reason: 'item-missing', text: 'no item EQ-1' });
  await database.query(`UPDATE deal_revisions SET deal = '{"lines": 7}' WHERE record_id = $1`, [garbled]);
  await database.query(`UPDATE source_records SET hold_reason = 'whim' WHERE record_id = $1`, [unknown]);

  const never = () => Promise.reject(new Error('nobody asks for it'));
  const again: string[] = [];
  const dependencies = {
    ledger,
    database,
    deals: {
      replay: async ({ recordId }: { readonly recordId: string }) => {
        again.push(recordId);
        return { kind: 'started', workflowId: recordId } as const;
      },
    },
    dataverse: { readDeal: never, findRecordIds: never, findAccountsWithNumbers: never },
    companyOf: never,
    rules,
    toRules: () => rules,
    now: () => new Date(),
  };
  const replayed: ReplayedDeal[] = [];
  const run = async () => {
    for await (const one of await replayDeals(dependencies, ANN, { state: ['held'] })) replayed.push(one);
  };
  await expect(run()).rejects.toThrow(
    `left alone, since the ledger cannot read them: table source_records, row ${unknown}, field hold_reason: `,
  );
  expect(new Set(again)).toEqual(new Set([first, last]));
  expect(replayed.find(({ record }) => record.recordId === garbled)?.leftOut).toMatch(
    /^table deal_revisions, row .*, field deal/,
  );
  await expect(replayDeal(dependencies, ANN, { deal: garbled })).rejects.toThrow(
    'nothing was done: table deal_revisions',
  );
});
