import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Simulators } from '@dealbridge/simulators';
import type { Faults } from '@dealbridge/simulators/kernel/faults.js';
import { exportAudit } from '../../src/ledger/audit/export.js';
import { sealAudit } from '../../src/ledger/audit/seals.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import type { Database } from '../../src/ledger/database.js';
import type { ChangeKind } from './deals.js';
import type { EffectName } from './effects.js';
import { FINDING_KINDS, type Finding, type FindingKind } from './findings.js';
import { type ProcessName, readRuleId } from './plan.js';
import type { Setup } from './refusals.js';

export interface Offender {
  /** The records of the deal, or nothing when it concerns the whole run. */
  readonly records: readonly { readonly table: string; readonly id: string; readonly state: string }[];
  readonly findings: readonly Finding[];
}

export interface ChaosReport {
  readonly seed: number;
  readonly deals: number;
  readonly seconds: number;
  /** Deals by what is wrong with them; all zero when everything is as it should be. */
  readonly wrong: Readonly<Record<FindingKind, number>>;
  readonly offenders: readonly Offender[];
  /** By state of the ledger: how many records of the run. */
  readonly states: Readonly<Record<string, number>>;
  /** Records that were held as they should be, by the reason, and then decided by a person. */
  readonly held: Readonly<Record<string, number>>;
  readonly confirmed: number;
  /** Decisions that fit nothing: sent, and those that were taken all the same. */
  readonly misspelled: { readonly sent: number; readonly taken: number };
  readonly secretsExpired: number;
  readonly refusedSignIns: number;
  readonly sessionsEnded: number;
  /** What sellers changed while Business Central took nothing. */
  readonly changed: Readonly<Record<ChangeKind, number>>;
  /** How often the posting period closed, and how many customers were blocked. */
  readonly closed: Readonly<Record<Setup, number>>;
  readonly postedByHand: number;
  readonly posted: number;
  readonly paid: number;
  readonly faults: Readonly<Partial<Record<EffectName, number>>>;
  readonly faultsByKind: Readonly<Record<string, number>>;
  readonly webhooks: Readonly<Record<'delivered' | 'dropped' | 'failed', number>>;
  readonly kills: Readonly<Record<ProcessName, number>>;
  /** Processes that ended without being killed and were started again. */
  readonly endedByThemselves: number;
  /** Of the requests that write; beyond the outcome time a finding may be the machine's fault. */
  readonly slowestWriteMs: number;
  readonly ambiguityWindowMs: number;
  readonly audit: AuditProof;
  readonly isGood: boolean;
}

export interface AuditProof {
  readonly entries: number;
  readonly chains: number;
  readonly seals: number;
  readonly findings: readonly string[];
  /** What the script says that needs nothing but the export. */
  readonly offline: 'proved' | string;
}

/** The trail, by the ledger and by the script that anybody may run on an export. */
export async function proveAudit(database: Database, folder: string, script: string): Promise<AuditProof> {
  await sealAudit(database);
  const { entries, chains, seals, findings } = await verifyAudit(database);
  const file = join(folder, 'audit.jsonl');
  async function* lines(): AsyncGenerator<string> {
    for await (const line of exportAudit(database, {})) yield `${JSON.stringify(line)}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
  const run = spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
  return {
    entries,
    chains,
    seals,
    findings: findings.map(({ kind, chain, position, text }) => `${kind}: ${chain} at ${position}: ${text}`),
    offline: run.status === 0 ? 'proved' : (run.stdout + run.stderr).trim(),
  };
}

/** The servers of a run, as far as faults are armed in them. */
export type FaultyServers = Readonly<
  Record<'entra' | 'dataverse' | 'businessCentral', { readonly faults: Pick<Faults, 'list' | 'remove'> }>
>;

/** How often each effect hit, and each kind of request was hit. */
export function countFaults({
  entra,
  dataverse,
  businessCentral,
}: FaultyServers): Pick<ChaosReport, 'faults' | 'faultsByKind'> {
  const faults: Partial<Record<EffectName, number>> = {};
  const faultsByKind: Record<string, number> = {};
  for (const { id, hit } of [entra, dataverse, businessCentral].flatMap((server) => server.faults.list())) {
    if (hit === 0) continue;
    const { kind, effect } = readRuleId(id);
    faults[effect] = (faults[effect] ?? 0) + hit;
    faultsByKind[kind] = (faultsByKind[kind] ?? 0) + hit;
  }
  return { faults, faultsByKind };
}

export function countBy(all: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

export function countWebhooks({ dataverse }: Simulators): ChaosReport['webhooks'] {
  const { deliveries } = dataverse.webhooks;
  const dropped = deliveries.filter(({ status }) => status === 'dropped').length;
  const delivered = deliveries.filter(({ status }) => typeof status === 'number' && status < 300).length;
  return { delivered, dropped, failed: deliveries.length - dropped - delivered };
}

/** Deals that have a finding of each kind. */
export function countWrong(offenders: readonly Offender[]): ChaosReport['wrong'] {
  const having = (kind: FindingKind): number =>
    offenders.filter(({ findings }) => findings.some((finding) => finding.kind === kind)).length;
  return Object.fromEntries(FINDING_KINDS.map((kind) => [kind, having(kind)])) as Record<FindingKind, number>;
}

export function countRefusedSignIns({ entra }: Simulators): number {
  return entra.requests.filter(({ status }) => status === 401).length;
}

export function findSlowestWrite({ dataverse, businessCentral }: Simulators): number {
  const writes = [...dataverse.requests, ...businessCentral.requests].filter(({ method }) => method !== 'GET');
  return writes.reduce((slowest, { durationMs }) => Math.max(slowest, durationMs), 0);
}

export function toText(report: ChaosReport, lookAt: (recordId: string) => string): string {
  const { audit, offenders, webhooks, kills } = report;
  const list = (counts: Readonly<Record<string, number | undefined>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const lines = [
    '',
    `${report.deals} deals, seed ${report.seed}: ${report.seconds.toFixed(0)} s, ${(report.deals / report.seconds).toFixed(1)} deals/s`,
    `records    ${list(report.states)}`,
    `held       ${list(report.held)}; confirmed by a person ${report.confirmed}`,
    `decisions  ${report.misspelled.sent} misspelled, ${report.misspelled.taken} of them taken`,
    `postings   ${report.posted} invoices, ${report.paid} of them paid`,
    `faults     ${Object.values(report.faults).reduce((sum, hits) => sum + hits, 0)}: ${list(report.faults)}`,
    `requests   ${list(report.faultsByKind)}`,
    `webhooks   ${list(webhooks)}`,
    `killed     ${list(kills)}; ended by themselves ${report.endedByThemselves}`,
    `sign-in    ${report.secretsExpired} secrets expired, ${report.refusedSignIns} sign-ins refused`,
    `ledger     ${report.sessionsEnded} sessions ended`,
    `people     ${list(report.changed)} during outages, ${report.postedByHand} posted by hand; period closed ${report.closed.period}, customers blocked ${report.closed.customers}`,
    `audit      ${audit.entries} entries in ${audit.chains} chains, ${audit.seals} seals, ${audit.findings.length} findings; offline: ${audit.offline}`,
    ...audit.findings.map((finding) => `           ${finding}`),
    `slowest    write ${report.slowestWriteMs} ms`,
  ];
  if (report.slowestWriteMs > report.ambiguityWindowMs)
    lines.push(
      `           longer than ${report.ambiguityWindowMs} ms, after which a write counts as not done: the machine was too busy`,
    );
  lines.push(
    Object.entries(report.wrong)
      .map(([kind, count]) => `${kind.replaceAll('-', ' ')} ${count}`)
      .join(', '),
  );
  for (const { records, findings } of offenders) {
    lines.push('');
    for (const { kind, text } of findings) lines.push(`${kind}: ${text}`);
    for (const { table, id, state } of records) lines.push(`  ${table} ${id} is ${state}: ${lookAt(id)}`);
  }
  lines.push(
    '',
    report.isGood
      ? 'Nothing was lost, nothing exists twice, and every document has the right customer, lines and total.'
      : 'NOT as it should be.',
  );
  return lines.join('\n');
}
