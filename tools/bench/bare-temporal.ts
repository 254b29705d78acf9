import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { startProcess, stopProcess } from '../stage/process.js';
import { connectTo } from '../stage/temporal.js';
import type { BareRequest } from './bare-process.js';
import type { EmptyWork } from './bare-workflows.js';
import { type BenchTemporal, LEFT_BEHIND_MS, toProcesses } from './bench-temporal.js';
import type { Contender } from './contender.js';
import { readHistories } from './histories.js';

/** What Temporal alone costs: as many activities and workflow tasks as a deal, all of them empty. */
export async function openBareTemporal(options: {
  readonly temporal: BenchTemporal;
  readonly namespace: string;
  /** How large a deal is, once it is known. */
  readonly shape: () => EmptyWork;
  readonly onStop: (work: () => Promise<void>) => void;
}): Promise<Contender> {
  const { temporal, namespace, shape, onStop } = options;
  const path = fileURLToPath(new URL('./bare-process.js', import.meta.url));
  const { address, tlsSettings } = temporal;
  const args = [JSON.stringify({ address, tlsSettings }), namespace];
  const program = { name: 'bare Temporal', path, args, env: { PATH: process.env['PATH'] } };
  const { child } = await startProcess(program, ['ignore', 'inherit']);
  onStop(() => stopProcess(child, 'SIGTERM'));
  let ended = 0;
  child.on('message', () => {
    ended += 1;
  });
  const connection = await connectTo(temporal);
  onStop(() => connection.close());
  const { workflow } = new Client({ connection, namespace });
  return {
    name: 'bare Temporal',
    processes: [{ name: 'worker', pid: child.pid ?? 0 }, ...toProcesses(temporal)],
    async start({ id }) {
      child.send({ workflowId: id, ...shape() } satisfies BareRequest);
    },
    ended: () => ended,
    leavesBehindMs: LEFT_BEHIND_MS,
    async untilQuiet() {
      while ((await workflow.count(`ExecutionStatus = 'Running'`)).count > 0) await sleep(100);
    },
    readHistories: (deals) =>
      readHistories(
        workflow,
        deals.map(({ id }) => id),
      ),
  };
}
