import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AuditAction } from '../../src/deal/audit-actions.js';
import { appendAudit } from '../../src/ledger/audit/audit.js';
import { type ExportOptions, exportAudit } from '../../src/ledger/audit/export.js';
import type { Database } from '../../src/ledger/database.js';

/** A chain of so many entries, with a bit of everything that the hash has to hold. */
export async function writeChain(database: Database, length: number): Promise<string> {
  const recordId = randomUUID();
  for (let index = 1; index <= length; index += 1) {
    await appendAudit(database, {
      recordId,
      actor: index % 2 === 0 ? 'Zoë Ñandú' : 'dealbridge',
      // The trail takes any text: another version of the product may have written it.
      action: `step ${index}` as AuditAction,
      ...(index % 2 === 0 && { requestId: randomUUID(), correlationId: randomUUID() }),
      facts: { total: '12.50', index, note: 'a "quoted" — 日本\n' },
      ...(index % 3 === 0 && { before: { discount: '0' }, after: { discount: '1.10' } }),
    });
  }
  return recordId;
}

/** What the owner of the tables can do: the triggers are off while the statement runs. */
export async function tamper(database: Database, sql: string, values: readonly unknown[] = []): Promise<void> {
  const tables = [
    'audit_entries',
    'audit_signatures',
    'audit_seals',
    'audit_seal_heads',
    'audit_personal',
    'audit_stamps',
  ];
  await database.transaction(async (tx) => {
    for (const table of tables) await tx.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    await tx.query(sql, values);
    for (const table of tables) await tx.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  });
}

export async function toExportText(database: Database, options: ExportOptions = {}): Promise<string> {
  let text = '';
  for await (const line of exportAudit(database, options)) text += `${JSON.stringify(line)}\n`;
  return text;
}

/** Runs the script that anybody may run, with nothing of ours but the file. */
export function verifyOffline(text: string, args: readonly string[] = []): { code: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-export-'));
  try {
    const file = join(folder, 'audit.jsonl');
    writeFileSync(file, text);
    const run = spawnSync(process.execPath, [resolve('scripts/verify-audit.mjs'), file, ...args], { encoding: 'utf8' });
    return { code: run.status, said: run.stdout + run.stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
