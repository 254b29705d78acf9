import type { z } from 'zod';
import { type AuditActor, nameOf } from '../audit/audit.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';

/** What a set-up has made, in the order in which it was made; bound to the tenant. */
export interface ConnectStepLedger<Step extends object> {
  /** Before it is made: an answer that is lost must not leave something of which nobody knows. */
  record(name: string, step: Step, by: AuditActor): Promise<void>;
  forget(name: string): Promise<void>;
  /** The oldest first. */
  list(): Promise<{ readonly name: string; readonly step: Step }[]>;
}

export function createConnectStepLedger<Step extends object>(
  db: Queryable,
  tenantId: string,
  schema: z.ZodType<Step>,
): ConnectStepLedger<Step> {
  const tenant = tenantId.toLowerCase();
  const row = rowsOf('connect_steps', ['name'], { name: textColumn, step: stored(schema) });
  return {
    async record(name, step, by) {
      await db.query(
        `INSERT INTO connect_steps (tenant_id, name, step, made_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, name) DO NOTHING`,
        [tenant, name, toStored(step), nameOf(by)],
      );
    },
    async forget(name) {
      await db.query('DELETE FROM connect_steps WHERE tenant_id = $1 AND name = $2', [tenant, name]);
    },
    list: () =>
      selectRows(db, row, 'SELECT name, step FROM connect_steps WHERE tenant_id = $1 ORDER BY position', [tenant]),
  };
}
