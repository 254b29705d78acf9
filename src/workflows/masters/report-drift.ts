import { workflowInfo } from '@temporalio/workflow';
import type { MasterKind } from '../../deal/masters.js';
import { businessCentralComparison, dataverseComparison, masterLedger } from '../activity-options.js';

export interface DriftInput {
  /** Repair by the runs of the rows themselves what needs no person. */
  readonly fixes?: boolean;
}

export interface DriftResult {
  readonly runId: string;
  readonly requests: number;
  readonly compared: Readonly<Partial<Record<MasterKind, number>>>;
  readonly found: Readonly<Record<string, number>>;
  readonly notified: number;
}

/** Compares all linked masters of both sides, page by page; numbers and differences stand in the ledger. */
export async function reportDrift({ fixes = false }: DriftInput = {}): Promise<DriftResult> {
  const { runId } = workflowInfo();
  for (const kind of await masterLedger.startDrift({ runId })) await compareKind(runId, kind);
  const report = await masterLedger.finishDrift({ runId });
  return { ...report, notified: fixes ? await notifyAll(runId) : 0 };
}

async function compareKind(runId: string, kind: MasterKind): Promise<void> {
  let link: string | undefined;
  do link = await businessCentralComparison.stageMasters({ runId, kind, link });
  while (link !== undefined);
  do link = await dataverseComparison.comparePage({ runId, kind, link });
  while (link !== undefined);
  if (kind === 'account' && (await masterLedger.hasMissing({ runId, kind }))) {
    do link = await dataverseComparison.comparePage({ runId, kind, table: 'contact', link });
    while (link !== undefined);
  }
  let isOver = false;
  while (!isOver) isOver = !(await masterLedger.recordMissing({ runId, kind })).hasMore;
}

async function notifyAll(runId: string): Promise<number> {
  let notified = 0;
  let after: string | undefined;
  do {
    const { followed, last } = await masterLedger.followRepairable({ runId, after });
    notified += followed;
    after = last;
  } while (after !== undefined);
  return notified;
}
