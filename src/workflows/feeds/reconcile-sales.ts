import type { ReconcileProgress } from '../../activities/feeds/reconcile-sales.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { feed } from '../activity-options.js';

export type ReconcileResult = Readonly<Record<SourceTable, { readonly rows: number; readonly missed: number }>>;

/** Every night: what is won in Sales and was seen by nobody? */
export async function reconcileSales(): Promise<ReconcileResult> {
  const result: Record<SourceTable, { rows: number; missed: number }> = {
    opportunity: { rows: 0, missed: 0 },
    quote: { rows: 0, missed: 0 },
    salesorder: { rows: 0, missed: 0 },
  };
  for (const table of SOURCE_TABLES) {
    let progress: ReconcileProgress | undefined;
    do progress = await feed.reconcileSalesPage({ table, ...(progress && { progress }) });
    while (progress.link !== undefined);
    result[table] = { rows: progress.rows, missed: progress.missed };
  }
  return result;
}
