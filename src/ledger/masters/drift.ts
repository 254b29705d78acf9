import { z } from 'zod';
import { InternalError } from '../../deal/errors.js';
import { type BusinessCentralMaster, LINK_KIND, MASTER_KINDS, type MasterKind } from '../../deal/masters.js';
import type { Database } from '../database.js';
import { nullable, type RowOf, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { stored, toStoredList } from '../stored-content.js';
import { GONE, isSecondary, linkRow } from './links.js';
import { businessCentralMasterContent } from './master-schema.js';

/** What a comparison of all masters found: the numbers of every run, the differences of the last ones. */

const WINNERS = ['sales', 'business-central', 'person'] as const;
export type Winner = (typeof WINNERS)[number];

export interface StoredDifference {
  readonly kind: MasterKind;
  readonly rowId: string;
  readonly field: string;
  readonly dataverse: string;
  readonly businessCentral: string;
  readonly winner: Winner;
  readonly reason: string;
}

/** With the number and name that people know the row by, as far as they are known. */
export interface ListedDifference extends StoredDifference {
  readonly name: string | undefined;
}

export interface DriftRun {
  readonly runId: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | undefined;
  readonly requests: number;
  /** Linked rows that were compared. */
  readonly compared: Readonly<Partial<Record<MasterKind, number>>>;
  /** Differences by who is right. */
  readonly found: Readonly<Partial<Record<Winner, number>>>;
}

export interface DriftLedger {
  startRun(runId: string): Promise<void>;
  stageBusinessCentral(runId: string, kind: MasterKind, rows: readonly BusinessCentralMaster[]): Promise<void>;
  /** The staged rows of these ids; they stay until the run is finished. */
  findStaged(runId: string, kind: MasterKind, bcIds: readonly string[]): Promise<Map<string, BusinessCentralMaster>>;
  saveDifferences(runId: string, differences: readonly StoredDifference[]): Promise<void>;
  /** @param compared which of them were compared: each counts once, however often its page is read */
  recordSeen(runId: string, kind: MasterKind, rowIds: readonly string[], compared?: readonly string[]): Promise<void>;
  /** Linked rows that Sales did not show in this run. */
  findMissed(runId: string, kind: MasterKind, limit: number): Promise<{ rowId: string; bcId: string }[]>;
  countRequest(runId: string): Promise<void>;
  finishRun(runId: string): Promise<DriftRun>;
  findLastRun(): Promise<DriftRun | undefined>;
  listDifferences(runId: string, limit: number): Promise<ListedDifference[]>;
  /** The rows that can be repaired without a person. */
  listRepairable(runId: string, after: string, limit: number): Promise<{ kind: MasterKind; rowId: string }[]>;
}

/** Longer than any comparison takes: it was ended before its end, and its rows are of people. */
const LEFT_BEHIND_AFTER = '7 days';
/** Of so many runs the single differences are stored, too. */
const MAX_RUNS_WITH_DIFFERENCES = 10;

export function createDriftLedger(database: Database, companyId: string): DriftLedger {
  const toRun = (row: RowOf<typeof runRow>): DriftRun => ({
    runId: row.run_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    requests: row.requests,
    compared: row.compared,
    found: row.found,
  });
  return {
    async startRun(runId) {
      await database.query('INSERT INTO drift_runs (run_id, company_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        runId,
        companyId,
      ]);
      for (const table of ['master_pages', 'drift_seen'])
        await database.query(`DELETE FROM ${table} WHERE run_id IN (
          SELECT run_id FROM drift_runs WHERE finished_at IS NULL AND started_at < now() - interval '${LEFT_BEHIND_AFTER}')`);
      // A matching of accounts has no row of its own; it leaves the same behind.
      await database.query(
        `DELETE FROM master_pages WHERE kind = 'customer' AND staged_at < now() - interval '${LEFT_BEHIND_AFTER}'`,
      );
    },
    async stageBusinessCentral(runId, kind, rows) {
      await database.query(
        `INSERT INTO master_pages (run_id, kind, bc_id, content)
         SELECT $1, $2, (one ->> 'id')::uuid, one FROM jsonb_array_elements($3::jsonb) AS one
         ON CONFLICT (run_id, kind, bc_id) DO UPDATE SET content = excluded.content`,
        [runId, kind, toStoredList(rows)],
      );
    },
    async findStaged(runId, kind, bcIds) {
      const rows = await selectRows(
        database,
        stagedRow,
        'SELECT run_id, bc_id, content FROM master_pages WHERE run_id = $1 AND kind = $2 AND bc_id = ANY($3)',
        [runId, kind, bcIds],
      );
      return new Map(rows.map((row) => [row.bc_id, row.content]));
    },
    async saveDifferences(runId, differences) {
      await database.query(
        `INSERT INTO drift_differences (run_id, kind, row_id, field, dataverse, business_central, winner, reason)
         SELECT $1, one ->> 'kind', (one ->> 'rowId')::uuid, one ->> 'field', one ->> 'dataverse', one ->> 'businessCentral',
           one ->> 'winner', one ->> 'reason' FROM jsonb_array_elements($2::jsonb) AS one
         ON CONFLICT (run_id, kind, row_id, field) DO UPDATE SET dataverse = excluded.dataverse,
           business_central = excluded.business_central, winner = excluded.winner, reason = excluded.reason`,
        [runId, JSON.stringify(differences)],
      );
    },
    async recordSeen(runId, kind, rowIds, compared = []) {
      await database.query(
        `WITH seen AS (
           INSERT INTO drift_seen (run_id, kind, row_id) SELECT $1, $2, unnest($3::uuid[])
           WHERE EXISTS (SELECT FROM drift_runs WHERE run_id = $1 AND finished_at IS NULL)
           ON CONFLICT DO NOTHING RETURNING row_id
         ), counted AS (SELECT count(*)::integer AS number FROM seen WHERE row_id = ANY($4::uuid[]))
         UPDATE drift_runs SET compared = compared ||
           jsonb_build_object($2::text, coalesce((compared ->> $2)::integer, 0) + counted.number)
         FROM counted WHERE run_id = $1 AND finished_at IS NULL AND counted.number > 0`,
        [runId, kind, rowIds, compared],
      );
    },
    async findMissed(runId, kind, limit) {
      const rows = await selectRows(
        database,
        linkRow,
        `SELECT l.sales_id, l.bc_id, l.bc_number FROM links l WHERE l.kind = $6 AND l.company_id = $3
           AND NOT ${isSecondary('l', '$5')}
           AND NOT EXISTS (SELECT 1 FROM drift_seen s WHERE s.run_id = $1 AND s.kind = $2 AND s.row_id = l.sales_id)
         ORDER BY l.sales_id LIMIT $4`,
        [runId, kind, companyId, limit, GONE, LINK_KIND[kind]],
      );
      return rows.map((row) => ({ rowId: row.sales_id, bcId: row.bc_id }));
    },
    async countRequest(runId) {
      await database.query('UPDATE drift_runs SET requests = requests + 1 WHERE run_id = $1', [runId]);
    },
    finishRun: (runId) =>
      database.transaction(async (tx) => {
        await tx.query('DELETE FROM master_pages WHERE run_id = $1', [runId]);
        await tx.query('DELETE FROM drift_seen WHERE run_id = $1', [runId]);
        const row = await selectRow(
          tx,
          runRow,
          `UPDATE drift_runs SET finished_at = coalesce(finished_at, now()), found = '{"v": 1}' || coalesce((
             SELECT jsonb_object_agg(winner, number) FROM (
               SELECT winner, count(*) AS number FROM drift_differences WHERE run_id = $1 GROUP BY winner
             ) AS counted), '{}') WHERE run_id = $1 RETURNING *`,
          [runId],
        );
        if (!row) throw new InternalError(`drift run ${runId} was never started`);
        await tx.query(
          `DELETE FROM drift_differences WHERE run_id NOT IN (SELECT run_id FROM drift_runs ORDER BY started_at DESC LIMIT $1)`,
          [MAX_RUNS_WITH_DIFFERENCES],
        );
        return toRun(row);
      }),
    async findLastRun() {
      const row = await selectRow(
        database,
        runRow,
        'SELECT * FROM drift_runs WHERE company_id = $1 AND finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1',
        [companyId],
      );
      return row && toRun(row);
    },
    async listDifferences(runId, limit) {
      const rows = await selectRows(
        database,
        listedDifferenceRow,
        `SELECT one.*, (SELECT coalesce(m.number || ' ' || m.name, m.name, m.number) FROM masters m WHERE m.kind = one.kind
           AND m.row_id = one.row_id AND m.company_id = $3) AS name
         FROM drift_differences one WHERE run_id = $1 ORDER BY kind, row_id, field LIMIT $2`,
        [runId, limit, companyId],
      );
      return rows.map((row) => ({
        kind: row.kind,
        rowId: row.row_id,
        field: row.field,
        dataverse: row.dataverse,
        businessCentral: row.business_central,
        winner: row.winner,
        reason: row.reason,
        name: row.name,
      }));
    },
    async listRepairable(runId, after, limit) {
      const rows = await selectRows(
        database,
        repairableRow,
        `SELECT DISTINCT kind, row_id FROM drift_differences WHERE run_id = $1 AND winner <> 'person'
           AND row_id > $2 ORDER BY row_id LIMIT $3`,
        [runId, after, limit],
      );
      return rows.map((row) => ({ kind: row.kind, rowId: row.row_id }));
    },
  };
}

const number = z.number().exactOptional();

const runRow = rowsOf('drift_runs', ['run_id'], {
  run_id: textColumn,
  started_at: timeColumn,
  finished_at: nullable(timeColumn),
  requests: z.number(),
  compared: stored(z.object({ account: number, contact: number, product: number })),
  found: stored(z.object({ sales: number, 'business-central': number, person: number })),
});

const stagedRow = rowsOf('master_pages', ['run_id', 'bc_id'], {
  run_id: textColumn,
  bc_id: textColumn,
  content: stored(businessCentralMasterContent),
});

const repairable = { kind: z.enum(MASTER_KINDS), row_id: textColumn };
const repairableRow = rowsOf('drift_differences', ['kind', 'row_id'], repairable);

const listedDifferenceRow = rowsOf('drift_differences', ['run_id', 'kind', 'row_id', 'field'], {
  ...repairable,
  run_id: textColumn,
  field: textColumn,
  dataverse: textColumn,
  business_central: textColumn,
  winner: z.enum(WINNERS),
  reason: textColumn,
  name: nullable(textColumn),
});
