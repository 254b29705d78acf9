import type { z } from 'zod';
import { type AuditActor, nameOf } from '../audit/audit.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';

/** Between which environments something was connected. */
export interface ConnectedPlace {
  readonly tenantId: string;
  readonly dataverseUrl: string;
  readonly businessCentralUrl: string;
  readonly company: string;
}

/** What a set-up has made in one place, in the order in which it was made. */
export interface ConnectStepLedger<Step extends object> {
  /** Before it is made: an answer that is lost must not leave something of which nobody knows. */
  record(name: string, step: Step, by: AuditActor): Promise<void>;
  forget(name: string): Promise<void>;
  /** The oldest first. */
  list(): Promise<{ readonly name: string; readonly step: Step }[]>;
}

export function createConnectStepLedger<Step extends object>(
  db: Queryable,
  { tenantId, dataverseUrl, businessCentralUrl, company }: ConnectedPlace,
  schema: z.ZodType<Step>,
): ConnectStepLedger<Step> {
  const place = [tenantId.toLowerCase(), `${dataverseUrl} ${businessCentralUrl} ${company}`];
  const row = rowsOf('connect_steps', ['name'], { name: textColumn, step: stored(schema) });
  return {
    async record(name, step, by) {
      await db.query(
        `INSERT INTO connect_steps (tenant_id, place, name, step, made_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, place, name) DO NOTHING`,
        [...place, name, toStored(step), nameOf(by)],
      );
    },
    async forget(name) {
      await db.query('DELETE FROM connect_steps WHERE tenant_id = $1 AND place = $2 AND name = $3', [...place, name]);
    },
    list: () =>
      selectRows(
        db,
        row,
        'SELECT name, step FROM connect_steps WHERE tenant_id = $1 AND place = $2 ORDER BY position',
        place,
      ),
  };
}
