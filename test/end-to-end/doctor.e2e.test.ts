import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { invoiceSweepId } from '../../src/deal/business-central-feeds.js';
import { DRIFT_ID, RECONCILE_SALES_ID } from '../../src/deal/ids.js';
import { TELL_SELLERS } from '../../src/dispatch/ensure/sellers-told.js';
import { CHECK_TRAIL } from '../../src/dispatch/ensure/trail-proof.js';
import type { StepReport } from '../../src/doctor/finding.js';
import { runCli } from '../support/cli.js';
import { until } from '../support/deals.js';
import { type Examined, registerSteps, toExamined } from '../support/doctor.js';
import { createListener } from '../support/feeds.js';
import { openStage, type Stage } from '../support/processes.js';

/** `dealbridge doctor` as a process, against everything that it examines; the faults are planted one after the other. */
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-doctor-'));
let stage: Stage;
let steps: Awaited<ReturnType<typeof registerSteps>>;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/doctor.yaml',
    feeds: true,
    env: {
      STARTER_PORT: String(port),
      STARTER_PUBLIC_URL: url,
      CODEC_TOKEN: 'a-codec-token-for-tests',
      AUDIT_WITNESS_FILE: join(folder, 'seals'),
    },
  });
  steps = await registerSteps(stage.simulators, `${url}/webhooks/dataverse`);
  await createListener(stage).untilComplete();
  await until(() => stage.simulators.businessCentral.subscriptions.list().length === 5);
  await until(async () => {
    const { rows } = await stage.database.query('SELECT 1 FROM invoice_feeds WHERE read_at IS NOT NULL');
    return rows.length > 0;
  });
});
afterAll(async () => {
  await stage?.close();
  rmSync(folder, { recursive: true });
});

async function doctor(changes: NodeJS.ProcessEnv = {}): Promise<Examined & { code: number | null; said: string }> {
  const { code, stdout, stderr } = await runCli(['doctor', '--json'], { ...stage.env, ...changes });
  const { steps: reports } = JSON.parse(stdout) as { steps: StepReport[] };
  return { ...toExamined(reports), code, said: stdout + stderr };
}

describe('dealbridge doctor', () => {
  it('finds nothing wrong in a sound installation, and says so step by step', async () => {
    const { code, stdout } = await runCli(['doctor'], stage.env);
    expect(stdout.match(/^ {2}WRONG .*/gm)).toBeNull();
    expect(code).toBe(0);
    for (const line of [
      /^configuration\n {2}ok +version: Dealbridge \d\S+ on Node\.js \d+\.\S+\n {2}ok +settings: all there$/m,
      /^token for dataverse\n {2}ok +token: Entra takes the secret of the settings/m,
      /^ {2}ok +opportunity Win: enabled, asynchronous$/m,
      /^ {2}ok +business-central: \d pollers?$/m,
      /^ {2}ok +sales-feed-salesorder: running$/m,
      /^ {2}ok +salesorder: complete up to \d+ s ago$/m,
      /^audit witnesses\n {2}ok +file \S+: (has seal \d+|empty: .*)$/m,
      /^ {2}ok +codec: opens what this key ring seals$/m,
      /^ {2}WARNING +retention: 24 h.*\n +→ temporal operator namespace update .* --retention 720h$/m,
      /^\d+ ok, (1 warning|(0|[2-9]|\d\d+) warnings), 0 wrong, \d+ not checked$/m,
    ])
      expect(stdout).toMatch(line);
    for (const name of ['DATAVERSE_CLIENT_SECRET', 'BC_CLIENT_SECRET', 'WEBHOOK_SECRET', 'CODEC_TOKEN'])
      expect(stdout).not.toContain(stage.env[name]);
  });

  it('finds nothing wrong either where the starter has a name inside and none outside, as in containers', async () => {
    const { code, wrong, finding } = await doctor({ STARTER_HOST: 'localhost', STARTER_PUBLIC_URL: undefined });
    expect(wrong()).toEqual([]);
    expect(code).toBe(0);
    expect(finding('starter', 'health').found).toMatch(/^http:\/\/localhost:\d+ answers$/);
  });

  it('writes to no system, and a refused secret does not stop the rest', async () => {
    const { dataverse, businessCentral } = stage.simulators;
    const { code, finding, wrong } = await doctor({ BC_CLIENT_SECRET: 'another' });
    expect(code).toBe(1);
    expect(wrong()).toEqual(['token for business-central: token']);
    expect(finding('token for business-central', 'token').advice).toContain('Certificates & secrets');
    expect(finding('dataverse: webhooks', 'quote Win').result).toBe('ok');
    expect(finding('temporal: loops and schedules', 'invoice-feed').result).toBe('not checked');
    const written = [...dataverse.requests, ...businessCentral.requests].filter(
      ({ method, path }) => method !== 'GET' && !/subscriptions|serviceendpoints|sdkmessage/.test(path),
    );
    expect(written).toEqual([]);
  });

  it('finds a webhook step that is gone, a subscription that is gone and one that was not renewed', async () => {
    await steps.remove('opportunity Win');
    const { rows } = stage.simulators.businessCentral.subscriptions;
    const [gone, old] = [...rows.keys()].sort();
    rows.delete(gone ?? '');
    Object.assign(rows.get(old ?? '') ?? {}, { expirationDateTime: new Date(Date.now() + 3_600_000).toISOString() });
    const { code, finding, wrong } = await doctor();
    expect(code).toBe(1);
    const resource = gone?.split('-').at(-1) ?? '';
    expect(wrong()).toEqual(['dataverse: webhooks: opportunity Win', `business central: subscriptions: ${resource}`]);
    expect(finding('dataverse: webhooks', 'opportunity Win').advice).toContain('Register New Step');
    expect(finding('business central: subscriptions', resource).advice).toContain('STARTER_PUBLIC_URL');
    expect(finding('business central: subscriptions', old?.split('-').at(-1) ?? '').result).toBe('warning');
  });

  it('finds a loop that does not run, a paused feed and schedule, and a token that the starter does not know', async () => {
    await stage.temporal.workflow.getHandle('sales-feed-contact').terminate('planted');
    await createListener(stage).pause('product');
    for (const id of [RECONCILE_SALES_ID, TELL_SELLERS]) await stage.temporal.schedule.getHandle(id).pause();
    const { finding } = await doctor({ CODEC_TOKEN: 'another-token-than-that' });
    expect(finding('temporal: loops and schedules', 'sales-feed-contact')).toMatchObject({
      result: 'wrong',
      found: 'ended: TERMINATED',
      advice: expect.stringContaining('FEEDS=on'),
    });
    for (const id of [RECONCILE_SALES_ID, TELL_SELLERS])
      expect(finding('temporal: loops and schedules', id).found).toBe('paused');
    for (const id of [DRIFT_ID, invoiceSweepId(stage.simulators.businessCentral.company.id)])
      expect(finding('temporal: loops and schedules', id).result).toBe('ok');
    expect(finding('temporal: loops and schedules', CHECK_TRAIL).result).toBe('ok');
    expect(finding('feeds', 'product').advice).toBe('dealbridge feeds resume product');
    expect(finding('starter', 'codec')).toMatchObject({ result: 'wrong', found: 'it takes another token' });
  });

  it('finds runs of deals that were ended from outside, and says whether any cannot go on', async () => {
    const before = (await doctor()).finding('temporal: runs', 'ended from outside');
    expect(before).toMatchObject({ result: 'ok', found: 'none within a day' });
    const run = await stage.temporal.workflow.start('handOverDeal', {
      taskQueue: 'a-queue-that-nobody-polls',
      workflowId: randomUUID(),
      args: [{ table: 'quote', recordId: randomUUID() }],
    });
    await run.terminate('planted');
    await expect
      .poll(async () => (await doctor()).finding('temporal: runs', 'ended from outside'), { timeout: 30_000 })
      .toMatchObject({ result: 'warning', found: '1 run within a day' });
    const failing = (await doctor()).finding('temporal: runs', 'failing tasks');
    expect(failing).toMatchObject({ result: 'ok', found: 'no run has any' });
  });

  it('finds a namespace that does not exist, and one without search attributes where nobody polls', async () => {
    const missing = await doctor({ TEMPORAL_NAMESPACE: 'nowhere' });
    expect(missing.finding('temporal', 'namespace').advice).toBe(
      'temporal operator namespace create -n nowhere --retention 720h',
    );
    const namespace = `bare-${process.pid}-${Date.now()}`;
    await stage.temporal.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: (30 * 86_400) as never },
    });
    const bare = await doctor({ TEMPORAL_NAMESPACE: namespace });
    expect(bare.code).toBe(1);
    expect(bare.finding('temporal', 'retention')).toMatchObject({ result: 'ok', found: '720 h' });
    expect(bare.finding('temporal: task queues', 'business-central').found).toContain('nobody polls it');
    expect(bare.finding('temporal: loops and schedules', 'sales-feed-quote').found).toBe('does not run');
    const attributes = bare.finding('temporal', 'search attributes');
    expect(attributes.result).toBe('wrong');
    expect(attributes.advice).toContain('--name DealState --type Keyword');
    expect(attributes.advice).toContain('--name DealAmount --type Double');
  });

  it('finds a ledger that was not migrated and a trail whose trigger is off', async () => {
    await stage.database.query(`DELETE FROM migrations WHERE name = '0005-settings.sql'`);
    const behind = (await doctor()).finding('database', 'migrations');
    expect(behind).toMatchObject({ result: 'wrong', found: 'not applied: 0005-settings.sql' });
    await stage.database.query(`INSERT INTO migrations (name) VALUES ('0005-settings.sql')`);
    await stage.database.query('ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_are_append_only');
    const asleep = (await doctor()).finding('database', 'audit trail');
    await stage.database.query('ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_are_append_only');
    expect(asleep).toMatchObject({
      result: 'wrong',
      found: 'triggers that are off or gone: audit_entries_are_append_only',
    });
    expect(asleep.advice).toContain('dealbridge audit verify');
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
