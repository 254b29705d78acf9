import { mkdirSync, writeFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Stage } from './processes.js';

/**
 * With RECORD_HISTORIES=1 the run of a deal is saved for the replay test (I9). Names of the machine and its folders do
 * not belong into a recorded history.
 */
export async function keepHistory(stage: Stage, recordId: string, name: string): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const history = await stage.temporal.workflow.getHandle(recordId).fetchHistory();
  const text = JSON.stringify(JSON.parse(historyToJSON(history)), withoutMachine, 1);
  mkdirSync('test/histories', { recursive: true });
  writeFileSync(`test/histories/${name}.json`, `${text}\n`);
}

const ELSEWHERE: ReadonlySet<string> = new Set(['identity', 'stackTrace', 'processId', 'workerInstanceKey']);

/** `4711@host…`: how workers and clients call themselves. */
const PROCESS_NAME = /\d+@[^\s"]+/g;

function withoutMachine(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return ELSEWHERE.has(key) ? '' : value.replace(PROCESS_NAME, 'worker');
}
