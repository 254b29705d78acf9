import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createKeyLine } from '../../src/secrets/keys.js';
import { KEY_ID_METADATA } from '../../src/secrets/payload-codec.js';
import { runCli } from '../support/cli.js';
import { createDealer, until } from '../support/deals.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** Keys and secrets are exchanged while deals run; nothing is started anew, and no deal notices. */

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-rotation-'));
const keyFile = join(folder, 'keys');
const [OLD, NEW] = [createKeyLine(), createKeyLine()];
const idOf = (line: string): string => line.slice(0, line.indexOf(':'));

/** As an editor or an orchestrator does it: the whole file at once. */
function writeKeys(...lines: readonly string[]): void {
  writeFileSync(`${keyFile}.next`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${keyFile}.next`, keyFile);
}

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
const deals: SeedDocument[] = [];

beforeAll(async () => {
  writeKeys(OLD);
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/automatic.yaml',
    keyFile,
    secrets: 'ledger',
    env: { REQUEST_TIMEOUT_MS: '60000', BC_AMBIGUITY_WINDOW_MS: '61000', DATAVERSE_AMBIGUITY_WINDOW_MS: '61000' },
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
});
afterAll(async () => {
  await stage?.close();
  rmSync(folder, { recursive: true });
});

async function submit(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const deal = dealer.takeNew();
    deals.push(deal);
    await seller.submitOrder(deal.id);
  }
  await stage.simulators.dataverse.webhooks.settle();
}

const settleAll = () => Promise.all(deals.map((deal) => dealer.result(deal)));

/** The seller of this test has the same app as the worker and has to ask anew as well. */
function letTokensEnd(clientSecret: string): void {
  stage.simulators.clock.advance(2 * 3_600_000);
  const { connection } = stage.simulators;
  const dataverseApp = { ...connection.dataverseApp, clientSecret };
  seller = createSeller({ ...stage.simulators, connection: { ...connection, dataverseApp } });
}

const administer = (path: string, body: object) =>
  fetch(`${stage.simulators.connection.entra}/_sim${path}`, { method: 'POST', body: JSON.stringify(body) });

async function credentials(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCli(['credentials', ...args, '--by', 'ann'], stage.env, input);
  expect(`${code} ${stderr}`).toBe('0 ');
  return stdout;
}

/** Which keys sealed the payloads of this run. */
async function keysOf(deal: SeedDocument): Promise<string[]> {
  const { events } = await stage.temporal.workflow.getHandle(deal.id).fetchHistory();
  const payloads = (events ?? []).flatMap((event) => [
    ...(event.workflowExecutionStartedEventAttributes?.input?.payloads ?? []),
    ...(event.activityTaskCompletedEventAttributes?.result?.payloads ?? []),
  ]);
  const ids = payloads.map((payload) => Buffer.from(payload.metadata?.[KEY_ID_METADATA] ?? []).toString());
  return [...new Set(ids)].filter((id) => id !== '');
}

describe('a rotation while deals run', () => {
  it('of the key: what runs goes on, what comes is sealed with the new one', async () => {
    const { faults } = stage.simulators.businessCentral;
    faults.add({
      match: { method: 'POST', path: '/salesInvoices\\?' },
      times: 2,
      effect: { kind: 'hold', when: 'before' },
    });
    await submit(5);
    await until(() => faults.heldCount() === 2);
    writeKeys(NEW, OLD);
    expect(await credentials(['rotate'])).toBe(`3 sealed anew, everything is sealed with key ${idOf(NEW)}\n`);
    await submit(5);
    faults.clear();
    await settleAll();
    expect(await keysOf(deals[0] as SeedDocument)).toContain(idOf(OLD));
    // Worker and starter look at the file once a second.
    await until(async () => {
      await submit(1);
      await settleAll();
      return (await keysOf(deals.at(-1) as SeedDocument)).join() === idOf(NEW);
    });
  });

  it('of both client secrets: set before Entra knows the new one, kept after the old one has ended', async () => {
    const { dataverseApp, businessCentralApp } = stage.simulators.connection;
    const both = [
      { name: 'dataverse', app: dataverseApp, secret: 'the-next-dataverse-secret' },
      { name: 'business-central', app: businessCentralApp, secret: 'the-next-bc-secret' },
    ];
    for (const { name, secret } of both)
      expect(await credentials(['set', name], `${secret}\n`)).toContain('generation 2');
    // All tokens end: the new secret is refused yet, the one before still counts.
    letTokensEnd(dataverseApp.clientSecret);
    await submit(3);
    await settleAll();
    for (const { app, secret } of both) {
      await administer('/apps', { clientId: app.clientId, clientSecret: secret });
      await administer('/secrets/expire', { clientId: app.clientId, clientSecret: app.clientSecret });
    }
    letTokensEnd('the-next-dataverse-secret');
    await submit(3);
    await settleAll();
  });

  it('of the webhook secret: the one before counts until Sales has the new one', async () => {
    const [registration] = stage.simulators.dataverse.webhooks.registrations;
    if (!registration) throw new Error('the stage registers a webhook');
    await credentials(['set', 'webhook'], 'the-next-webhook-secret\n');
    await submit(2);
    await stage.simulators.dataverse.webhooks.settle();
    Object.assign(registration, { value: 'the-next-webhook-secret' });
    await submit(4);
    await settleAll();
  });

  it('no deal failed, waited or came twice, and every change is in the audit trail', async () => {
    expect(deals.length).toBeGreaterThanOrEqual(20);
    for (const deal of deals) {
      expect((await dealer.result(deal)).outcome).toBe('written-back');
      expect(dealer.invoicesOf(deal).map((invoice) => invoice.isPosted)).toEqual([true]);
      expect((await stage.ledger.readAudit(deal.id)).map((entry) => entry.action)).not.toContain('hold');
    }
    const trail = await stage.ledger.readAudit('00000000-0000-0000-0000-000000000000');
    // What worker and starter note of their configuration stands there, too.
    const done = trail.filter(({ actor }) => actor === 'ann');
    expect(done.map(({ actor, action, facts }) => [actor, action, facts?.['name']])).toEqual([
      ['ann', 'rotate credentials', undefined],
      ['ann', 'set credential', 'dataverse'],
      ['ann', 'set credential', 'business-central'],
      ['ann', 'set credential', 'webhook'],
    ]);
    expect(JSON.stringify(trail)).not.toContain('the-next-');
  });
});
