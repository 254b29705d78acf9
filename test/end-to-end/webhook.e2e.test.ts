import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';

let stage: Stage;
let said = '';

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/person.yaml',
    listen: (chunk) => {
      said += chunk.toString();
    },
  });
});
afterAll(() => stage?.close());

const UNKNOWN_ID = '5b1c7d52-0000-4000-8000-00000000abcd';
const hint = (change: object = {}): string =>
  JSON.stringify({
    MessageName: 'Update',
    PrimaryEntityName: 'salesorder',
    PrimaryEntityId: UNKNOWN_ID,
    InputParameters: [],
    ...change,
  });

function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${stage.starterUrl}/webhooks/dataverse`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-dealbridge-key': String(stage.env['WEBHOOK_SECRET']),
      ...headers,
    },
    body,
  });
}

describe('a webhook that is not honest or not for us starts nothing', () => {
  const cases: readonly (readonly [string, number, RegExp, () => Promise<Response>])[] = [
    ['no key', 401, /missing or wrong/, () => post(hint(), { 'x-dealbridge-key': '' })],
    ['a wrong key', 401, /missing or wrong/, () => post(hint(), { 'x-dealbridge-key': 'a-webhook-secret-for-tesT' })],
    [
      'a wrong key with a huge body',
      401,
      /missing or wrong/,
      () => post('x'.repeat(2_000_000), { 'x-dealbridge-key': 'x' }),
    ],
    ['a body that is no JSON', 400, /body: expected JSON/, () => post('<xml/>')],
    ['an empty body', 400, /body: expected JSON/, () => post('')],
    [
      'JSON that is no context',
      400,
      /not a RemoteExecutionContext: MessageName: expected a text, got nothing; Primary/,
      () => post('{"hello":1}'),
    ],
    ['an array', 400, /not a RemoteExecutionContext: body: expected fields below it/, () => post('[]')],
    [
      'a Win without a record id',
      400,
      /no record id in a Win/,
      () =>
        post(
          hint({
            MessageName: 'Win',
            PrimaryEntityName: 'opportunity',
            PrimaryEntityId: '00000000-0000-0000-0000-000000000000',
          }),
        ),
    ],
    ['an id that is no GUID', 400, /got '1; DROP TABLE'/, () => post(hint({ PrimaryEntityId: '1; DROP TABLE' }))],
    ['a body over 256 KiB', 413, /over 256 KiB/, () => post(hint({ padding: 'x'.repeat(262_144) }))],
    ['another method', 404, /not found/, () => fetch(`${stage.starterUrl}/webhooks/dataverse`)],
  ];
  for (const [what, status, text, send] of cases) {
    it(`${what}: ${status}`, async () => {
      const answer = await send();
      expect(answer.status).toBe(status);
      expect(((await answer.json()) as { error: string }).error).toMatch(text);
    });
  }

  it('one of a table that makes no deals is taken and counted, so that Sales has no failed job of it', async () => {
    for (const times of [1, 2]) {
      const answer = await post(hint({ PrimaryEntityName: 'lead' }));
      expect(answer.status).toBe(202);
      expect(await answer.json()).toEqual({ kind: 'unknown-table', table: 'lead', times });
    }
    expect(await (await post(hint({ PrimaryEntityName: 'task' }))).json()).toMatchObject({ table: 'task', times: 1 });
  });

  it('nothing was started and nothing is in the ledger', async () => {
    const { count } = await stage.temporal.workflow.count();
    expect(count).toBe(0);
    expect((await stage.ledger.listRecords({ limit: 10 })).rows).toEqual([]);
  });
});

describe('a webhook of a record that Sales does not know', () => {
  it('ends as a record that is gone: nothing is held, and the next one ends the same way', async () => {
    for (const _time of [1, 2]) {
      expect(await (await post(hint())).json()).toEqual({ kind: 'started', workflowId: UNKNOWN_ID });
      await until(
        async () => (await stage.temporal.workflow.getHandle(UNKNOWN_ID).describe()).status.name === 'COMPLETED',
      );
      const record = await stage.ledger.getRecord(UNKNOWN_ID);
      expect(record.state).toBe('cancelled');
      expect(record.holdReason).toBeUndefined();
    }
  });

  it('takes the key as WebhookKey (?code=) as well', async () => {
    const answer = await fetch(
      `${stage.starterUrl}/webhooks/dataverse?code=${encodeURIComponent(String(stage.env['WEBHOOK_SECRET']))}`,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: hint() },
    );
    expect(answer.status).toBe(202);
  });
});

describe('a worker that starts while Business Central is busy', () => {
  it('waits, says for what, and works then', async () => {
    await stage.killWorker();
    const { faults } = stage.simulators.businessCentral;
    const match = { path: '/api/v2\\.0/companies$' };
    // The first question is the identity of the environment, whose 429 pauses the lane for whoever asks next.
    faults.add({ match, times: 2, effect: { kind: 'status', status: 429 } });
    faults.add({ match, nth: 3, effect: { kind: 'status', status: 503, headers: { 'retry-after': '1' } } });
    said = '';
    await stage.startWorker();
    expect(said.match(/"not started yet: waiting for Business Central"/g)).toHaveLength(3);
    expect(said).toContain('"reason":"look the company up: throttled"');
    expect(said).toMatch(/"waitingFor":"Business Central","reason":"look the company up: throttled \(429/);
    expect(said).toMatch(/"look the company up: unavailable \(503[^}]*"retryInMs":1000/);
  });
});
