import { z } from 'zod';
import { DOCUMENT_KINDS, type DocumentKind } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { type FlowName, type FlowNote, type FlowSkip, NOTES_THAT_COME_AGAIN } from '../../deal/flows.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { MASTER_KIND } from '../../deal/masters.js';
import { STATES_BEFORE_HAND_OVER } from '../../deal/states.js';
import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { GONE, isLive } from '../masters/links.js';
import { nullable, rowsOf, selectReadableRows, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { toStored } from '../stored-content.js';
import {
  awaitingRow,
  type FlowValues,
  listPending,
  type PendingThing,
  THING,
  thingRow,
  toThing,
} from './flow-things.js';
import { endLookBack, listOfOpenOrders } from './look-back.js';

export type { FlowValues, PendingThing };

/** What flows back beside the invoices: it is taken in one transaction with the position, and carried afterwards. */

export type FoundThing = PendingThing & {
  readonly found:
    | 'pending'
    | { readonly noted: FlowNote; readonly remark?: string }
    /** @param awaits what it names and the ledger does not know yet: it is found again once that is known */
    | { readonly skipped: FlowSkip; readonly awaits?: string | undefined };
};

export interface AwaitingThing extends PendingThing {
  readonly awaits: string;
}

export type Carried =
  | { readonly state: 'carried'; readonly audit?: AuditEntry }
  | { readonly state: 'noted'; readonly reason: FlowNote; readonly remark?: string | undefined };

export interface FlowLedger {
  /** The moment to read on from, the first time the one that is given or else now; and what time it is for the ledger. */
  openFlow(flow: FlowName, from: Date | undefined): Promise<{ readonly watermark: Date; readonly now: Date }>;
  /** Takes what is new or another than before, and moves the position with it. */
  take(
    flow: FlowName,
    things: readonly FoundThing[],
    move: {
      readonly watermark?: Date | undefined;
      readonly isEnd: boolean;
      /** When the reading began, by the clock of the ledger; without it, now. */
      readonly beganAt?: string | undefined;
    },
  ): Promise<void>;
  recordFlowError(flow: FlowName, error: string): Promise<void>;
  /** It was read to the end and carried. */
  clearFlowError(flow: FlowName): Promise<void>;
  isPaused(flow: FlowName): Promise<boolean>;
  /** What was not carried comes again when the rule is another one, and a day after the last try. */
  reopenNoted(flow: FlowName, ruleHash: string): Promise<void>;
  /** Those that were tried last come last; one whose content cannot be read is noted. */
  listPending(flow: FlowName, limit: number): Promise<PendingThing[]>;
  /** Whether it still is as it was listed, and nobody has carried it since. */
  isPending(flow: FlowName, thing: PendingThing): Promise<boolean>;
  /** Unless it has changed meanwhile, and is pending again. */
  finish(flow: FlowName, thing: PendingThing, how: Carried): Promise<void>;
  defer(flow: FlowName, thing: PendingThing): Promise<void>;
  /** Whatever the flow knows of one target, by source. */
  listOfTarget(flow: FlowName, targetId: string): Promise<PendingThing[]>;
  /**
   * What belongs to orders that are still open, and was met longest ago; of an order that has ended since, what was not met after that.
   */
  listOfOpenOrders(flow: FlowName, limit: number): Promise<PendingThing[]>;
  /** None of these is left: what has ended more than a day before is looked at no more. */
  endLookBack(flow: FlowName): Promise<void>;
  /** Rows in Sales of posted invoices that the flow has not met, made since then. */
  listInvoiceRows(flow: FlowName, since: Date, limit: number): Promise<InvoiceRowOfDeal[]>;
  findInvoiceRows(numbers: readonly string[]): Promise<Map<string, InvoiceRowOfDeal>>;
  /** By the tail of the number that their documents have. */
  findDeals(tails: readonly string[]): Promise<Map<string, DealOfDocument>>;
  /** What was skipped for an invoice that has a row in Sales since, or for a deal that is known since. */
  listFoundAfterwards(flow: FlowName, by: 'invoice' | 'deal'): Promise<AwaitingThing[]>;
  /** Links of rows in Business Central; of several the first that was linked and is somebody's still. */
  findLinkedRows(kind: 'customer' | 'item', bcIds: readonly string[]): Promise<Map<string, string>>;
  /** Counts what the ledger follows or has linked and no reading since then has met: nothing stands for it any more. */
  skipUnmet(flow: FlowName, kind: 'customer' | 'item', since: Date): Promise<void>;
  /** Documents that may still be given files, by id: those before their hand-over, and whose deal moved since the last reading. */
  listOpenDocuments(flow: FlowName, after: string | undefined, limit: number): Promise<DocumentOfDeal[]>;
}

export interface InvoiceRowOfDeal {
  readonly invoiceId: string;
  readonly recordId: string;
  readonly salesInvoiceId: string;
  readonly number: string;
}

export interface DealOfDocument {
  readonly recordId: string;
  readonly table: SourceTable;
  readonly revision: string | undefined;
  /** Of the order, or of the invoice while it is a draft. */
  readonly documentNumber: string | undefined;
}

export interface DocumentOfDeal {
  readonly documentId: string;
  readonly recordId: string;
  readonly kind: DocumentKind;
  readonly revision: string | undefined;
}

const watermarkRow = rowsOf('flows', ['flow', 'company_id'], {
  flow: textColumn,
  company_id: textColumn,
  watermark: timeColumn,
  now: timeColumn,
});
const invoiceRow = rowsOf('write_backs', ['invoice_id'], {
  invoice_id: textColumn,
  record_id: textColumn,
  sales_invoice_id: textColumn,
  number: textColumn,
});
const INVOICE_ROWS = `SELECT w.invoice_id, w.record_id, w.sales_invoice_id, w.reported_to_sales ->> 'number' AS number
  FROM write_backs w JOIN source_records r ON r.record_id = w.record_id AND r.company_id = $1`;
const toInvoiceRow = (row: z.output<typeof invoiceRow.schema>): InvoiceRowOfDeal => ({
  invoiceId: row.invoice_id,
  recordId: row.record_id,
  salesInvoiceId: row.sales_invoice_id,
  number: row.number,
});
const dealRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  document_tail: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  revision: nullable(textColumn),
  draft_number: nullable(textColumn),
});
const sinceRow = rowsOf('flows', [], { since: textColumn });
const linkedRow = rowsOf('links', ['sales_id'], { sales_id: textColumn, bc_id: textColumn });
const documentRow = rowsOf('documents', ['document_id'], {
  document_id: textColumn,
  record_id: textColumn,
  kind: z.enum(DOCUMENT_KINDS),
  revision: nullable(textColumn),
});

export function createFlowLedger(database: Database, companyId: string): FlowLedger {
  return {
    async openFlow(flow, from) {
      // A pause is of all companies, also of one that is named while it lasts.
      await database.query(
        `INSERT INTO flows (flow, company_id, watermark, paused_at, paused_by)
         SELECT $1, $2, coalesce($3, now()), paused.paused_at, paused.paused_by FROM (VALUES (1)) AS one LEFT JOIN (
           SELECT paused_at, paused_by FROM flows WHERE flow = $1 AND paused_at IS NOT NULL LIMIT 1
         ) AS paused ON true ON CONFLICT DO NOTHING`,
        [flow, companyId, from ?? null],
      );
      const select = 'SELECT flow, company_id, watermark, now() AS now FROM flows WHERE flow = $1 AND company_id = $2';
      const row = await selectRow(database, watermarkRow, select, [flow, companyId]);
      if (!row) throw new InternalError(`flow ${flow} of company ${companyId} cannot be opened`);
      return { watermark: row.watermark, now: row.now };
    },

    take: (flow, things, { watermark, isEnd, beganAt }) =>
      database.transaction(async (tx) => {
        for (const thing of things) await takeOne(tx, flow, companyId, thing);
        await tx.query(
          'UPDATE flow_rows SET met_at = now() WHERE flow = $1 AND company_id = $2 AND source_id = ANY($3)',
          [flow, companyId, things.map(({ sourceId }) => sourceId)],
        );
        await tx.query(
          `UPDATE flows SET watermark = greatest(watermark, $3),
             read_at = CASE WHEN $4 THEN now() ELSE read_at END,
             read_since = CASE WHEN $4 THEN coalesce($5::timestamptz, now()) ELSE read_since END
           WHERE flow = $1 AND company_id = $2`,
          [flow, companyId, watermark ?? null, isEnd, beganAt ?? null],
        );
      }),

    async recordFlowError(flow, error) {
      await database.query(
        'UPDATE flows SET error = $3, error_at = coalesce(error_at, now()) WHERE flow = $1 AND company_id = $2',
        [flow, companyId, error],
      );
    },

    async clearFlowError(flow) {
      await database.query(
        'UPDATE flows SET error = NULL, error_at = NULL WHERE flow = $1 AND company_id = $2 AND error_at IS NOT NULL',
        [flow, companyId],
      );
    },

    async isPaused(flow) {
      const select = 'SELECT 1 FROM flows WHERE flow = $1 AND company_id = $2 AND paused_at IS NOT NULL';
      return (await database.query(select, [flow, companyId])).rowCount === 1;
    },

    reopenNoted: (flow, ruleHash) =>
      database.transaction(async (tx) => {
        const { rowCount } = await tx.query(
          'UPDATE flows SET rule_hash = $3 WHERE flow = $1 AND company_id = $2 AND rule_hash IS DISTINCT FROM $3',
          [flow, companyId, ruleHash],
        );
        const isOtherRule = rowCount === 1;
        await tx.query(
          `UPDATE flow_rows SET ${REOPENED} WHERE flow = $1 AND company_id = $2 AND source_id IN (
             SELECT source_id FROM flow_rows WHERE flow = $1 AND company_id = $2 AND state = 'noted'
               AND target_id IS NOT NULL AND reason = ANY($3) AND ($4 OR changed_at < now() - interval '1 day')
             ORDER BY changed_at LIMIT $5)`,
          [flow, companyId, NOTES_THAT_COME_AGAIN, isOtherRule, isOtherRule ? null : MAX_TRIED_AGAIN],
        );
      }),

    listPending: (flow, limit) => listPending(database, flow, companyId, limit),

    async isPending(flow, { sourceId, etag }) {
      const select = `SELECT 1 FROM flow_rows WHERE flow = $1 AND company_id = $2 AND source_id = $3 AND etag = $4
        AND state = 'pending'`;
      return (await database.query(select, [flow, companyId, sourceId, etag])).rowCount === 1;
    },

    finish: (flow, { sourceId, etag }, how) =>
      database.transaction(async (tx) => {
        const [reason, remark] = how.state === 'noted' ? [how.reason, how.remark ?? null] : [null, null];
        await tx.query(
          `UPDATE flow_rows SET state = $5, reason = $6, remark = $7, changed_at = now(),
             noted_at = CASE WHEN $5 = 'noted' THEN coalesce(noted_at, now()) END
           WHERE flow = $1 AND company_id = $2 AND source_id = $3 AND etag = $4 AND ($5 = 'carried' OR state = 'pending')`,
          [flow, companyId, sourceId, etag, how.state, reason, remark],
        );
        if (how.state === 'carried' && how.audit) await appendAudit(tx, how.audit);
      }),

    async defer(flow, { sourceId }) {
      await database.query(
        'UPDATE flow_rows SET tried_at = now() WHERE flow = $1 AND company_id = $2 AND source_id = $3',
        [flow, companyId, sourceId],
      );
    },

    async listOfTarget(flow, targetId) {
      const select = `SELECT ${THING} FROM flow_rows WHERE flow = $1 AND company_id = $2 AND target_id = $3
        AND state = ANY($4) ORDER BY source_id`;
      return (await selectRows(database, thingRow, select, [flow, companyId, targetId, ['pending', 'carried']])).map(
        toThing,
      );
    },

    listOfOpenOrders: (flow, limit) => listOfOpenOrders(database, flow, companyId, limit),

    endLookBack: (flow) => endLookBack(database, flow, companyId),

    async listInvoiceRows(flow, since, limit) {
      const select = `${INVOICE_ROWS} WHERE w.created_at >= $2 AND NOT EXISTS (SELECT 1 FROM flow_rows f
        WHERE f.flow = $3 AND f.company_id = $1 AND f.source_id = w.invoice_id::text) ORDER BY w.created_at LIMIT $4`;
      return (await selectRows(database, invoiceRow, select, [companyId, since, flow, limit])).map(toInvoiceRow);
    },

    async findInvoiceRows(numbers) {
      const select = `${INVOICE_ROWS} WHERE w.reported_to_sales ->> 'number' = ANY($2)`;
      const rows = await selectRows(database, invoiceRow, select, [companyId, numbers]);
      return new Map(rows.map((row) => [row.number, toInvoiceRow(row)]));
    },

    async findDeals(tails) {
      const select = `SELECT record_id, document_tail, source_table, revision, draft_number FROM source_records
        WHERE document_tail = ANY($1) AND company_id = $2`;
      const rows = await selectRows(database, dealRow, select, [tails, companyId]);
      return new Map(
        rows.map((row) => [
          row.document_tail,
          {
            recordId: row.record_id,
            table: row.source_table,
            revision: row.revision,
            documentNumber: row.draft_number,
          },
        ]),
      );
    },

    async listFoundAfterwards(flow, by) {
      const since = await readSince(database, flow, companyId);
      // Rows in Sales come and are few since the last reading; a tail that no deal has is rare.
      const known =
        by === 'invoice'
          ? `SELECT w.reported_to_sales ->> 'number' FROM write_backs w
               JOIN source_records r ON r.record_id = w.record_id AND r.company_id = $2
               WHERE w.created_at > $3::timestamptz`
          : `SELECT r.document_tail FROM flow_rows waiting
               JOIN source_records r ON r.document_tail = waiting.awaits AND r.company_id = $2
               WHERE waiting.flow = $1 AND waiting.company_id = $2 AND waiting.awaits IS NOT NULL`;
      const select = `SELECT ${THING}, awaits FROM flow_rows WHERE flow = $1 AND company_id = $2 AND awaits IN (${known})`;
      const values = by === 'invoice' ? [flow, companyId, since ?? null] : [flow, companyId];
      // One that cannot be read was not to be carried, and stays so.
      const { rows } = await selectReadableRows(database, awaitingRow, select, values);
      return rows.map((row) => ({ ...toThing(row), awaits: row.awaits }));
    },

    async findLinkedRows(kind, bcIds) {
      const select = `SELECT DISTINCT ON (bc_id) bc_id, sales_id FROM links other
        WHERE kind = $1 AND company_id = $2 AND bc_id = ANY($3)
        ORDER BY bc_id, ${isLive('$4')} DESC, shared_by NULLS FIRST, linked_at, sales_id`;
      const rows = await selectRows(database, linkedRow, select, [kind, companyId, bcIds, GONE]);
      return new Map(rows.map((row) => [row.bc_id, row.sales_id]));
    },

    async skipUnmet(flow, kind, since) {
      const reason: FlowSkip = kind === 'customer' ? 'no-customer' : 'no-item';
      await database.query(
        `INSERT INTO flow_rows (flow, company_id, source_id, target_id, etag, content, state, reason, met_at)
         SELECT $1, $2, 'row:' || unmet.id, unmet.id, '', $3, 'skipped', $4, now() FROM (
           SELECT l.sales_id AS id FROM links l WHERE l.kind = $5 AND l.company_id = $2 AND NOT EXISTS (
             SELECT 1 FROM flow_rows f WHERE f.flow = $1 AND f.company_id = $2 AND f.source_id = l.bc_id::text
               AND f.met_at >= $6)
           UNION SELECT m.row_id FROM masters m WHERE m.company_id = $2 AND m.kind = $7 AND m.state = 'active'
             AND NOT EXISTS (SELECT 1 FROM links l WHERE l.kind = $5 AND l.company_id = $2 AND l.sales_id = m.row_id)
         ) unmet
         ON CONFLICT (flow, company_id, source_id) DO UPDATE SET met_at = now()`,
        [flow, companyId, toStored({ values: {} }), reason, kind, since, MASTER_KIND[kind]],
      );
      await database.query(
        `DELETE FROM flow_rows WHERE flow = $1 AND company_id = $2 AND source_id LIKE 'row:%' AND met_at < $3`,
        [flow, companyId, since],
      );
    },

    async listOpenDocuments(flow, after, limit) {
      // The moment stands in the statement: guessing it, the database prepares for a third of all deals.
      const since = await readSince(database, flow, companyId);
      const records = 'SELECT record_id, document_id, revision FROM source_records WHERE company_id = $1';
      const select = `SELECT d.document_id, d.record_id, d.kind, r.revision FROM (
          ${records} AND state = ANY($3) UNION ${records} AND changed_at > $5::timestamptz
        ) AS r JOIN documents d ON d.document_id = r.document_id AND d.record_id = r.record_id
        WHERE d.document_id > $2 ORDER BY d.document_id LIMIT $4`;
      const states = [...STATES_BEFORE_HAND_OVER, 'held'];
      const rows = await selectRows(database, documentRow, select, [
        companyId,
        after ?? FIRST_ID,
        states,
        limit,
        since ?? null,
      ]);
      return rows.map((row) => ({
        ...{ documentId: row.document_id, recordId: row.record_id, kind: row.kind, revision: row.revision },
      }));
    },
  };
}

/** An hour more than since the last reading began: what moved while it went on comes again. */
async function readSince(db: Queryable, flow: FlowName, companyId: string): Promise<string | undefined> {
  const row = await selectRow(
    db,
    sinceRow,
    `SELECT (coalesce(read_since, watermark) - interval '1 hour')::text AS since FROM flows WHERE flow = $1 AND company_id = $2`,
    [flow, companyId],
  );
  return row?.since;
}

/** Without a target nothing can be carried: it was noted as it was read. */
export const REOPENED = "state = 'pending', reason = NULL, remark = NULL, tried_at = NULL, changed_at = now()";
/** By one reading, so that thousands that cannot be carried do not all ask at once. */
const MAX_TRIED_AGAIN = 50;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** What is the same as before stays as it is. */
async function takeOne(tx: Queryable, flow: FlowName, companyId: string, thing: FoundThing): Promise<void> {
  const { found, sourceId, recordId, targetId, etag, values } = thing;
  const state = found === 'pending' ? found : 'noted' in found ? 'noted' : 'skipped';
  const reason = found === 'pending' ? null : 'noted' in found ? found.noted : found.skipped;
  const remark = found !== 'pending' && 'noted' in found ? (found.remark ?? null) : null;
  const awaits = found !== 'pending' && 'skipped' in found ? (found.awaits ?? null) : null;
  await tx.query(
    `INSERT INTO flow_rows (flow, company_id, source_id, record_id, target_id, etag, content, state, reason, remark, noted_at, awaits)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $8 = 'noted' THEN now() END, $11)
     ON CONFLICT (flow, company_id, source_id) DO UPDATE SET record_id = excluded.record_id,
       target_id = excluded.target_id, etag = excluded.etag, content = excluded.content, state = excluded.state,
       reason = excluded.reason, remark = excluded.remark, noted_at = excluded.noted_at, awaits = excluded.awaits,
       changed_at = now(), tried_at = NULL
     WHERE flow_rows.etag <> excluded.etag
       OR (flow_rows.target_id, flow_rows.awaits) IS DISTINCT FROM (excluded.target_id, excluded.awaits)`,
    [
      ...[flow, companyId, sourceId, recordId ?? null, targetId ?? null, etag, toStored({ values })],
      ...[state, reason, remark, awaits],
    ],
  );
}
