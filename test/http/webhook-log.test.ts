import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { RecordRef } from '../../src/deal/deal.js';
import { createWebhooks } from '../../src/http/webhooks/dataverse.js';

/** What the log says of a webhook: one line for each record, by the id that the deal has everywhere else. */

const [KNOWN, NEW] = ['5b1c7d52-0000-4000-8000-00000000abcd', '5b1c7d52-0000-4000-8000-00000000abce'];
const lines: Record<string, unknown>[] = [];
const app = createWebhooks({
  isRight: async () => true,
  guard: () => async (_c, next) => next(),
  start: async ({ recordId }: RecordRef) => ({ kind: 'started', workflowId: recordId }),
  isKnown: async (recordId) => recordId === KNOWN,
  recordDetections: async () => undefined,
  nudge: () => undefined,
  findOwnUserId: () => undefined,
  log: pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) }),
});

async function hear(message: string, table: string, ids: readonly string[]): Promise<Record<string, unknown>[]> {
  lines.splice(0);
  const targets = { key: 'Targets', value: ids.map((id) => ({ Id: id })) };
  const body = { MessageName: message, PrimaryEntityName: table, PrimaryEntityId: ids[0], InputParameters: [targets] };
  const answer = await app.request('/webhooks/dataverse', { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status).toBe(202);
  return lines.map(({ dealId, outcome, msg }) => ({ dealId, outcome, msg }));
}

it('names each record of a message, and what became of it', async () => {
  expect(await hear('UpdateMultiple', 'quote', [KNOWN, NEW])).toEqual([
    { dealId: KNOWN, outcome: 'started', msg: 'webhook' },
    { dealId: NEW, outcome: 'started', msg: 'webhook' },
  ]);
  expect(await hear('DeleteMultiple', 'quote', [KNOWN, NEW])).toEqual([
    { dealId: KNOWN, outcome: 'started', msg: 'webhook' },
    { dealId: NEW, outcome: 'nothing-to-end', msg: 'webhook' },
  ]);
  expect(await hear('Update', 'account', [KNOWN])).toEqual([{ dealId: undefined, outcome: 'nudged', msg: 'webhook' }]);
});
