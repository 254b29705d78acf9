import { z } from 'zod';
import { FLOW_NOTES, FLOW_SKIPS, FLOWS, type FlowName, type FlowNote, type FlowSkip } from '../../deal/flows.js';
import type { Queryable } from '../database.js';
import { countColumn, nullable, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { nameOf } from '../stored-content.js';
import { REOPENED } from './flows.js';
import { isNamed } from './left-companies.js';

/** What people see of the flows, from numbers that the ledger keeps (0003-feeds.sql), and their switches. */

/** One line for whoever asks how a flow does. */
export interface FlowLine {
  readonly flow: FlowName;
  readonly companyId: string;
  readonly readAt: Date | undefined;
  readonly pausedAt: Date | undefined;
  readonly pausedBy: string | undefined;
  readonly error: string | undefined;
  readonly pending: number;
  readonly carried: number;
  readonly noted: number;
  readonly skipped: number;
}

const lineRow = rowsOf('flows', ['flow', 'company_id'], {
  flow: z.enum(FLOWS),
  company_id: textColumn,
  read_at: nullable(timeColumn),
  paused_at: nullable(timeColumn),
  paused_by: nullable(textColumn),
  error: nullable(textColumn),
  pending: countColumn,
  carried: countColumn,
  noted: countColumn,
  skipped: countColumn,
});

export async function listFlows(db: Queryable): Promise<FlowLine[]> {
  const count = (state: string): string => `coalesce(sum(t.things) FILTER (WHERE t.state = '${state}'), 0) AS ${state}`;
  const rows = await selectRows(
    db,
    lineRow,
    `SELECT f.flow, f.company_id, f.read_at, f.paused_at, f.paused_by, f.error, ${['pending', 'carried', 'noted', 'skipped'].map(count).join(', ')}
     FROM flows f LEFT JOIN flow_totals t ON t.flow = f.flow AND t.company_id = f.company_id
     WHERE ${isNamed('f')}
     GROUP BY f.flow, f.company_id ORDER BY f.flow, f.company_id`,
  );
  return rows.map(({ company_id, read_at, paused_at, paused_by, ...row }) => ({
    ...row,
    ...{ companyId: company_id, readAt: read_at, pausedAt: paused_at, pausedBy: paused_by },
  }));
}

export interface NotedThing {
  readonly flow: FlowName;
  readonly sourceId: string;
  readonly recordId: string | undefined;
  readonly targetId: string | undefined;
  readonly reason: FlowNote;
  readonly remark: string | undefined;
  readonly since: Date;
}

const notedRow = rowsOf('flow_rows', ['flow', 'source_id'], {
  flow: z.enum(FLOWS),
  source_id: textColumn,
  record_id: nullable(textColumn),
  target_id: nullable(textColumn),
  reason: nameOf<FlowNote>(FLOW_NOTES),
  remark: nullable(textColumn),
  since: timeColumn,
});

/** What was not carried and why, the newest first. */
export async function listNoted(db: Queryable, limit: number): Promise<NotedThing[]> {
  const rows = await selectRows(
    db,
    notedRow,
    `SELECT flow, source_id, record_id, target_id, reason, remark, coalesce(noted_at, changed_at) AS since FROM flow_rows
     WHERE state = 'noted' ORDER BY since DESC, source_id LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({
    flow: row.flow,
    sourceId: row.source_id,
    recordId: row.record_id,
    targetId: row.target_id,
    reason: row.reason,
    remark: row.remark,
    since: row.since,
  }));
}

export interface SkippedCount {
  readonly flow: FlowName;
  readonly reason: FlowSkip;
  readonly count: number;
}

const skippedRow = rowsOf('flow_rows', ['flow', 'reason'], {
  flow: z.enum(FLOWS),
  reason: nameOf<FlowSkip>(FLOW_SKIPS),
  count: countColumn,
});

export async function countSkipped(db: Queryable): Promise<SkippedCount[]> {
  return selectRows(
    db,
    skippedRow,
    `SELECT flow, reason, sum(things) AS count FROM flow_totals WHERE state = 'skipped'
     GROUP BY flow, reason HAVING sum(things) > 0 ORDER BY 1, 2`,
  );
}

const faultRow = rowsOf('flow_rows', ['flow', 'reason'], {
  flow: z.enum(FLOWS),
  company_id: textColumn,
  reason: nameOf<FlowNote>(FLOW_NOTES),
});

/** For which of these reasons something of a flow is not carried; who paused a flow knows. */
export async function listFlowFaults(
  db: Queryable,
  { flows, reasons }: { readonly flows: readonly FlowName[]; readonly reasons: readonly FlowNote[] },
): Promise<readonly { readonly flow: FlowName; readonly companyId: string; readonly reason: FlowNote }[]> {
  const rows = await selectRows(
    db,
    faultRow,
    `SELECT f.flow, f.company_id, t.reason
     FROM flows f JOIN flow_totals t ON t.flow = f.flow AND t.company_id = f.company_id
     WHERE t.state = 'noted' AND f.flow = ANY($1::text[]) AND t.reason = ANY($2::text[])
       AND f.paused_at IS NULL AND ${isNamed('f')}
     GROUP BY 1, 2, 3 HAVING sum(t.things) > 0 ORDER BY 1, 2, 3`,
    [flows, reasons],
  );
  return rows.map(({ company_id: companyId, flow, reason }) => ({ flow, companyId, reason }));
}

const standingRow = rowsOf('flows', ['flow', 'company_id'], { flow: z.enum(FLOWS), company_id: textColumn });

/** Those of these flows that have only failed since before then; who paused a flow knows. */
export async function listStandingFlows(
  db: Queryable,
  { flows, before }: { readonly flows: readonly FlowName[]; readonly before: Date },
): Promise<readonly { readonly flow: FlowName; readonly companyId: string }[]> {
  const rows = await selectRows(
    db,
    standingRow,
    `SELECT f.flow, f.company_id FROM flows f
     WHERE f.flow = ANY($1::text[]) AND f.error_at < $2 AND f.paused_at IS NULL AND ${isNamed('f')} ORDER BY 1, 2`,
    [flows, before],
  );
  return rows.map(({ flow, company_id: companyId }) => ({ flow, companyId }));
}

/** Until it is resumed nothing of the flow is read or carried, for any company. */
export async function pauseFlow(db: Queryable, flow: FlowName, by: string): Promise<void> {
  await db.query('UPDATE flows SET paused_at = now(), paused_by = $2 WHERE flow = $1 AND paused_at IS NULL', [
    flow,
    by,
  ]);
}

export async function resumeFlow(db: Queryable, flow: FlowName): Promise<void> {
  await db.query('UPDATE flows SET paused_at = NULL, paused_by = NULL WHERE flow = $1', [flow]);
}

export interface NotedChoice {
  readonly flow: FlowName;
  /** One of them; without it all. */
  readonly sourceId?: string | undefined;
  readonly reason?: FlowNote | undefined;
}

/** What was not carried is carried with the next reading. What was noted as it was read has no target, and stays: its source has to change. */
export async function retryNoted(
  db: Queryable,
  { flow, sourceId, reason }: NotedChoice,
): Promise<{ readonly retried: number; readonly left: number }> {
  const chosen =
    "flow = $1 AND state = 'noted' AND ($2::text IS NULL OR source_id = $2) AND ($3::text IS NULL OR reason = $3)";
  const values = [flow, sourceId ?? null, reason ?? null];
  const retried = await db.query(`UPDATE flow_rows SET ${REOPENED} WHERE ${chosen} AND target_id IS NOT NULL`, values);
  const left = await db.query(`SELECT 1 FROM flow_rows WHERE ${chosen}`, values);
  return { retried: retried.rowCount ?? 0, left: left.rowCount ?? 0 };
}
