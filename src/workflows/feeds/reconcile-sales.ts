import type { CountProgress } from '../../activities/feeds/reconcile-sales.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { feed } from '../activity-options.js';

export type CountResult = Readonly<Record<SourceTable, { readonly rows: number; readonly unseen: number }>>;

/** Every night: what is won in Sales and was seen by nobody? */
export async function countSales(): Promise<CountResult> {
  const result: Record<SourceTable, { rows: number; unseen: number }> = {
    opportunity: { rows: 0, unseen: 0 },
    quote: { rows: 0, unseen: 0 },
    salesorder: { rows: 0, unseen: 0 },
  };
  for (const table of SOURCE_TABLES) {
    let progress: CountProgress | undefined;
    do progress = await feed.countSalesPage({ table, ...(progress && { progress }) });
    while (progress.link !== undefined);
    result[table] = { rows: progress.rows, unseen: progress.unseen };
  }
  return result;
}
