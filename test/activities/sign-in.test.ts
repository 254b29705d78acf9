import { PassThrough } from 'node:stream';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { WonDeal } from '../../src/deal/deal.js';
import { createPausedLaneLedger } from '../../src/ledger/settings/paused-lanes.js';
import { createLog } from '../../src/process/log.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { toPost } from '../support/posting.js';
import { createStoppedClock } from '../support/stopped-clock.js';
import { openWorkerSystems } from '../support/worker-systems.js';

/** A refused sign-in never holds a deal: its steps are asked again, and go on when the secret is replaced. */

let counter: Counter;
let worker: Awaited<ReturnType<typeof openWorkerSystems>>;
const clock = createStoppedClock();
const logged: { readonly level: number; readonly msg: string }[] = [];

beforeAll(async () => {
  counter = await openCounter();
  const output = new PassThrough();
  output.on('data', (line: Buffer) => logged.push(JSON.parse(line.toString())));
  worker = await openWorkerSystems(counter, {
    settings: { ENVIRONMENT_CHECK_SECONDS: '3600' },
    secretsInLedger: true,
    clock,
    log: createLog('test', 'info', output),
  });
});
afterAll(async () => {
  await worker?.close();
  await counter?.close();
});
beforeEach(() => {
  logged.length = 0;
});

const REJECTED = { code: 'Authentication_InvalidCredentials', message: 'The server has rejected the client.' };
const listPaused = () => createPausedLaneLedger(counter.database).list();
const administer = (path: string, body: object) =>
  fetch(`${counter.simulators.connection.entra}/_sim${path}`, { method: 'POST', body: JSON.stringify(body) });

/** One attempt of the steps from deal to posted invoice, as Temporal makes them. */
async function attempt(deal: WonDeal): Promise<'posted' | ApplicationFailure> {
  const { companyId } = counter;
  try {
    const draft = await worker.createDraft(deal);
    if (!draft) throw new Error('a draft is needed');
    const posted = await worker.posting.post({ companyId, ...toPost(deal), draft });
    if (posted !== 'posted') throw new Error('nobody changed the draft');
    return posted;
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
}

describe('a start with a wrong secret', () => {
  it.each([['DATAVERSE_CLIENT_SECRET'], ['BC_CLIENT_SECRET']])(
    '%s: goes to work with the company that the ledger knows, its deals wait',
    async (setting) => {
      const deal = await counter.win();
      counter.simulators.businessCentral.requests.length = 0;
      const refused = await openWorkerSystems(counter, {
        settings: { [setting]: 'not-this-one', ENVIRONMENT_CHECK_SECONDS: '3600' },
      });
      onTestFinished(() => refused.close());
      expect(refused.companyId).toBe(counter.companyId);
      await expect(refused.createDraft(deal)).rejects.toMatchObject({
        type: 'entra/unauthorized',
        nonRetryable: false,
      });
      expect(counter.simulators.businessCentral.requests).toEqual([]);
    },
  );

  it('waits with one line that names the setting while the ledger does not know the company, and goes on when the secret is taken', async () => {
    const { clientId } = counter.simulators.connection.businessCentralApp;
    const said: string[] = [];
    const output = new PassThrough();
    output.on('data', (line: Buffer) => {
      said.push(JSON.parse(line.toString()).msg);
      void administer('/apps', { clientId, clientSecret: 'the-one-that-came-later' });
    });
    // By its id: under that name nothing is registered.
    const waited = await openWorkerSystems(counter, {
      settings: { BC_COMPANY: counter.companyId, BC_CLIENT_SECRET: 'the-one-that-came-later' },
      log: createLog('test', 'info', output),
    });
    onTestFinished(() => waited.close());
    expect(said).toEqual([
      expect.stringMatching(
        /^not ready: setting BC_CLIENT_SECRET: .+credentials set business-central.+ \(invalid_client .+$/,
      ),
    ]);
    expect(await waited.createDraft(await counter.win())).toBeDefined();
  });
});

describe('two 401 in a row', () => {
  it('let the step be asked again, and the next attempt goes through', async () => {
    const deal = await counter.win();
    counter.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: '/salesInvoices\\?' },
      times: 2,
      effect: { kind: 'status', status: 401, body: { error: REJECTED } },
    });
    expect(await attempt(deal)).toMatchObject({
      type: 'business-central/unauthorized',
      nonRetryable: false,
      message: expect.stringContaining('unauthorized (401 Authentication_InvalidCredentials)'),
    });
    expect(await attempt(deal)).toBe('posted');
    expect(await listPaused()).toEqual([]);
    expect(logged).toEqual([]);
  });
});

describe('a secret that has expired', () => {
  it('holds no deal, raises one alarm, and everything is posted once it is replaced', async () => {
    const { clientId, clientSecret } = counter.simulators.connection.businessCentralApp;
    const deals = [await counter.win(), await counter.win(), await counter.win()];
    await administer('/secrets/expire', { clientId, clientSecret });
    // No token is left: the next request asks for one.
    counter.simulators.businessCentral.faults.add({
      match: { path: 'companies' },
      times: 0,
      effect: { kind: 'status', status: 401 },
    });

    // Twenty minutes, in which each deal is tried each half a minute.
    counter.simulators.entra.requests.length = 0;
    for (let tries = 0; tries < 40; tries += 1) {
      for (const deal of deals) {
        const failure = await attempt(deal);
        if (failure === 'posted') throw new Error('nothing can be posted');
        expect(failure).toMatchObject({ type: 'entra/unauthorized', nonRetryable: false });
        // The one that was let through follows Temporal's own pauses, the others come again when they are told.
        expect([undefined, 30_000]).toContain(failure.nextRetryDelay);
      }
      clock.pass(30);
    }
    expect(logged.map(({ level, msg }) => [level, msg])).toEqual([[50, 'sign-in refused, lane paused: deals wait']]);
    expect(logged[0]).toMatchObject({
      system: 'business-central',
      address: `app registration ${clientId}`,
      problem: 'ask for a token: unauthorized (invalid_client AADSTS7000222)',
      advice: expect.stringContaining('dealbridge credentials set business-central'),
    });
    expect(await listPaused()).toMatchObject([
      { system: 'business-central', pausedSince: new Date('2026-03-31T12:00:00Z') },
    ]);
    // One of the three is let through each time.
    expect(counter.simulators.entra.requests.length).toBeLessThan(55);

    await administer('/apps', { clientId, clientSecret: 'the-next-one' });
    await worker.setSecret('business-central', 'the-next-one');
    counter.simulators.businessCentral.faults.clear();
    clock.pass(30);
    for (const deal of deals) expect(await attempt(deal)).toBe('posted');
    expect(await listPaused()).toEqual([]);
    expect(logged.map(({ msg }) => msg).slice(1)).toEqual(['sign-in taken, lane goes on']);
  });
});
