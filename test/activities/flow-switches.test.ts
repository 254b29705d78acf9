import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFlowSteps } from '../../src/activities/flows/flow-steps.js';
import type { FlowCommands } from '../../src/dispatch/flow-commands.js';
import { examineFlows } from '../../src/doctor/flows.js';
import { toCommandLinePerson } from '../../src/identity/person.js';
import { readAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { createTrailSigner } from '../../src/ledger/audit/signatures.js';
import { withSigner } from '../../src/ledger/database.js';
import { createFlowLedger } from '../../src/ledger/feeds/flows.js';
import { listFlows, retryFlow, switchFlow } from '../../src/operations/feeds/flows.js';
import { parseRules } from '../../src/process/config.js';
import { type FlowCounter, type Invoiced, openFlowCounter } from '../support/flow-counter.js';

/** What could not be carried has a way back, and people stop a flow and let it go on. */

const SMALL = 'flows: { invoicePdf: { maxMegabytes: 1 } }';
const LARGE = 'flows: { invoicePdf: { maxMegabytes: 3 } }';
const MEGABYTE = 1_000_000;
const ANN = toCommandLinePerson('ann');

let counter: FlowCounter;
let told: string[] = [];
let entriesBefore = 0;
beforeAll(async () => {
  counter = await openFlowCounter();
  await counter.run('invoicePdf', SMALL);
});
beforeEach(async () => {
  told = [];
  entriesBefore = (await readAudit(counter.database, SYSTEM_CHAIN)).length;
});
afterAll(() => counter?.close());

const tell = (command: string) => async (flow: string) => void told.push(`${command} ${flow}`);
const loops: FlowCommands = { pause: tell('pause'), resume: tell('resume'), run: tell('run') };
const dependencies = () => ({ database: counter.database, loops });
const newEntries = async () => (await readAudit(counter.database, SYSTEM_CHAIN)).slice(entriesBefore);
const leavePdf = ({ invoice }: Invoiced, bytes: number) =>
  counter.simulators.businessCentral.company.streams.set(
    `${invoice.id}/pdfDocumentContent`,
    Buffer.alloc(bytes, '%PDF-1.4 '),
  );
const thingOf = async ({ invoice }: Invoiced) =>
  (await counter.things('invoicePdf')).find(({ source_id }) => source_id === invoice.id);

async function notCarried(): Promise<Invoiced> {
  const sold = await counter.invoiced();
  leavePdf(sold, 2 * MEGABYTE);
  expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 0, noted: 1 });
  // Nothing has changed, so that nothing is asked.
  expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 0, noted: 0 });
  return sold;
}

describe('what was not carried', () => {
  it('is tried again when the rule is another one', async () => {
    const sold = await notCarried();
    expect(await counter.run('invoicePdf', LARGE)).toMatchObject({ carried: 1, noted: 0 });
    expect(await thingOf(sold)).toMatchObject({ state: 'carried', reason: null, remark: null });
    await counter.run('invoicePdf', SMALL);
  });

  it('is tried again after a day, and still counts from the first time', async () => {
    const sold = await notCarried();
    const { rows } = await counter.database.query<{ noted_at: Date }>(
      `UPDATE flow_rows SET changed_at = now() - interval '25 hours', noted_at = now() - interval '25 hours'
       WHERE source_id = $1 RETURNING noted_at`,
      [sold.invoice.id],
    );
    expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 0, noted: 1 });
    expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 0, noted: 0 });
    const shown = (await listFlows(dependencies(), ANN, {})).noted.find(({ sourceId }) => sourceId === sold.invoice.id);
    expect(shown?.since).toEqual(rows[0]?.noted_at);
    leavePdf(sold, MEGABYTE);
    await retryFlow(dependencies(), ANN, { flow: 'invoicePdf' });
    await counter.run('invoicePdf', SMALL);
  });

  it('is tried again when a person asks for it, by its id or with all of the flow, and the trail says who', async () => {
    const [first, second] = [await notCarried(), await notCarried()];
    for (const sold of [first, second]) leavePdf(sold, MEGABYTE / 2);
    const one = { flow: 'invoicePdf', sourceId: first.invoice.id } as const;
    expect(await retryFlow(dependencies(), ANN, one)).toEqual({ retried: 1, left: 0 });
    expect(told).toEqual(['run invoicePdf']);
    expect(await newEntries()).toMatchObject([{ actor: 'ann', facts: { ...one, retried: 1 } }]);
    expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 1, noted: 0 });
    expect(await thingOf(second)).toMatchObject({ state: 'noted' });
    const others = { flow: 'invoicePdf', reason: 'row-gone' } as const;
    expect(await retryFlow(dependencies(), ANN, others)).toEqual({ retried: 0, left: 0 });
    expect(await retryFlow(dependencies(), ANN, { flow: 'invoicePdf' })).toEqual({ retried: 1, left: 0 });
    expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 1, noted: 0 });
  });

  it('and has no row that would take it stays, and says so', async () => {
    await counter.run('creditMemos', 'flows: { creditMemos: { columns: { number: new_credited } } }');
    await counter.database.query(
      `INSERT INTO flow_rows (flow, company_id, source_id, etag, content, state, reason)
       SELECT flow, company_id, 'memo', '1', '{"version":1,"values":{}}', 'noted', 'several-invoices' FROM flows WHERE flow = 'creditMemos'`,
    );
    expect(await retryFlow(dependencies(), ANN, { flow: 'creditMemos' })).toEqual({ retried: 0, left: 1 });
    expect(told).toEqual([]);
  });

  it('under an id that does not exist is refused', async () => {
    const asked = retryFlow(dependencies(), ANN, { flow: 'invoicePdf', sourceId: 'nothing' });
    await expect(asked).rejects.toThrow(
      "invoicePdf has nothing 'nothing' that was not carried: `dealbridge flows list`",
    );
    expect(await newEntries()).toEqual([]);
  });
});

describe('a flow that a person pauses', () => {
  it('reads and carries nothing until it is resumed, says who paused it, and the trail has both', async () => {
    const [line] = await switchFlow(dependencies(), ANN, { command: 'pause', flow: 'invoicePdf' });
    expect(line).toMatchObject({ flow: 'invoicePdf', pausedBy: 'ann' });
    // A second one takes over nothing.
    await switchFlow(dependencies(), toCommandLinePerson('ben'), { command: 'pause', flow: 'invoicePdf' });
    const sold = await counter.invoiced();
    counter.simulators.businessCentral.requests.length = 0;
    expect(await counter.run('invoicePdf', SMALL)).toEqual({ carried: 0, noted: 0, deferred: 0 });
    expect(counter.simulators.businessCentral.requests).toEqual([]);
    expect(await thingOf(sold)).toBeUndefined();
    const found = await examineFlows(counter.database, parseRules(SMALL).flows);
    expect(found).toMatchObject([
      {
        check: 'flow invoicePdf',
        result: 'warning',
        found: expect.stringMatching(/^paused by ann since 20/),
        advice: 'dealbridge flows resume invoicePdf',
      },
    ]);
    const running = switchFlow(dependencies(), ANN, { command: 'run', flow: 'invoicePdf' });
    await expect(running).rejects.toThrow(
      'invoicePdf is paused by ann: `dealbridge flows resume invoicePdf` lets it go on',
    );

    // A company that is named while the flow is paused joins in.
    const abroadId = '77777777-7777-4777-8777-777777777777';
    const abroad = createFlowLedger(counter.database, abroadId);
    const nothing = () => Promise.reject(new Error('a flow that is paused reads and carries nothing'));
    const flow = {
      name: 'invoicePdf',
      everyMinutes: 60,
      batchSize: 1,
      ruleHash: '',
      collect: nothing,
      carry: nothing,
    } as const;
    const { collectFlow } = createFlowSteps({ flows: abroad, switchedOn: [flow] });
    expect(await collectFlow({ companyId: abroadId, flow: 'invoicePdf' })).toEqual({ found: 0 });
    const lines = (await listFlows(dependencies(), ANN, {})).flows;
    expect(lines.find(({ companyId }) => companyId === abroadId)).toMatchObject({ pausedBy: 'ann' });
    await counter.database.query('DELETE FROM flows WHERE company_id = $1', [abroadId]);

    const [resumed] = await switchFlow(dependencies(), ANN, { command: 'resume', flow: 'invoicePdf' });
    expect(resumed).toMatchObject({ pausedAt: undefined, pausedBy: undefined });
    expect(await counter.run('invoicePdf', SMALL)).toMatchObject({ carried: 1 });
    expect(await examineFlows(counter.database, parseRules(SMALL).flows)).toMatchObject([{ result: 'ok' }]);
    expect(told).toEqual(['pause invoicePdf', 'pause invoicePdf', 'resume invoicePdf']);
    expect((await newEntries()).map(({ action, actor, facts }) => [action, actor, facts])).toMatchObject([
      ['switch a feed', 'ann', { flow: 'invoicePdf', command: 'pause' }],
      ['switch a feed', 'ben', { flow: 'invoicePdf', command: 'pause' }],
      ['switch a feed', 'ann', { flow: 'invoicePdf', command: 'resume' }],
    ]);
  });

  it('is switched and tried again with its entry, or not at all (I4)', async () => {
    const sold = await notCarried();
    const refused = createTrailSigner({
      sign: () => {
        throw new Error('the key ring cannot be read');
      },
      checkSignature: () => 'right',
    });
    const unable = { database: withSigner(counter.database, refused), loops };
    const switching = switchFlow(unable, ANN, { command: 'pause', flow: 'invoicePdf' });
    await expect(switching).rejects.toThrow('the key ring');
    await expect(retryFlow(unable, ANN, { flow: 'invoicePdf' })).rejects.toThrow('the key ring');
    const lines = (await listFlows(dependencies(), ANN, {})).flows;
    expect(lines.filter(({ pausedAt }) => pausedAt)).toEqual([]);
    expect(await thingOf(sold)).toMatchObject({ state: 'noted' });
    expect([told, await newEntries()]).toEqual([[], []]);
  });

  it('and that has never run is refused, with what to do, and named by the doctor', async () => {
    expect(
      await examineFlows(
        counter.database,
        parseRules('flows: { stock: { columns: { inventory: quantityonhand } } }').flows,
      ),
    ).toMatchObject([{ check: 'flow stock', result: 'warning', found: 'has not run yet' }]);
    const switching = switchFlow(dependencies(), ANN, { command: 'pause', flow: 'stock' });
    await expect(switching).rejects.toThrow(/^stock has not run yet: name it below `flows` in the rules file/);
  });
});
