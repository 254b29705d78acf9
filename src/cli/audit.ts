import { type Command, InvalidArgumentError } from 'commander';
import { parseRecordId } from '../deal/ids.js';
import type { StoredAuditEntry } from '../ledger/audit/audit.js';
import { exportAudit } from '../ledger/audit/export.js';
import type { KnownSeal } from '../ledger/audit/seals.js';
import { verifyAudit } from '../ledger/audit/verify.js';
import type { Runtime } from '../process/runtime.js';

/** `dealbridge audit …`: shows, verifies, seals, exports and erases; docs/audit.md explains. */
export function addAuditCommands(
  program: Command,
  withRuntime: (work: (runtime: Runtime) => Promise<void>) => Promise<void>,
): void {
  const audit = program.command('audit').description('the trail of every change and decision');

  audit
    .command('show')
    .description('show the entries of one record, oldest first; the nil GUID is the system')
    .argument('<guid>')
    .action((guid: string) =>
      withRuntime(async ({ ledger }) => {
        const recordId = parseRecordId(guid);
        const entries = await ledger.readAudit(recordId);
        if (entries.length === 0) throw new RangeError(`the trail holds no entry of ${recordId}`);
        for (const line of toTable(entries)) console.log(line);
      }),
    );

  audit
    .command('verify')
    .description('prove chains and seals; names the first wrong entry of each chain')
    .option('--record <guid>', 'only the chain of this record', parseRecordId)
    .option('--seal <number:hash>', 'a seal that was noted elsewhere; may be given again', parseSeal, [])
    .action(({ record, seal }: { record?: string; seal: KnownSeal[] }) =>
      withRuntime(async ({ database }) => {
        const verdict = await verifyAudit(database, { ...(record && { recordId: record }), knownSeals: seal });
        for (const { kind, chain, position, entryId, text } of verdict.findings) {
          const where = chain === 'seals' ? `seal ${position}` : `chain ${chain}, entry ${position}`;
          console.log(`${where}${entryId === undefined ? '' : ` (number ${entryId})`}: ${kind}; ${text}`);
        }
        console.log(`${verdict.entries} entries in ${verdict.chains} chains, ${verdict.seals} seals`);
        const wrong = verdict.findings.length;
        console.log(wrong === 0 ? 'the trail is whole' : `the trail is NOT whole: ${wrong} findings`);
        if (wrong > 0) process.exitCode = 1;
      }),
    );

  audit
    .command('seal')
    .description('seal what came since the last seal; note number and hash elsewhere')
    .action(() =>
      withRuntime(async ({ ledger }) => {
        const seal = await ledger.sealAudit();
        console.log(seal ? `seal ${seal.number}:${seal.sealHash} of ${seal.at}` : 'nothing came since the last seal');
      }),
    );

  audit
    .command('export')
    .description('write everything that the proof needs as JSON Lines')
    .option('--record <guid>', 'only the chain of this record, with all seals', parseRecordId)
    .option('--since <time>', 'only entries from this instant on', parseInstant)
    .option('--personal', 'with personal content', false)
    .action(({ record, since, personal }: { record?: string; since?: Date; personal: boolean }) =>
      withRuntime(async ({ database }) => {
        const options = { ...(record && { recordId: record }), ...(since && { since }), personal };
        for await (const line of exportAudit(database, options)) await writeLine(JSON.stringify(line));
      }),
    );

  audit
    .command('erase')
    .description('erase what the ledger holds of people in a deal that has ended; the trail still verifies')
    .argument('<guid>')
    .requiredOption('--by <name>', 'who erases')
    .requiredOption('--reason <text>', 'why; it stays in the trail')
    .action((guid: string, { by, reason }: { by: string; reason: string }) =>
      withRuntime(async ({ ledger }) => {
        const recordId = parseRecordId(guid);
        if (!(await ledger.findRecord(recordId))) throw new RangeError(`record ${recordId} was never seen`);
        const { entries, revisions, documents } = await ledger.erasePersonal({ recordId, by, reason });
        console.log(`erased in ${entries} entries, ${revisions} revisions, ${documents} documents`);
      }),
    );
}

/** Columns as wide as their widest cell; facts take what is left. */
function toTable(entries: readonly StoredAuditEntry[]): string[] {
  const rows = [
    ['#', 'at', 'who', 'what', 'request', 'facts'],
    ...entries.map((entry) => [
      String(entry.position),
      entry.at.toISOString(),
      entry.actor,
      entry.action,
      entry.requestId ?? '-',
      toFacts(entry),
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

function toFacts({ facts, before, after, personal }: StoredAuditEntry): string {
  const parts = Object.entries(facts ?? {}).map(([name, value]) => `${name}=${toText(value)}`);
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  for (const name of names) parts.push(`${name}: ${toText(before?.[name])} -> ${toText(after?.[name])}`);
  for (const [name, value] of Object.entries(personal ?? {})) parts.push(`${name}=${toText(value)}`);
  return parts.join(' ');
}

function toText(value: unknown): string {
  if (value === undefined) return '?';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseInstant(text: string): Date {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) {
    throw new InvalidArgumentError(`found '${text}', an instant such as 2026-03-01T00:00:00Z is right`);
  }
  return instant;
}

function parseSeal(text: string, others: readonly KnownSeal[]): KnownSeal[] {
  const [, number, sealHash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (!number || !sealHash)
    throw new InvalidArgumentError(`found '${text}', NUMBER:HASH as 'audit seal' prints it is right`);
  return [...others, { number, sealHash }];
}

/** An export may be larger than memory: the next line waits until this one is taken. */
async function writeLine(line: string): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return;
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}
