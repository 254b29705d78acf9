import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAlertLedger } from '../../src/ledger/alerts/alerts.js';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { countHeldFor, listDeals } from '../../src/ledger/deals/list-deals.js';
import { createWaiting } from '../../src/ledger/deals/waiting.js';
import { listNoted, retryNoted } from '../../src/ledger/feeds/flow-lines.js';
import { createFlowLedger } from '../../src/ledger/feeds/flows.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { createDriftLedger } from '../../src/ledger/masters/drift.js';
import { createMasterLedger } from '../../src/ledger/masters/masters.js';
import { createMatchLedger } from '../../src/ledger/masters/matching.js';
import { migrate } from '../../src/ledger/migrate.js';
import { UnreadableContentError } from '../../src/ledger/read-rows.js';
import { recordConfiguration } from '../../src/ledger/settings/configuration-log.js';
import { createConnectStepLedger } from '../../src/ledger/settings/connect-steps.js';
import { createEnvironmentLedger } from '../../src/ledger/settings/environments.js';
import { findMapping, saveMapping } from '../../src/ledger/settings/mappings.js';
import { connectStep } from '../../src/operations/connect/steps.js';
import { allOf } from '../support/async-items.js';
import { makeInvoice, makeOrder } from '../support/documents.js';
import { makeDeal } from '../support/won-deal.js';

/** A content that was written by the ledger, how it is read, and where somebody changes it by hand. */
interface Planted {
  readonly where: string;
  readonly key: string;
  readonly read: () => Promise<unknown>;
}

interface Case {
  readonly table: string;
  readonly column: string;
  /** Path and value that do not fit the schema; undefined where only the step or the mapping knows it. */
  readonly wrong: readonly [path: string, value: string] | undefined;
  readonly plant: () => Promise<Planted>;
}

/** The second border: whatever somebody changed by hand is an error that names it, and never taken for something else. */
export function testUnreadable(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`unreadable contents of the ledger on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    let ledger: Ledger;
    const companyId = randomUUID();

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
      ledger = createLedger(database);
      // What an owner of the tables can do, and a restore from a damaged backup as well.
      for (const table of ['audit_entries', 'audit_personal']) {
        await database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      }
      await database.query('ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_are_chained');
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    const register = async (): Promise<string> => {
      const recordId = randomUUID();
      await ledger.register({ table: 'salesorder', recordId });
      return recordId;
    };
    const audit = { actor: 'test', action: 'retry' } as const;
    const REPORTED = { number: '103001', status: 'open', total: '12.50', remaining: '12.50' } as const;
    const row = { id: randomUUID(), etag: 'e', number: 'C1', modifiedAt: '2031-01-01T00:00:00Z', values: {} };

    const plantEntry = (column: 'facts' | 'before' | 'after' | 'personal') => async (): Promise<Planted> => {
      const recordId = randomUUID();
      await ledger.audit({ recordId, ...audit, [column]: { total: '12.50' } });
      return { where: `record_id = '${recordId}'`, key: `${recordId} 1`, read: () => ledger.readAudit(recordId) };
    };
    const plantMaster = async (): Promise<Planted> => {
      const masters = createMasterLedger(database, companyId);
      const ref = { kind: 'account', rowId: randomUUID() } as const;
      const content = {
        ...{ ...ref, revision: 'W/"1"', modifiedAt: '2031-01-01T00:00:00Z', stateCode: 0, number: 'A1', name: 'Alder' },
        ...{ columns: {}, owner: {}, currency: undefined, mergedInto: undefined, parentId: undefined },
      };
      const agreed = { name: { dataverse: 'Alder', businessCentral: 'ALDER' } };
      await masters.change(ref, { content, businessCentral: row, agreed });
      await masters.saveProblems(ref, 'compare', [{ reason: 'permission', text: 'no' }]);
      return {
        where: `row_id = '${ref.rowId}'`,
        key: `account ${ref.rowId} ${companyId}`,
        read: () => masters.getMaster(ref),
      };
    };
    const plantRun = async (): Promise<Planted> => {
      const runId = randomUUID();
      // A company of its own: its last run is this one.
      const drift = createDriftLedger(database, runId);
      await drift.startRun(runId);
      await drift.countRequest(runId);
      await drift.finishRun(runId);
      return { where: `run_id = '${runId}'`, key: runId, read: () => drift.findLastRun() };
    };
    const plantIntent = (column: 'result' | 'started_from') => async (): Promise<Planted> => {
      const recordId = await register();
      const key = `${recordId}:step:1`;
      await ledger.openIntent(key, recordId, new Date(), { shipped: '0' });
      if (column === 'result') {
        await ledger.recordOutcome({ recordId, writeKey: key, result: { shipped: '0' }, audit });
      }
      const read = async () => {
        const intent = await ledger.openIntent(key, recordId, new Date());
        const schema = z.object({ shipped: z.string() });
        if (intent.state === 'done') return intent.result.parse(schema);
        return intent.state === 'first' ? undefined : intent.startedFrom.parse(schema);
      };
      return { where: `write_key = '${key}'`, key, read };
    };

    const cases: readonly Case[] = [
      {
        table: 'alert_messages',
        column: 'content',
        wrong: ['title', '1'],
        async plant() {
          const alerts = createAlertLedger(database);
          const content = { owner: 'IT', title: 'one', groups: [], link: 'https://desk.example/' } as const;
          const plan = {
            isSilent: false,
            add: () => [],
            addAgain: () => undefined,
            renewed: () => [],
            drafts: () => [{ owner: 'IT', digestOf: undefined, content } as const],
          };
          const nothing = async function* () {};
          const [planned] = await alerts.plan({ name: randomUUID(), owners: ['IT'], kinds: [] }, nothing, () => plan);
          const id = planned?.messageId ?? '';
          // As after an attempt that failed.
          const read = async () => {
            await alerts.recordFailure(id, 'ECONNREFUSED');
            return alerts.claim(id);
          };
          return { where: `message_id = '${id}'`, key: id, read };
        },
      },
      {
        table: 'deal_revisions',
        column: 'deal',
        wrong: ['lines.0.quantity', '2'],
        async plant() {
          const recordId = await register();
          await ledger.saveDeal(makeDeal({ recordId }), { mapping: 'default', companyId: randomUUID() });
          return {
            where: `record_id = '${recordId}'`,
            key: `${recordId} W/"1"`,
            read: () => ledger.getDeal(recordId, 'W/"1"'),
          };
        },
      },
      {
        table: 'documents',
        column: 'content',
        wrong: ['includingTax', '"much"'],
        async plant() {
          const [recordId, id] = [await register(), randomUUID()];
          await ledger.saveDocument(recordId, 'invoice', makeInvoice({ id }));
          return { where: `document_id = '${id}'`, key: id, read: () => ledger.getInvoice(id) };
        },
      },
      {
        table: 'documents',
        column: 'content',
        wrong: ['lines.0.shippedQuantity', 'null'],
        async plant() {
          const [recordId, id] = [await register(), randomUUID()];
          await ledger.saveDocument(recordId, 'order', makeOrder({ id }));
          return { where: `document_id = '${id}'`, key: id, read: () => ledger.listDocuments(recordId) };
        },
      },
      {
        table: 'documents',
        column: 'own_content',
        wrong: ['includingTax', '"much"'],
        async plant() {
          const [recordId, id] = [await register(), randomUUID()];
          await ledger.recordOutcome({ recordId, document: { kind: 'invoice', content: makeInvoice({ id }) }, audit });
          return { where: `document_id = '${id}'`, key: id, read: () => ledger.findOwnDocument(id) };
        },
      },
      {
        table: 'write_backs',
        column: 'reported_to_sales',
        wrong: ['status', '"lost"'],
        async plant() {
          const [recordId, invoiceId] = [await register(), randomUUID()];
          const writeBack = { invoiceId, salesInvoiceId: randomUUID(), etag: 'W/"1"', reportedToSales: REPORTED };
          await ledger.recordOutcome({ recordId, writeBack, audit });
          return { where: `invoice_id = '${invoiceId}'`, key: invoiceId, read: () => ledger.findWriteBack(invoiceId) };
        },
      },
      { table: 'write_intents', column: 'result', wrong: ['shipped', '0'], plant: plantIntent('result') },
      { table: 'write_intents', column: 'started_from', wrong: ['shipped', '0'], plant: plantIntent('started_from') },
      { table: 'audit_entries', column: 'facts', wrong: undefined, plant: plantEntry('facts') },
      { table: 'audit_entries', column: 'before', wrong: undefined, plant: plantEntry('before') },
      { table: 'audit_entries', column: 'after', wrong: undefined, plant: plantEntry('after') },
      { table: 'masters', column: 'content', wrong: ['stateCode', '"0"'], plant: plantMaster },
      { table: 'masters', column: 'business_central', wrong: ['values', '[]'], plant: plantMaster },
      { table: 'masters', column: 'agreed', wrong: ['fields.name.dataverse', 'null'], plant: plantMaster },
      { table: 'masters', column: 'problems', wrong: ['steps.compare.0.reason', '"whim"'], plant: plantMaster },
      {
        table: 'master_pages',
        column: 'content',
        wrong: ['etag', 'null'],
        async plant() {
          const [runId, id] = [randomUUID(), randomUUID()];
          const drift = createDriftLedger(database, companyId);
          await drift.stageBusinessCentral(runId, 'account', [{ ...row, id }]);
          const read = () => drift.findStaged(runId, 'account', [id]);
          return { where: `run_id = '${runId}'`, key: `${runId} ${id}`, read };
        },
      },
      {
        table: 'master_pages',
        column: 'content',
        wrong: ['name', 'null'],
        async plant() {
          const [runId, bcId] = [randomUUID(), randomUUID()];
          const matching = createMatchLedger(database, companyId);
          await matching.stageCustomers(runId, [{ bcId, number: 'C1', name: 'Alder', keys: ['alder'] }]);
          const read = () => matching.findByKeys(runId, ['alder'], 5);
          return { where: `run_id = '${runId}'`, key: `${runId} ${bcId}`, read };
        },
      },
      { table: 'drift_runs', column: 'compared', wrong: ['account', '"3"'], plant: plantRun },
      { table: 'drift_runs', column: 'found', wrong: ['person', '"3"'], plant: plantRun },
      {
        table: 'flow_rows',
        column: 'content',
        wrong: ['values.number', '3'],
        async plant() {
          const [companyId, sourceId] = [randomUUID(), randomUUID()];
          const flows = createFlowLedger(database, companyId);
          const targetId = randomUUID();
          const thing = { sourceId, targetId, etag: 'W/"1"', values: { number: '103001' }, found: 'pending' } as const;
          await flows.openFlow('creditMemos', new Date());
          await flows.take('creditMemos', [thing], { isEnd: true });
          const read = () => flows.listOfTarget('creditMemos', targetId);
          return { where: `source_id = '${sourceId}'`, key: sourceId, read };
        },
      },
      {
        table: 'mappings',
        column: 'content',
        wrong: undefined,
        async plant() {
          const hash = randomUUID();
          await saveMapping(database, { hash, content: { totals: {} } });
          return { where: `hash = '${hash}'`, key: hash, read: () => findMapping(database, hash) };
        },
      },
      {
        table: 'environments',
        column: 'identity',
        wrong: ['facts.companyName', '7'],
        async plant() {
          const environments = createEnvironmentLedger(database);
          const address = `https://${randomUUID()}.example.com`;
          const environment = { system: 'dataverse', address, identity: { companyName: 'CRONUS' } } as const;
          await environments.ensureRegistered(environment, 'test');
          const read = () => environments.ensureRegistered(environment, 'test');
          return { where: `address = '${address}'`, key: `dataverse ${address}`, read };
        },
      },
      {
        table: 'connect_steps',
        column: 'step',
        wrong: ['prefix', '7'],
        async plant() {
          const tenantId = randomUUID();
          const place = { tenantId, dataverseUrl: 'https://a', businessCentralUrl: 'https://b', company: 'CRONUS' };
          const ledgerOfSteps = createConnectStepLedger(database, place, connectStep);
          await ledgerOfSteps.record('publisher', { kind: 'publisher', id: 'p', prefix: 'dlb' }, 'test');
          return { where: `tenant_id = '${tenantId}'`, key: 'publisher', read: () => ledgerOfSteps.list() };
        },
      },
    ];

    const damage = async ({ table, column }: Case, { where }: Planted, value: string): Promise<void> => {
      const { rowCount } = await database.query(`UPDATE ${table} SET ${column} = ${value} WHERE ${where}`);
      expect(rowCount).toBe(1);
    };
    const readError = async ({ read }: Planted): Promise<unknown> =>
      read().then(
        () => undefined,
        (error: unknown) => error,
      );

    for (const one of cases) {
      const { table, column, wrong } = one;
      it(`${table}.${column}${wrong ? ` with a wrong ${wrong[0]}` : ''} is named by the error`, async () => {
        const planted = await one.plant();
        await planted.read();
        for (const value of [`${column} - 'v'`, `${column} || '{"v": 2}'`, `'[]'`]) {
          const again = await one.plant();
          await damage(one, again, value);
          const expected = { code: 'unreadable-content', table, row: again.key, field: column };
          expect(await readError(again), value).toMatchObject(expected);
        }
        if (!wrong) return;
        const [path, value] = wrong;
        await damage(one, planted, `jsonb_set(${column}, '{${path.replaceAll('.', ',')}}', '${value}')`);
        const error = await readError(planted);
        expect(error).toBeInstanceOf(UnreadableContentError);
        expect(error).toMatchObject({ table, row: planted.key, field: `${column}.${path}` });
      });
    }

    it('the settings that a process worked by last, as well', async () => {
      await recordConfiguration(database, 'worker', { sandbox: true });
      await database.query(
        `UPDATE audit_entries SET facts = jsonb_set(facts, '{settings,sandbox}', 'null') WHERE record_id = $1`,
        [SYSTEM_CHAIN],
      );
      await expect(recordConfiguration(database, 'worker', { sandbox: false })).rejects.toMatchObject({
        code: 'unreadable-content',
        table: 'audit_entries',
        field: 'facts.settings.sandbox',
      });
    });

    it('what people typed, apart from the trail, as well', async () => {
      const planted = await plantEntry('personal')();
      await database.query(`UPDATE audit_personal SET content = '{}' WHERE ${planted.where}`);
      expect(await readError(planted)).toMatchObject({ code: 'unreadable-content', field: 'personal' });
    });

    it('every column of jsonb is among the cases', async () => {
      const { rows } = await database.query<{ name: string }>(
        `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
         WHERE table_schema = current_schema() AND data_type = 'jsonb' ORDER BY 1`,
      );
      const covered = new Set([...cases.map(({ table, column }) => `${table}.${column}`), 'audit_personal.content']);
      expect(rows.map((one) => one.name)).toEqual([...covered].sort());
    });

    it('a plain column that holds what nobody wrote is named, too', async () => {
      const recordId = await register();
      await database.query(`UPDATE source_records SET state = 'asleep' WHERE record_id = $1`, [recordId]);
      await expect(ledger.getRecord(recordId)).rejects.toMatchObject({
        code: 'unreadable-content',
        table: 'source_records',
        row: recordId,
        field: 'state',
      });
      await database.query(`UPDATE source_records SET state = 'seen' WHERE record_id = $1`, [recordId]);
    });

    it('says what was expected where, and nothing of the content (I7)', async () => {
      const recordId = await register();
      await ledger.saveDeal(makeDeal({ recordId, name: 'Alder Maschinenbau' }), {
        mapping: 'default',
        companyId: randomUUID(),
      });
      await database.query(
        `UPDATE deal_revisions SET deal = jsonb_set(deal, '{total}', '"Alder"') WHERE record_id = $1`,
        [recordId],
      );
      const error = await ledger.getDeal(recordId, 'W/"1"').catch((caught: unknown) => caught);
      expect(String(error)).toContain(`table deal_revisions, row ${recordId} W/"1", field deal.total: `);
      expect(String(error)).not.toContain('Alder');
    });

    it('stops nothing else of its flow, and is noted until it is mended (I13)', async () => {
      const flows = createFlowLedger(database, randomUUID());
      await flows.openFlow('creditMemos', new Date());
      const things = ['broken', 'broken too', 'whole'].map((name) => {
        const sourceId = `${name} ${randomUUID()}`;
        return { sourceId, targetId: randomUUID(), etag: 'e', values: { number: '103001' }, found: 'pending' } as const;
      });
      await flows.take('creditMemos', things, { isEnd: true });
      await database.query(`UPDATE flow_rows SET content = '[]' WHERE source_id LIKE 'broken%'`);
      expect(await flows.listPending('creditMemos', 2)).toMatchObject([{ sourceId: things[2]?.sourceId }]);
      const noted = (await listNoted(database, 10)).filter(({ sourceId }) => sourceId.startsWith('broken'));
      expect(noted.map(({ reason }) => reason)).toEqual(['refused', 'refused']);
      expect(noted[0]?.remark).toMatch(/^table flow_rows, row broken .*, field content: /);
      await database.query(`UPDATE flow_rows SET content = '{"v": 1, "values": {}}' WHERE source_id LIKE 'broken%'`);
      expect(await retryNoted(database, { flow: 'creditMemos' })).toMatchObject({ retried: 2 });
      expect(await flows.listPending('creditMemos', 10)).toHaveLength(3);
    });

    it('hides no deal from the list and stops no other deal (I6, I13)', async () => {
      const [broken, whole] = [await register(), await register()];
      const [accountId, id] = [randomUUID(), randomUUID()];
      for (const recordId of [broken, whole]) {
        const deal = makeDeal({ recordId, total: '20' });
        await ledger.saveDeal(
          { ...deal, customer: deal.customer && { ...deal.customer, accountId } },
          { mapping: 'default', companyId: randomUUID() },
        );
      }
      await ledger.saveDocument(broken, 'invoice', makeInvoice({ id }));
      await database.query('UPDATE source_records SET document_id = $2 WHERE record_id = $1', [broken, id]);
      await database.query(
        `UPDATE documents SET content = jsonb_set(content, '{includingTax}', '"much"') WHERE record_id = $1`,
        [broken],
      );
      await database.query(`UPDATE deal_revisions SET deal = '{"lines": 7}' WHERE record_id = $1`, [broken]);
      await database.query(
        `UPDATE source_records SET state = 'held', hold_reason = 'whim', hold_text = 'odd' WHERE record_id = $1`,
        [broken],
      );
      const listed = await listDeals(database, { named: broken, order: 'age', limit: 10 });
      // The total of the document stands apart from its content.
      expect(listed).toMatchObject([
        { recordId: broken, amount: '23.80', hold: { reason: 'internal-error', owner: 'IT', text: 'odd' } },
      ]);
      expect(await allOf(createWaiting(database).findWaitingDeals([accountId]))).toMatchObject([{ recordId: whole }]);
      expect(await countHeldFor(database)).toContainEqual({ reason: 'internal-error', deals: 1 });
      const { rows, unreadable } = await ledger.listRecords({ limit: 1_000 });
      expect(rows.map(({ recordId }) => recordId)).toContain(whole);
      expect(unreadable.find(({ row }) => row === broken)).toMatchObject({ field: 'hold_reason' });
      await database.query(
        `UPDATE source_records SET customer_number = 'C7', company_id = $2, is_handed_over = true WHERE record_id = $1`,
        [broken, companyId],
      );
      const next = { recordId: whole, companyId, customerNumber: 'C7' };
      expect(await ledger.isNewCustomer(next)).toBe(false);

      await database.query(`UPDATE source_records SET state = 'asleep' WHERE record_id = $1`, [broken]);
      const all = await listDeals(database, { order: 'newest', limit: 1_000 });
      expect(all.map(({ recordId }) => recordId)).toContain(whole);
      expect(all.find(({ recordId }) => recordId === broken)).toMatchObject({
        state: 'held',
        hold: { reason: 'internal-error', text: "this version of Dealbridge does not know its state 'asleep'" },
      });
    });
  });
}
