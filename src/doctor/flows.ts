import type { Database } from '../ledger/database.js';
import { type FlowLine, listFlows } from '../ledger/feeds/flow-lines.js';
import type { FlowRules } from '../mapping/rules/flows-file.js';
import { type Finding, warning } from './finding.js';
import { toFreshnessFinding } from './freshness.js';

/** What flows back beside the invoices, of the flows that the rules name. */
export async function examineFlows(db: Database, rules: FlowRules): Promise<Finding[]> {
  const lines = await listFlows(db);
  return Object.entries(rules).flatMap(([flow, rule]) =>
    rule
      ? toFlowFindings(
          flow,
          lines.filter((line) => line.flow === flow),
          rule.everyMinutes,
        )
      : [],
  );
}

function toFlowFindings(flow: string, lines: readonly FlowLine[], everyMinutes: number): Finding[] {
  const name = `flow ${flow}`;
  if (lines.length === 0) {
    const advice = 'Start worker and starter with the rules that name it, and wait for its first turn.';
    return [warning(name, 'has not run yet', advice)];
  }
  return lines.map(({ pausedAt, pausedBy, readAt, error, noted }) => {
    if (pausedAt)
      return warning(name, `paused by ${pausedBy} since ${pausedAt.toISOString()}`, `dealbridge flows resume ${flow}`);
    const age = readAt && Math.max(0, Math.round((Date.now() - readAt.getTime()) / 1_000));
    const finding = toFreshnessFinding(name, age, error, everyMinutes * 60);
    if (finding.result !== 'ok' || noted === 0) return finding;
    return warning(
      name,
      `${noted} not carried`,
      '`dealbridge flows list` says what and why, `dealbridge flows retry` tries again.',
    );
  });
}
