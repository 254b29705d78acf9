import { z } from 'zod';
import type { ClaimingRow } from '../../deal/ambiguity.js';
import { InternalError } from '../../deal/errors.js';
import {
  type Agreed,
  type BusinessCentralMaster,
  type DataverseMaster,
  LINK_KIND,
  MASTER_KINDS,
  type MasterKind,
  type MasterProblem,
  type MasterState,
} from '../../deal/masters.js';
import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { nullable, type RowOf, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';
import { endBackfillRow } from './backfill.js';
import {
  forgetOther,
  type Link,
  linkKindOf,
  linkRow,
  requireNoOtherLink,
  requireSameLink,
  saveLink,
  takeOver,
} from './links.js';
import {
  agreedContent,
  businessCentralMasterContent,
  dataverseMasterContent,
  problemsContent,
} from './master-schema.js';

/** What is known of accounts, contacts and products beside what stands for them in Business Central. */

export interface StoredMaster {
  readonly kind: MasterKind;
  readonly rowId: string;
  readonly state: MasterState;
  readonly number: string | undefined;
  readonly name: string | undefined;
  readonly content: DataverseMaster | undefined;
  readonly businessCentral: BusinessCentralMaster | undefined;
  readonly companyContact: string | undefined;
  readonly agreed: Readonly<Record<string, Agreed>>;
  readonly echo: string | undefined;
  readonly blockedFrom: string | undefined;
  readonly mergedInto: string | undefined;
  readonly problems: readonly MasterProblem[];
  readonly problemSince: Date | undefined;
  readonly checkedAt: Date;
  readonly syncedAt: Date | undefined;
  readonly bcId: string | undefined;
  readonly bcNumber: string | undefined;
}

export interface MasterChange {
  readonly state?: MasterState;
  readonly content?: DataverseMaster;
  readonly businessCentral?: BusinessCentralMaster;
  readonly companyContact?: string;
  readonly agreed?: Readonly<Record<string, Agreed>>;
  readonly echo?: string;
  readonly mergedInto?: string;
  /** `null`: not blocked by us any more. */
  readonly blockedFrom?: string | null;
  readonly isSynced?: true;
  /** When the reading of a row began: what was read or written since of a later version of it stays, and all else with it. */
  readonly readFrom?: Date;
}

export interface MasterRef {
  readonly kind: MasterKind;
  readonly rowId: string;
}

export interface AgreedRow {
  readonly rowId: string;
  readonly number: string | undefined;
  readonly name: string;
  readonly agreed: Readonly<Record<string, Agreed>>;
}

export interface MasterLedger {
  findMaster(ref: MasterRef): Promise<StoredMaster | undefined>;
  getMaster(ref: MasterRef): Promise<StoredMaster>;
  findMasters(kind: MasterKind, rowIds: readonly string[]): Promise<Map<string, StoredMaster>>;
  findByBusinessCentral(kind: MasterKind, bcIds: readonly string[]): Promise<Map<string, string[]>>;
  listMasters(
    kind: MasterKind,
    options: { readonly onlyProblems: boolean; readonly limit: number },
  ): Promise<StoredMaster[]>;
  change(ref: MasterRef, change: MasterChange, link?: Link, audit?: Omit<AuditEntry, 'recordId'>): Promise<void>;
  /**
   * Links a row that has no link yet. Returns the rows that have what it was to be linked with; then nothing was done.
   * @param sharedBy who decided that several may share it
   */
  link(
    ref: MasterRef,
    link: Omit<Link, 'salesId'>,
    audit: Omit<AuditEntry, 'recordId'>,
    sharedBy?: string,
  ): Promise<readonly ClaimingRow[]>;
  /** What both sides were found to say alike, for many rows at once. */
  /** @param readFrom when their reading began: a row that was compared since then stays */
  saveAgreed(kind: MasterKind, rows: readonly AgreedRow[], readFrom: Date): Promise<void>;
  /** What a step found wrong; it replaces what the same step found before. */
  saveProblems(ref: MasterRef, step: string, problems: readonly MasterProblem[]): Promise<void>;
  /** What these steps found is of no matter any more. */
  forgetProblems(ref: MasterRef, steps: readonly string[]): Promise<void>;
  /** Forgets what other steps found in earlier passes; returns what is wrong now. */
  endPass(ref: MasterRef, steps: readonly string[]): Promise<readonly MasterProblem[]>;
  /** The loser's link becomes the survivor's; `both` when each has one of its own. */
  moveLink(loser: MasterRef, survivorId: string): Promise<'moved' | 'nothing' | 'both'>;
}

/** A contact without a company is a customer itself: it stands here as an account. */
const SELECT = `SELECT m.*, l.bc_id, l.bc_number FROM masters m LEFT JOIN LATERAL (
    SELECT bc_id, bc_number FROM links WHERE sales_id = m.row_id AND company_id = m.company_id
      AND kind = ${linkKindOf('m.kind')}
  ) l ON true`;

export function createMasterLedger(database: Database, companyId: string): MasterLedger {
  const findMaster = async ({ kind, rowId }: MasterRef): Promise<StoredMaster | undefined> => {
    const row = await selectRow(
      database,
      masterRow,
      `${SELECT} WHERE m.kind = $1 AND m.row_id = $2 AND m.company_id = $3`,
      [kind, rowId, companyId],
    );
    return row && toMaster(row);
  };

  return {
    findMaster,
    async getMaster(ref) {
      const found = await findMaster(ref);
      if (!found) throw new InternalError(`the ledger does not know ${ref.kind} ${ref.rowId}`);
      return found;
    },
    async findMasters(kind, rowIds) {
      const rows = await selectRows(
        database,
        masterRow,
        `${SELECT} WHERE m.kind = $1 AND m.row_id = ANY($2) AND m.company_id = $3`,
        [kind, rowIds, companyId],
      );
      return new Map(rows.map((row) => [row.row_id, toMaster(row)]));
    },
    async findByBusinessCentral(kind, bcIds) {
      const rows = await selectRows(
        database,
        linkRow,
        'SELECT bc_id, sales_id, bc_number FROM links WHERE kind = $1 AND company_id = $2 AND bc_id = ANY($3)',
        [LINK_KIND[kind], companyId, bcIds],
      );
      const found = new Map<string, string[]>();
      for (const row of rows) found.set(row.bc_id, [...(found.get(row.bc_id) ?? []), row.sales_id]);
      return found;
    },
    async listMasters(kind, { onlyProblems, limit }) {
      const rows = await selectRows(
        database,
        masterRow,
        `${SELECT} WHERE m.kind = $1 AND m.company_id = $2 AND (NOT $3 OR m.problem_since IS NOT NULL)
         ORDER BY m.problem_since NULLS LAST, m.number, m.row_id LIMIT $4`,
        [kind, companyId, onlyProblems, limit],
      );
      return rows.map(toMaster);
    },
    change: (ref, change, link, audit) =>
      database.transaction(async (tx) => {
        await updateMaster(tx, companyId, ref, change);
        if (link) await requireSameLink(tx, LINK_KIND[ref.kind], companyId, link);
        if (audit) await appendAudit(tx, { recordId: ref.rowId, ...audit });
      }),
    link: (ref, { bcId, bcNumber }, audit, sharedBy) =>
      database.transaction(async (tx) => {
        const link = { salesId: ref.rowId, bcId, bcNumber };
        await requireNoOtherLink(tx, LINK_KIND[ref.kind], companyId, link);
        const others = await saveLink(tx, LINK_KIND[ref.kind], companyId, link, sharedBy);
        if (others.length > 0) return others;
        await updateMaster(tx, companyId, ref, {});
        await appendAudit(tx, { recordId: ref.rowId, ...audit });
        return [];
      }),
    async saveAgreed(kind, rows, readFrom) {
      if (rows.length === 0) return;
      await database.query(
        `INSERT INTO masters (kind, row_id, company_id, number, name, agreed)
         SELECT $1, (one ->> 'rowId')::uuid, $2, one ->> 'number', one ->> 'name',
           jsonb_build_object('v', 1, 'fields', one -> 'agreed')
         FROM jsonb_array_elements($3::jsonb) AS one
         ON CONFLICT (kind, row_id, company_id) DO UPDATE SET agreed =
           jsonb_set(masters.agreed, '{fields}', (masters.agreed -> 'fields') || (excluded.agreed -> 'fields'))
           WHERE date_trunc('milliseconds', masters.checked_at) <= $4`,
        [kind, companyId, JSON.stringify(rows), readFrom],
      );
    },
    async saveProblems({ kind, rowId }, step, problems) {
      await database.query(
        `INSERT INTO masters (kind, row_id, company_id, problems) VALUES ($1, $2, $3, $4)
         ON CONFLICT (kind, row_id, company_id) DO UPDATE SET problems =
           jsonb_set(masters.problems, '{steps}', (masters.problems -> 'steps') || (excluded.problems -> 'steps'))`,
        [kind, rowId, companyId, toStored({ steps: { [step]: problems } })],
      );
    },
    async forgetProblems({ kind, rowId }, steps) {
      await database.query(
        `UPDATE masters SET problems = jsonb_set(problems, '{steps}', (problems -> 'steps') - $4::text[])
         WHERE kind = $1 AND row_id = $2 AND company_id = $3 AND problems -> 'steps' ?| $4::text[]`,
        [kind, rowId, companyId, steps],
      );
    },
    async endPass({ kind, rowId }, steps) {
      const row = await selectRow(
        database,
        problemsRow,
        `WITH ended AS (${endBackfillRow('$2')})
         UPDATE masters SET checked_at = now(), problems = jsonb_set(problems, '{steps}', remaining.steps),
           problem_since = CASE WHEN remaining.steps <> '{}' THEN coalesce(problem_since, now()) END
         FROM (
           SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE key = ANY($4) AND value <> '[]'), '{}') AS steps
           FROM masters, jsonb_each(problems -> 'steps') WHERE kind = $1 AND row_id = $2 AND company_id = $3
         ) AS remaining
         WHERE kind = $1 AND row_id = $2 AND company_id = $3
         RETURNING masters.kind, masters.row_id, masters.company_id, masters.problems`,
        [kind, rowId, companyId, steps],
      );
      return row ? toProblems(row) : [];
    },
    moveLink: (loser, survivorId) =>
      database.transaction(async (tx) => {
        const kind = LINK_KIND[loser.kind];
        const rows = await selectRows(
          tx,
          movedRow,
          'SELECT sales_id, bc_id, bc_number, shared_by FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = ANY($3) FOR UPDATE',
          [kind, companyId, [loser.rowId, survivorId]],
        );
        const own = rows.find((row) => row.sales_id === loser.rowId);
        const other = rows.find((row) => row.sales_id === survivorId);
        const select = 'SELECT row_id, merged_into FROM masters WHERE kind = $1 AND row_id = $2 AND company_id = $3';
        const before = await selectRow(tx, mergedRow, select, [loser.kind, loser.rowId, companyId]);
        await updateMaster(tx, companyId, loser, { state: 'merged', mergedInto: survivorId });
        // Asked before, when nobody may have heard the answer.
        if (!own && other && before?.merged_into === survivorId) return 'moved';
        if (!own || own.bc_id === other?.bc_id) return 'nothing';
        if (other) return 'both';
        await forgetOther(tx, kind, companyId, survivorId);
        await takeOver(tx, kind, companyId, loser.rowId, survivorId);
        await tx.query(
          `INSERT INTO links (kind, sales_id, company_id, bc_id, bc_number, shared_by) VALUES ($1, $2, $3, $4, $5, $6)`,
          [kind, survivorId, companyId, own.bc_id, own.bc_number, own.shared_by ?? null],
        );
        const facts = { from: loser.rowId, to: survivorId, number: own.bc_number };
        for (const recordId of [loser.rowId, survivorId]) {
          await appendAudit(tx, {
            recordId,
            actor: 'dealbridge',
            action: 'move link to the survivor of a merge',
            facts,
          });
        }
        return 'moved';
      }),
  };
}

/** Clocks may be apart by as much; a system that was restored is older by more. */
const CLOCK_TOLERANCE = '5 minutes';

/** The number in an etag of Sales, which grows with each change. */
const revisionIn = (etag: string): string => `nullif(regexp_replace(${etag}, '[^0-9]', '', 'g'), '')::numeric`;

async function updateMaster(tx: Queryable, companyId: string, ref: MasterRef, change: MasterChange): Promise<void> {
  const { content } = change;
  await tx.query(`INSERT INTO masters (kind, row_id, company_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [
    ref.kind,
    ref.rowId,
    companyId,
  ]);
  await tx.query(
    `UPDATE masters SET state = coalesce($4, state), content = coalesce($5, content), number = coalesce($6, number),
       name = coalesce($7, name), agreed = jsonb_set(agreed, '{fields}', (agreed -> 'fields') || coalesce($8, '{}')::jsonb), echo = coalesce($9, echo),
       merged_into = coalesce($10, merged_into), blocked_from = CASE WHEN $11 THEN $12 ELSE blocked_from END,
       synced_at = CASE WHEN $13 THEN now() ELSE synced_at END, business_central = coalesce($14, business_central),
       company_contact = coalesce($15, company_contact), checked_at = now()
     WHERE kind = $1 AND row_id = $2 AND company_id = $3
       AND ($16::timestamptz IS NULL OR checked_at < $16::timestamptz - interval '${CLOCK_TOLERANCE}' OR NOT (
         coalesce(${revisionIn("content ->> 'revision'")} > ${revisionIn('$17::text')}, false)
         OR coalesce(business_central ->> 'id' = $18 AND (business_central ->> 'modifiedAt')::timestamptz > $19, false)))
       -- Of a row that was deleted there is no later revision.
       AND NOT coalesce($16::timestamptz < checked_at AND state = 'deleted' AND $4 <> 'deleted', false)`,
    [
      ref.kind,
      ref.rowId,
      companyId,
      change.state ?? null,
      content ? toStored({ ...content, contacts: undefined }) : null,
      content?.number ?? null,
      content?.name ?? null,
      change.agreed ? JSON.stringify(change.agreed) : null,
      change.echo ?? null,
      change.mergedInto ?? null,
      change.blockedFrom !== undefined,
      change.blockedFrom ?? null,
      change.isSynced ?? false,
      change.businessCentral ? toStored(change.businessCentral) : null,
      change.companyContact ?? null,
      change.readFrom ?? null,
      content?.revision ?? null,
      change.businessCentral?.id ?? null,
      change.businessCentral?.modifiedAt ?? null,
    ],
  );
}

const text = nullable(textColumn);
const movedRow = rowsOf('links', ['sales_id'], {
  sales_id: textColumn,
  bc_id: textColumn,
  bc_number: textColumn,
  shared_by: text,
});
const mergedRow = rowsOf('masters', ['row_id'], { row_id: textColumn, merged_into: text });
const time = nullable(timeColumn);
const KEY = ['kind', 'row_id', 'company_id'] as const;
const key = { kind: z.enum(MASTER_KINDS), row_id: textColumn, company_id: textColumn };

const problemsRow = rowsOf('masters', KEY, { ...key, problems: stored(problemsContent) });

const masterRow = rowsOf('masters', KEY, {
  ...key,
  state: z.enum(['active', 'inactive', 'merged', 'deleted']),
  number: text,
  name: text,
  content: nullable(stored(dataverseMasterContent)),
  business_central: nullable(stored(businessCentralMasterContent)),
  company_contact: text,
  agreed: stored(agreedContent),
  echo: text,
  blocked_from: text,
  merged_into: text,
  problems: stored(problemsContent),
  problem_since: time,
  checked_at: timeColumn,
  synced_at: time,
  bc_id: text,
  bc_number: text,
});

function toMaster(row: RowOf<typeof masterRow>): StoredMaster {
  return {
    kind: row.kind,
    rowId: row.row_id,
    state: row.state,
    number: row.number,
    name: row.name,
    content: row.content,
    businessCentral: row.business_central,
    companyContact: row.company_contact,
    agreed: row.agreed.fields,
    echo: row.echo,
    blockedFrom: row.blocked_from,
    mergedInto: row.merged_into,
    problems: toProblems(row),
    problemSince: row.problem_since,
    checkedAt: row.checked_at,
    syncedAt: row.synced_at,
    bcId: row.bc_id,
    bcNumber: row.bc_number,
  };
}

function toProblems({ problems }: RowOf<typeof problemsRow>): MasterProblem[] {
  return Object.values(problems.steps).flat();
}
