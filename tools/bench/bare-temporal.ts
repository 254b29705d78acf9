import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startProcess, stopProcess } from '../stage/process.js';
import type { BareRequest } from './bare-process.js';
import type { EmptyWork } from './bare-workflows.js';
import type { Contender } from './contender.js';

/** What Temporal alone costs: as many activities and workflow tasks as a deal, all of them empty. */
export async function openBareTemporal(options: {
  readonly temporal: { readonly address: string; readonly pid: number };
  readonly namespace: string;
  /** How large a deal is, once it is known. */
  readonly shape: () => EmptyWork;
  readonly onStop: (work: () => Promise<void>) => void;
}): Promise<Contender> {
  const { temporal, namespace, shape, onStop } = options;
  const path = fileURLToPath(new URL('./bare-process.js', import.meta.url));
  const args = [temporal.address, namespace];
  const program = { name: 'bare Temporal', path, args, env: { PATH: process.env['PATH'] } };
  const { child } = await startProcess(program, ['ignore', 'inherit']);
  onStop(() => stopProcess(child, 'SIGTERM'));
  let ended = 0;
  child.on('message', () => {
    ended += 1;
  });
  const connection = await Connection.connect({ address: temporal.address });
  onStop(() => connection.close());
  const { workflow } = new Client({ connection, namespace });
  return {
    name: 'bare Temporal',
    processes: [
      { name: 'worker', pid: child.pid ?? 0 },
      { name: 'Temporal', pid: temporal.pid },
    ],
    async start({ id }) {
      child.send({ workflowId: id, ...shape() } satisfies BareRequest);
    },
    ended: () => ended,
    async untilQuiet() {
      while ((await workflow.count(`ExecutionStatus = 'Running'`)).count > 0) await sleep(100);
    },
  };
}
