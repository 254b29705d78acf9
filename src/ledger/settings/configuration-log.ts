import { createHash } from 'node:crypto';
import { z } from 'zod';
import { appendAudit, SYSTEM_CHAIN } from '../audit/audit.js';
import type { Database } from '../database.js';
import { rowsOf, selectRow, textColumn } from '../read-rows.js';
import { stored } from '../stored-content.js';

/** The system chain has the configuration that each process worked by. */

/** Flat, by name; without secrets. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

export const CONFIGURATION_CHANGED = 'configuration changed';
/** A lock space of its own: the migrations have those before it. */
const LOCK_SPACE = 4_118;

const entryRow = rowsOf('audit_entries', ['record_id', 'chain_position'], {
  record_id: textColumn,
  chain_position: textColumn,
  facts: stored(z.object({ settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])) })),
});

/** Writes an entry when the configuration differs from the last one of this kind of process; true when it did. */
export function recordConfiguration(
  database: Database,
  processName: 'worker' | 'starter',
  settings: Settings,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    // Two workers that start together write one entry.
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_SPACE, processName]);
    const entry = await selectRow(
      tx,
      entryRow,
      `SELECT record_id, chain_position, facts FROM audit_entries
       WHERE record_id = $1 AND actor = $2 AND action = $3 ORDER BY chain_position DESC LIMIT 1`,
      [SYSTEM_CHAIN, processName, CONFIGURATION_CHANGED],
    );
    const last = entry?.facts.settings ?? {};
    const names = [...new Set([...Object.keys(last), ...Object.keys(settings)])].sort();
    const changed = names.filter((name) => last[name] !== settings[name]);
    if (changed.length === 0) return false;
    await appendAudit(tx, {
      recordId: SYSTEM_CHAIN,
      actor: processName,
      action: CONFIGURATION_CHANGED,
      facts: { changed, hash: hashSettings(settings), settings },
      before: pick(last, changed),
      after: pick(settings, changed),
    });
    return true;
  });
}

function hashSettings(settings: Settings): string {
  const sorted = Object.entries(settings).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

function pick(settings: Settings, names: readonly string[]): Settings {
  return Object.fromEntries(
    names.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]] as const])),
  );
}
