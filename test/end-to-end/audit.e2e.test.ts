import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { SealSummary } from '../../src/activities/audit/seal-audit.js';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createTokenSource } from '../../src/clients/entra/tokens.js';
import { AUDIT_SEALS, ensureAuditSeals } from '../../src/dispatch/ensure/audit-seals.js';
import { CHECK_TRAIL } from '../../src/dispatch/ensure/trail-proof.js';
import { replayDeal } from '../../src/dispatch/replay-deal.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { type StoredAuditEntry, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { loadConfig } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { tamper, verifyOffline } from '../support/audit.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { ANN, confirmDeal } from '../support/decisions.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-audit-'));
const WITNESS = join(folder, 'seals');

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let database: Database;

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/person.yaml',
    env: { FEEDS: 'on', AUDIT_WITNESS_FILE: WITNESS },
  });
  dealer = createDealer(stage);
  database = openDatabase(String(stage.env['DATABASE_URL']), { connections: 2 });
});
afterAll(async () => {
  await database?.close();
  await stage?.close();
  rmSync(folder, { recursive: true });
});

async function startWaiting(deal: SeedDocument): Promise<SeedDocument> {
  await startDeal(stage, { table: 'salesorder', recordId: deal.id });
  await dealer.untilState(deal, 'awaiting-confirmation');
  return deal;
}

async function confirm(deal: SeedDocument, note: string): Promise<void> {
  await confirmDeal(stage.temporal, deal.id, 'ann', note);
  await dealer.result(deal);
}

/** Its invoice is paid, and somebody looks: the deal has ended. */
async function settle(deal: SeedDocument): Promise<void> {
  const { documentId } = await stage.ledger.getRecord(deal.id);
  await createBookkeeper(stage.simulators).payInvoice(String(documentId));
  await replayDeal(stage, { table: 'salesorder', recordId: deal.id }, { actor: ANN });
  await dealer.untilState(deal, 'settled');
}

/** Beside the test, not within: the embedded ledger that it asks is served by this very process. */
async function dealbridge(...args: string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'audit', ...args], { env: stage.env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code: Number(code), said };
}

const entryOf = (entries: readonly StoredAuditEntry[], action: string): StoredAuditEntry => {
  const found = entries.find((entry) => entry.action === action);
  if (!found) throw new Error(`no '${action}' among ${entries.map((entry) => entry.action).join(', ')}`);
  return found;
};

describe('a deal leaves a trail (I4)', () => {
  it('every write to either system has the ids of the request, and the word of a person its figures', async () => {
    const deal = await startWaiting(dealer.takeNew());
    await confirm(deal, 'as Jane Roe asked');
    const entries = await stage.ledger.readAudit(deal.id);
    expect(entries.map((entry) => entry.action)).toEqual([
      'create customer in Business Central',
      'create draft invoice in Business Central',
      'confirm',
      'post invoice in Business Central',
      'create invoice row in Sales',
    ]);
    for (const entry of entries.filter(({ actor }) => actor === 'dealbridge')) {
      expect(entry.requestId).toMatch(/\S{8}/);
      expect(entry.correlationId).toMatch(/\S{8}/);
    }
    const word = entryOf(entries, 'confirm');
    expect(word).toMatchObject({ actor: 'ann', personal: { note: 'as Jane Roe asked' } });
    expect(word.facts).not.toHaveProperty('note');
    expect((await verifyAudit(database, { recordId: deal.id })).findings).toEqual([]);
  });

  it('a discount tells what it replaced', async () => {
    const deal = stage.simulators.data.documents.find(
      (other) => other.kind === 'salesorder' && other.discount !== '0' && dealer.account(other).isInBusinessCentral,
    );
    if (!deal) throw new Error('the seed holds no order with a discount');
    await startWaiting(deal);
    const entry = entryOf(await stage.ledger.readAudit(deal.id), 'set invoice discount in Business Central');
    expect(entry).toMatchObject({ before: { discount: '0' }, after: { discount: '10' } });
  });

  it('a draft that was deleted by a step that then died is in the trail when the step runs again', async () => {
    const deal = await startWaiting(dealer.takeKnown());
    const { documentId } = await stage.ledger.getRecord(deal.id);
    const config = loadConfig(stage.env);
    const businessCentral = createBusinessCentralClient({
      environmentUrl: config.businessCentral.environmentUrl,
      companyId: stage.simulators.businessCentral.company.id,
      tokens: createTokenSource(config.businessCentral.app, async () => [
        { kind: 'secret', secret: String(stage.env['BC_CLIENT_SECRET']) },
      ]),
      timeoutMs: 5_000,
    });
    const { id: companyId } = stage.simulators.businessCentral.company;
    const common = { businessCentral, companyId, clock: systemClock, ambiguityWindowMs: 60_000 };
    const dying = { ...stage.ledger, recordOutcome: () => Promise.reject(new Error('died here')) };
    const input = {
      companyId,
      kind: 'invoice' as const,
      recordId: deal.id,
      draftId: String(documentId),
      evenIfEdited: false,
    };
    const first = createDeletionSteps({ ...common, ledger: dying }).deleteDraft(input);
    await expect(first).rejects.toThrow('died here');
    expect(dealer.invoicesOf(deal)).toEqual([]);

    const activities = createDeletionSteps({ ...common, ledger: stage.ledger });
    await activities.deleteDraft(input);
    await activities.deleteDraft(input);
    await businessCentral.close();
    const deletions = (await stage.ledger.readAudit(deal.id)).filter(({ action }) => action.startsWith('delete draft'));
    expect(deletions).toMatchObject([{ facts: { documentId, adopted: true } }]);
  });

  it('a request whose answer was lost is in the trail with our id of it', async () => {
    const { businessCentral } = stage.simulators;
    const deal = dealer.takeKnown();
    businessCentral.faults.add({
      match: { method: 'POST', path: 'salesInvoices' },
      effect: { kind: 'lose-answer', when: 'after' },
      times: 1,
    });
    await startWaiting(deal);
    const entry = entryOf(
      await stage.ledger.readAudit(deal.id),
      'create draft invoice in Business Central: outcome unknown',
    );
    expect(entry.requestId).toMatch(/\S{8}/);
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
  });
});

describe('the system', () => {
  it('worker and starter told their configuration once each, without secrets', async () => {
    const all = await stage.ledger.readAudit(SYSTEM_CHAIN);
    const entries = all.filter(({ action }) => action === 'configuration changed');
    expect(entries.map(({ actor }) => actor).sort()).toEqual(['starter', 'worker']);
    const text = JSON.stringify(entries);
    expect(text).toContain('"rules.policy.confirmation.by":"person"');
    expect(text).toContain('"starter.ratePerSecond":10000');
    for (const [name, value] of Object.entries(stage.env)) {
      if (/SECRET|DATABASE/.test(name) && value) expect(text).not.toContain(value);
    }
    await stage.killWorker();
    await stage.startWorker();
    expect(await stage.ledger.readAudit(SYSTEM_CHAIN)).toHaveLength(all.length);
  });

  it('is sealed by a schedule that is made once and stays paused when somebody paused it', async () => {
    const schedule = stage.temporal.schedule.getHandle(AUDIT_SEALS);
    await schedule.pause('maintenance');
    await ensureAuditSeals(stage.temporal);
    await ensureAuditSeals(stage.temporal);
    const { state, policies, spec, info } = await schedule.describe();
    expect(state).toMatchObject({ paused: true, note: 'maintenance' });
    expect(policies.overlap).toBe('SKIP');
    expect(spec.intervals).toMatchObject([{ every: 60_000 }]);
    // Whichever run comes first finds it: the one that is triggered, or one whose minute is full.
    await stage.ledger.audit({ recordId: SYSTEM_CHAIN, actor: 'ann', action: 'retry' });
    await schedule.unpause();
    await schedule.trigger();
    const before = info.recentActions.length;
    await until(async () => (await schedule.describe()).info.recentActions.length > before);
    const started = (await schedule.describe()).info.recentActions[before]?.action;
    if (started?.type !== 'startWorkflow') throw new Error('the schedule started nothing');
    // The witnesses outside of the database, the history and the file, know the seal that the database has.
    const seal: SealSummary = await stage.temporal.workflow.getHandle(started.workflow.workflowId).result();
    const { rows } = await database.query('SELECT 1 FROM audit_seals WHERE seal_number = $1 AND seal_hash = $2', [
      seal.number,
      seal.sealHash,
    ]);
    expect(rows).toHaveLength(1);
    expect(readFileSync(WITNESS, 'utf8')).toContain(`${seal.number} ${seal.sealHash} `);
    await keepHistory(stage, started.workflow.workflowId, 'audit-sealed');
  });

  it('is proved by a schedule, also where the rules name nobody to tell of it', async () => {
    await stage.temporal.schedule.getHandle(CHECK_TRAIL).trigger();
    await until(async () => (await database.query('SELECT proved_at FROM trail_proofs')).rows.length === 1);
  });
});

describe('dealbridge audit', () => {
  it('shows, seals, verifies, exports and erases, and the trail is whole before and after', async () => {
    const deal = await startWaiting(dealer.takeKnown());
    expect(await dealbridge('erase', deal.id, '--by', 'ann', '--reason', 'asked for')).toMatchObject({
      code: 1,
      said: expect.stringContaining("got state 'awaiting-confirmation'"),
    });
    await confirm(deal, 'as Jane Roe asked');
    // Nobody seals in between.
    await stage.temporal.schedule.getHandle(AUDIT_SEALS).pause('test');
    const shown = (await dealbridge('show', deal.id)).said;
    expect(shown).toMatch(/^# +at +who +what +request +facts/);
    expect(shown).toMatch(/\d +\S+Z +ann +confirm +- .*as Jane Roe asked/);

    const sealed = /seal (\d+:[0-9a-f]{64}) of/.exec((await dealbridge('seal')).said)?.[1] ?? '';
    expect((await dealbridge('seal')).said).toContain('nothing came since the last seal');
    const verified = await dealbridge('verify', '--seal', sealed);
    expect(verified.said).toContain('the trail is whole');
    expect(verified.said).toMatch(/^file \S+ has [1-9]\d* seals?$/m);
    const noted = readFileSync(WITNESS, 'utf8');
    expect(noted).toContain(sealed.replace(':', ' '));
    expect(verified.code).toBe(0);
    expect((await dealbridge('verify', '--record', deal.id)).said).toMatch(/\d (entry|entries) in 1 chain, /);

    const exported = await dealbridge('export', '--record', deal.id);
    expect(exported.said).not.toContain('Jane Roe');
    expect(verifyOffline(exported.said, ['--seal', sealed])).toMatchObject({ code: 0 });
    expect((await dealbridge('export', '--record', deal.id, '--personal')).said).toContain('Jane Roe');
    expect(verifyOffline((await dealbridge('export')).said)).toMatchObject({ code: 0 });
    const future = (await dealbridge('export', '--since', '2999-01-01')).said.trim().split('\n').at(-1);
    expect(JSON.parse(String(future))).toMatchObject({ kind: 'end', entries: 0 });

    const { name } = dealer.account(deal);
    const holds = async () => {
      const kept = await database.query<{ text: string }>(
        `SELECT concat((SELECT jsonb_agg(deal) FROM deal_revisions WHERE record_id = $1),
           (SELECT jsonb_agg(content) FROM audit_personal WHERE record_id = $1)) AS text`,
        [deal.id],
      );
      return kept.rows[0]?.text ?? '';
    };
    expect(await holds()).toContain(name);
    await settle(deal);
    const erased = await dealbridge('erase', deal.id, '--by', 'bob', '--reason', 'asked for');
    expect(erased).toMatchObject({
      code: 0,
      said: expect.stringMatching(/erased in 1 entry, [1-9]\d* revisions?, 1 doc/),
    });
    expect(await holds()).not.toContain(name);
    expect(await holds()).not.toContain('Jane Roe');
    expect((await dealbridge('show', deal.id)).said).not.toContain('Jane Roe');
    expect(await dealbridge('verify')).toMatchObject({ code: 0 });
    const last = (await stage.ledger.readAudit(deal.id)).at(-1);
    expect(last).toMatchObject({ actor: 'bob', action: 'erase personal content', facts: { reason: 'asked for' } });
    expect(verifyOffline((await dealbridge('export', '--personal')).said)).toMatchObject({ code: 0 });
  });

  it('verify ends with 1 and names what is wrong', async () => {
    const deal = await startWaiting(dealer.takeKnown());
    await tamper(database, `UPDATE audit_entries SET actor = 'mallory' WHERE record_id = $1 AND chain_position = 1`, [
      deal.id,
    ]);
    const { code, said } = await dealbridge('verify');
    expect(code).toBe(1);
    expect(said).toMatch(new RegExp(`chain ${deal.id}, entry 1 \\(number \\d+\\): altered`));
    expect(said).toContain('the trail is NOT whole: 1 finding\n');
  });

  it('names a bad argument and what would be right', async () => {
    expect((await dealbridge('verify', '--record', 'x')).said).toContain(
      "--record: expected a GUID like 5f3c… in 8-4-4-4-12 form, got 'x'",
    );
    const unknown = await dealbridge('verify', '--record', '5b1c7d52-0000-4000-8000-00000000abcd');
    expect(unknown.code).toBe(1);
    expect(unknown.said).toContain('the trail holds no entry of 5b1c7d52-0000-4000-8000-00000000abcd');
    expect((await dealbridge('verify', '--seal', '1')).said).toContain('NUMBER:HASH');
    expect((await dealbridge('export', '--since', 'yesterday')).said).toContain(
      "--since: expected a day such as 2026-01-31, or an instant such as 2026-01-31T10:00:00Z, got 'yesterday'",
    );
    expect((await dealbridge('erase', SYSTEM_CHAIN, '--by', 'ann', '--reason', 'x')).said).toContain('was never seen');
    expect((await dealbridge('show', '5b1c7d52-0000-4000-8000-00000000abcd')).said).toContain('holds no entry');
  });
});
