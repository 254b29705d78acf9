import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { ensureTemporalBinary } from '../../scripts/lib/temporal-binary.mjs';
// @ts-expect-error plain script without types, shared with the other commands
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';
import { replayDeal } from '../../src/dispatch/replay-deal.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createPayloadCodec, SEALED_ENCODING } from '../../src/secrets/payload-codec.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { openPayloads } from '../support/histories.js';
import { findMarkers, markersOf, readSqlite } from '../support/markers.js';
import { createTestConverter, openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';
import { silenceOnce } from '../support/temporal-runtime.js';

/** I7: a Temporal of its own, so that its file holds these deals and nothing else. */

silenceOnce();

const TOKEN = 'a-codec-token-for-this-test';
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-secrets-'));
const dbFile = join(folder, 'temporal.db');
const run = promisify(execFile);

let binary: string;
let server: { address: string; stop: () => Promise<void> };
let stage: Stage;
let printed: Buffer[];
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
const deals: SeedDocument[] = [];

beforeAll(async () => {
  binary = String(await ensureTemporalBinary());
  server = (await startTemporal({ binary, dbFile })) as typeof server;
  printed = [];
  stage = await openStage({
    temporalAddress: server.address,
    rules: 'test/rules/automatic.yaml',
    env: { LOG_LEVEL: 'debug', CODEC_TOKEN: TOKEN },
    listen: (chunk) => printed.push(chunk),
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
});
afterAll(async () => {
  await stage?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const nameOf = (deal: SeedDocument): string => {
  const { name, email } = dealer.account(deal);
  return `'${name}' <${email}>`;
};

async function untilHeld(deal: SeedDocument, reason: string): Promise<void> {
  await dealer.untilState(deal, 'held');
  const [problem] = (await dealer.status(deal)).problems;
  expect(problem?.reason).toBe(reason);
  // Whoever may read the deal sees the words of the other side.
  expect(problem?.text).toContain(dealer.account(deal).name);
}

async function clear(deal: SeedDocument): Promise<void> {
  await stage.temporal.workflow.getHandle(deal.id).executeUpdate('retry', { args: [{ by: 'clerk' }] });
  expect((await dealer.result(deal)).outcome).toBe('written-back');
}

async function submit(deal: SeedDocument): Promise<void> {
  deals.push(deal);
  await seller.submitOrder(deal.id);
  await stage.simulators.dataverse.webhooks.settle();
}

/** A deal whose request is answered once like this; the answer quotes the customer. */
async function submitAgainst(
  api: 'businessCentral' | 'dataverse',
  match: { readonly method: string; readonly path: string },
  answer: (deal: SeedDocument) => { readonly status: number; readonly body: object | string },
): Promise<SeedDocument> {
  const deal = dealer.takeNew();
  stage.simulators[api].faults.add({ match, effect: { kind: 'status', ...answer(deal) } });
  await submit(deal);
  return deal;
}

const DRAFT = { method: 'POST', path: '/salesInvoices\\?' };
const error = (code: string, message: string) => ({ error: { code, message } });

describe('customers and secrets are nowhere in clear (I7)', () => {
  it('a deal that goes through, with a customer that is created', async () => {
    const deal = dealer.takeNew();
    await submit(deal);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    const customer = dealer.customersOf(deal)[0];
    expect(customer?.['displayName']).toBe(dealer.account(deal).name);
  });

  it('a refusal of Business Central that quotes the customer', async () => {
    const deal = await submitAgainst('businessCentral', DRAFT, (one) => ({
      status: 400,
      body: error('Application_DialogException', `Nobody knows ${nameOf(one)}.`),
    }));
    await untilHeld(deal, 'refused-by-business-central');
    await clear(deal);
  });

  it('a 403 of either side that quotes the customer', async () => {
    const atDraft = await submitAgainst('businessCentral', DRAFT, (one) => ({
      status: 403,
      body: error('Authorization_RequestDenied', `You may not see ${nameOf(one)}.`),
    }));
    await untilHeld(atDraft, 'permission');
    await clear(atDraft);
    const row = { method: 'POST', path: '/invoices\\?' };
    const atWriteBack = await submitAgainst('dataverse', row, (one) => ({
      status: 403,
      body: error('0x80040220', `Principal lacks prvWriteAccount on ${nameOf(one)}.`),
    }));
    await untilHeld(atWriteBack, 'permission');
    await clear(atWriteBack);
  });

  it('answers that cannot be read, that are lost and that come too early, all with the name inside', async () => {
    const quoting = [
      { status: 200, body: 'not JSON, but of ' },
      { status: 200, body: '{"id": of ' },
      { status: 503, body: 'an outage of ' },
      { status: 500, body: 'a crash of ' },
    ];
    for (const { status, body } of quoting) {
      const read = { method: 'GET', path: '/salesorders\\(' };
      const deal = await submitAgainst('dataverse', read, (one) => ({ status, body: body + nameOf(one) }));
      expect((await dealer.result(deal)).outcome).toBe('written-back');
    }
    const lost = dealer.takeNew();
    stage.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: '/customers$' },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    await submit(lost);
    expect((await dealer.result(lost)).outcome).toBe('written-back');
  });

  it('a customer that is blocked, and words of people that do not fit', async () => {
    const bookkeeper = createBookkeeper(stage.simulators);
    const deal = dealer.takeKnown();
    await bookkeeper.blockCustomer(dealer.account(deal).number, 'All');
    await submit(deal);
    await dealer.untilState(deal, 'held');
    const handle = stage.temporal.workflow.getHandle(deal.id);
    const figures = { documentNumber: nameOf(deal), totalIncludingTax: '1', currency: 'EUR' };
    await handle.signal('confirm', { by: nameOf(deal), note: nameOf(deal), figures });
    await expect(handle.executeUpdate('confirm', { args: [{ by: nameOf(deal), figures }] })).rejects.toThrow();
    await expect(handle.executeUpdate('confirm', { args: [{ by: nameOf(deal) }] })).rejects.toThrow();
    await bookkeeper.blockCustomer(dealer.account(deal).number, '_x0020_');
    await clear(deal);
  });

  it('a run whose summary names number and customer', async () => {
    const [deal] = deals;
    if (!deal) throw new Error('a deal is needed');
    const actor = { name: 'ann', source: 'cli', isVerified: false } as const;
    const again = await replayDeal(stage, { table: 'salesorder', recordId: deal.id }, { actor });
    expect(again.kind).toBe('started');
    expect((await dealer.result(deal)).outcome).toBe('written-back');
  });

  it('webhooks, honest and forged, with whole records in their bodies', async () => {
    const [deal] = deals;
    if (!deal) throw new Error('a deal is needed');
    const secret = String(stage.env['WEBHOOK_SECRET']);
    const attributes = [{ key: 'name', value: nameOf(deal) }];
    const whole = {
      MessageName: 'Update',
      PrimaryEntityName: 'salesorder',
      PrimaryEntityId: deal.id,
      InputParameters: [{ key: 'Target', value: { Attributes: attributes } }],
    };
    const post = (body: string, key: string) =>
      fetch(`${stage.starterUrl}/webhooks/dataverse`, { method: 'POST', headers: { 'x-dealbridge-key': key }, body });
    expect((await post(JSON.stringify(whole), secret)).status).toBe(202);
    expect((await post(JSON.stringify({ ...whole, PrimaryEntityId: nameOf(deal) }), secret)).status).toBe(400);
    expect((await post(`not JSON but ${nameOf(deal)}`, secret)).status).toBe(400);
    expect((await post(JSON.stringify(whole), `${secret} of ${nameOf(deal)}`)).status).toBe(401);
  });

  it('none of it is in the file of Temporal, in what the processes print or in the audit trail', async () => {
    const secrets = [
      String(stage.env['DATAVERSE_CLIENT_SECRET']),
      String(stage.env['BC_CLIENT_SECRET']),
      String(stage.env['WEBHOOK_SECRET']),
      String(stage.env['DEALBRIDGE_KEYS']).split(':')[1] ?? '',
      TOKEN,
    ];
    const markers = [...markersOf(stage.simulators, deals), ...secrets];
    expect(markers.length).toBeGreaterThan(30);

    // The search finds what is there: a run whose client has no codec.
    const { connection, options } = stage.temporal;
    const careless = new Client({ connection, namespace: options.namespace });
    const control = 'Control Kranich GmbH';
    await careless.workflow.start('nobody', { taskQueue: 'none', workflowId: 'control', args: [{ name: control }] });
    await until(() => findMarkers(readSqlite(dbFile), [control]).length > 0);
    const file = readSqlite(dbFile);
    for (const deal of deals) expect(file.includes(deal.id)).toBe(true);
    expect(findMarkers(file, markers)).toEqual([]);

    const output = Buffer.concat(printed);
    expect(output.toString()).toContain(deals[0]?.id);
    expect(findMarkers(output, markers)).toEqual([]);

    const { rows } = await stage.database.query<{ entry: string }>(
      'SELECT audit_entries::text AS entry FROM audit_entries',
    );
    const trail = rows.map((row) => row.entry).join('\n');
    expect(trail).toContain('refused-by-business-central');
    expect(findMarkers(Buffer.from(trail), markers)).toEqual([]);
  });
});

/** Temporal's own command line. */
const tool = (...args: readonly string[]) =>
  run(binary, [
    ...args,
    ...['--address', server.address, '--namespace', String(stage.env['TEMPORAL_NAMESPACE'])],
    ...['--codec-endpoint', `${stage.starterUrl}/codec`],
  ]);
const withToken = ['--codec-auth', `Bearer ${TOKEN}`];

describe('whoever has the token reads the deal with the tools of Temporal', () => {
  const refused = (): SeedDocument => {
    const deal = deals[1];
    if (!deal) throw new Error('the refused deal is needed');
    return deal;
  };

  it('temporal workflow show', async () => {
    const { stdout } = await tool('workflow', 'show', '-w', refused().id, '--output', 'json', ...withToken);
    expect(stdout).toContain('handOverDeal');
    // The failure of the step that was refused, with the customer's name in its details.
    const name = dealer.account(refused()).name;
    expect(findMarkers(Buffer.from(stdout), [name])).toEqual([name]);
  });

  it('temporal workflow show with a wrong token shows nothing', async () => {
    // It asks again and again until its own time is over.
    const patience = ['--command-timeout', '2s'];
    const wrong = tool('workflow', 'show', '-w', refused().id, ...patience, '--codec-auth', 'Bearer wrong');
    const { stdout } = await wrong.catch((failed: { stdout: string }) => failed);
    expect(findMarkers(Buffer.from(stdout), [dealer.account(refused()).name])).toEqual([]);
  });

  it('temporal workflow query and describe: status, summary and current details', async () => {
    const query = await tool('workflow', 'query', '-w', refused().id, '--name', 'status', ...withToken);
    expect(query.stdout).toMatch(/written-back/);
    const describe = await tool('workflow', 'describe', '-w', refused().id, ...withToken);
    expect(describe.stdout).toContain('Hand over salesorder');
  });

  it('temporal workflow describe: number and customer of a deal that was read before', async () => {
    const [deal] = deals;
    if (!deal) throw new Error('a deal is needed');
    const list = ['workflow', 'describe', '-w', deal.id];
    const named = `Hand over salesorder ${deal.number} for ${dealer.account(deal).name}`;
    expect((await tool(...list, ...withToken)).stdout).toContain(named);
    // Who cannot open it sees neither.
    const { stdout } = await run(binary, [
      ...list,
      ...['--address', server.address, '--namespace', String(stage.env['TEMPORAL_NAMESPACE'])],
    ]);
    expect(stdout).not.toContain(deal.number);
    expect(stdout).not.toContain(dealer.account(deal).name);
  });
});

describe('words that people type', () => {
  it('are sealed when the command line knows the codec endpoint', async () => {
    const name = 'Typed Kranich GmbH';
    const args = ['-w', 'control', '--name', 'reject', '--input', JSON.stringify({ by: 'ann', reason: name })];
    await tool('workflow', 'signal', ...args, ...withToken);
    const { events } = await stage.temporal.workflow.getHandle('control').fetchHistory();
    const signals = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
    expect(signals.map((one) => one.signalName)).toEqual(['reject']);
    const encoding = signals[0]?.input?.payloads?.[0]?.metadata?.['encoding'];
    expect(Buffer.from(encoding ?? []).toString()).toBe(SEALED_ENCODING);
    expect(findMarkers(readSqlite(dbFile), [name])).toEqual([]);
  });
});

describe('a sealed history', () => {
  const SEALED = Buffer.from(SEALED_ENCODING).toString('base64');

  it('shows neither messages nor stack traces of failures, neither summary nor current details', async () => {
    const [, deal] = deals;
    if (!deal) throw new Error('the refused deal is needed');
    const handle = stage.temporal.workflow.getHandle(deal.id);
    const { events } = await handle.fetchHistory();
    const failures = (events ?? []).flatMap((event) => event.activityTaskFailedEventAttributes?.failure ?? []);
    expect(failures.map(({ message, stackTrace }) => [message, stackTrace])).toEqual([['Encoded failure', '']]);

    const { connection, options } = stage.temporal;
    const careless = new Client({ connection, namespace: options.namespace });
    const { raw } = await careless.workflow.getHandle(deal.id).describe();
    const summary = raw.executionConfig?.userMetadata?.summary;
    expect(Buffer.from(summary?.metadata?.['encoding'] ?? []).toString()).toBe(SEALED_ENCODING);
    const details = (client: Client) => client.workflow.getHandle(deal.id).query('__temporal_workflow_metadata');
    await expect(details(careless)).rejects.toThrow(/sealed/);
    const opened = JSON.stringify(await details(stage.temporal));
    expect(opened).toContain('written-back');
    expect(opened).toContain(`**${deal.number} for ${dealer.account(deal).name}**`);
  });

  it('replays with the keys, and when its payloads were opened before', async () => {
    const [deal] = deals;
    if (!deal) throw new Error('a deal is needed');
    const history = await stage.temporal.workflow.getHandle(deal.id).fetchHistory();
    const json = historyToJSON(history);
    expect(json).toContain(SEALED);
    const workflowBundle = { codePath: inject('workflowBundle') };
    // A payload opens in its own namespace and workflow only, which a replay does not know.
    const codec = createPayloadCodec(stage.ring);
    const anywhere: PayloadCodec = { encode: (all) => codec.encode(all), decode: (all) => codec.decode(all) };
    const dataConverter = { ...createTestConverter(stage.ring), payloadCodecs: [anywhere] };
    await Worker.runReplayHistory({ workflowBundle, dataConverter }, history);
    const opened = JSON.stringify(await openPayloads(createPayloadCodec(stage.ring), JSON.parse(json)));
    expect(opened).not.toContain(SEALED);
    await Worker.runReplayHistory({ workflowBundle }, historyFromJSON(JSON.parse(opened)));
  });
});

describe('a key that is missing', () => {
  it('lets the run wait, and the run ends well when the key is back', async () => {
    const { DEALBRIDGE_KEYS: own } = stage.env;
    const restartWith = async (keys: string | undefined): Promise<void> => {
      await stage.stopWorker();
      stage.env['DEALBRIDGE_KEYS'] = keys;
      await stage.startWorker();
    };
    await restartWith(createKeyLine());
    const deal = dealer.takeNew();
    await submit(deal);
    const handle = stage.temporal.workflow.getHandle(deal.id);
    await until(async () => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).some((event) => event.workflowTaskFailedEventAttributes);
    });
    expect(dealer.invoicesOf(deal)).toEqual([]);
    await restartWith(own);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
  });
});
