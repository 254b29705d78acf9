import type { Command } from 'commander';
import { UserError } from '../deal/errors.js';
import { plural } from '../deal/plural.js';
import type { StoredAuditEntry } from '../ledger/audit/audit.js';
import type { KnownSeal } from '../ledger/audit/seals.js';
import type { Verdict } from '../ledger/audit/verify.js';
import { erasePersonalContent, exportTrail, sealTrail, showTrail, verifyTrail } from '../operations/audit/audit.js';
import { noteAt, openWitnesses } from '../process/witnesses.js';
import { BY_OPTION, currentPerson, toPerson, withFoundation, withLedger } from './context.js';
import { parseSince } from './parse-since.js';
import { printTable } from './print.js';

/** `dealbridge audit …`: shows, verifies, seals, exports and erases; docs/audit.md explains. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the trail of every change and decision');

  audit
    .command('show')
    .description('show the entries of one record, oldest first; the nil GUID is the system')
    .argument('<guid>')
    .action((recordId: string) =>
      withLedger(async ({ ledger }) => {
        printTrail(await showTrail({ ledger }, currentPerson(), { recordId }));
      }),
    );

  audit
    .command('verify')
    .description(
      'prove chains, signatures and seals, compare with the witnesses, and each deal with its trail; names the first wrong entry of each chain',
    )
    .option('--record <guid>', 'only the chain of this record')
    .option('--seal <number:hash>', 'a seal that was noted elsewhere; may be given again', parseSeal)
    .action(({ record, seal }: { record?: string; seal?: KnownSeal[] }) =>
      withFoundation(async ({ database }, config) => {
        const input = { ...(record && { recordId: record }), knownSeals: seal ?? [] };
        const verdict = await verifyTrail(
          { database, witnesses: openWitnesses(config, database) },
          currentPerson(),
          input,
        );
        for (const { kind, chain, position, entryId, text } of verdict.findings) {
          const where = chain === 'seals' ? `seal ${position}` : `chain ${chain}, entry ${position}`;
          console.log(`${where}${entryId === undefined ? '' : ` (number ${entryId})`}: ${kind}; ${text}`);
        }
        console.log(
          [
            `${plural(verdict.entries, 'entry', 'entries')} in ${plural(verdict.chains, 'chain')}`,
            plural(verdict.seals, 'seal'),
          ].join(', '),
        );
        for (const line of verdict.testimonies.map(toLine)) console.log(line);
        if (verdict.testimonies.length === 0) console.log(NO_WITNESS);
        const wrong = verdict.findings.length;
        console.log(wrong === 0 ? 'the trail is whole' : `the trail is NOT whole: ${plural(wrong, 'finding')}`);
        if (wrong > 0) process.exitCode = 1;
      }),
    );

  audit
    .command('seal')
    .description('seal what came since the last seal, and have it noted by the witnesses')
    .action(() =>
      withFoundation(async ({ ledger, database }, config) => {
        const seal = await sealTrail({ ledger }, currentPerson(), {});
        console.log(seal ? `seal ${seal.number}:${seal.sealHash} of ${seal.at}` : 'nothing came since the last seal');
        for (const noting of await noteAt(database, openWitnesses(config, database))) {
          console.log(toNotingLine(noting));
          if ('problem' in noting || noting.contradiction !== undefined) process.exitCode = 1;
        }
      }),
    );

  audit
    .command('export')
    .description('write everything that the proof needs as JSON Lines')
    .option('--record <guid>', 'only the chain of this record, with all seals')
    .option('--since <time>', 'only entries from this day or instant on', parseSince)
    .option('--personal', 'with personal content')
    .action(({ record, since, personal }: { record?: string; since?: Date; personal?: true }) =>
      withLedger(async ({ database }) => {
        const input = { ...(record && { recordId: record }), ...(since && { since }), personal: personal ?? false };
        for await (const line of await exportTrail({ database }, currentPerson(), input)) {
          if (!process.stdout.writable) return;
          await writeLine(JSON.stringify(line));
        }
      }),
    );

  audit
    .command('erase')
    .description('erase what the ledger holds of people in a deal that has ended; the trail still verifies')
    .argument('<guid>')
    .option(...BY_OPTION)
    .requiredOption('--reason <text>', 'why; it stays in the trail')
    .action((recordId: string, { by, reason }: { by: string; reason: string }) =>
      withFoundation(async ({ ledger }) => {
        const erased = await erasePersonalContent({ ledger }, toPerson({ by }), { recordId, reason });
        const { entries, revisions, documents } = erased;
        console.log(
          [
            `erased in ${plural(entries, 'entry', 'entries')}`,
            plural(revisions, 'revision'),
            plural(documents, 'document'),
          ].join(', '),
        );
      }),
    );
}

const NO_WITNESS = 'no witness outside of the database is set: what was cut off or put back as a whole is not found';

function toLine({ witness, seals, behind }: Verdict['testimonies'][number]): string {
  return `${witness} has ${plural(seals, 'seal')}${behind > 0 ? `, and lacks the newest ${behind}` : ''}`;
}

function toNotingLine(noting: Awaited<ReturnType<typeof noteAt>>[number]): string {
  if ('problem' in noting) return `${noting.witness} took no seals: ${noting.problem}`;
  const { witness, noted, contradiction } = noting;
  return contradiction === undefined
    ? `${witness}: ${plural(noted, 'seal')} noted`
    : `seals are NOT noted: ${contradiction}`;
}

function printTrail(entries: readonly StoredAuditEntry[]): void {
  printTable([
    ['#', 'at', 'who', 'what', 'request', 'facts'],
    ...entries.map((entry) => [
      String(entry.position),
      entry.at.toISOString(),
      entry.actor,
      entry.action,
      entry.requestId ?? '-',
      toFacts(entry),
    ]),
  ]);
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

function parseSeal(text: string, others: readonly KnownSeal[] = []): KnownSeal[] {
  const [, number, sealHash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number === undefined || sealHash === undefined)
    throw new UserError('--seal', "NUMBER:HASH as 'audit seal' prints it, the hash of 64 digits", text);
  return [...others, { number, sealHash }];
}

/** An export may be larger than memory: the next line waits until this one is taken. */
async function writeLine(line: string): Promise<void> {
  const { stdout } = process;
  if (stdout.write(`${line}\n`) || !stdout.writable) return;
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      stdout.off('drain', goOn).off('close', goOn);
      resolve();
    };
    stdout.once('drain', goOn).once('close', goOn);
  });
}
