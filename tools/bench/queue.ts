import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Simulators } from '@dealbridge/simulators';
import { freePort } from '../stage/port.js';
import { startProcess, stopProcess } from '../stage/process.js';
import type { Contender } from './contender.js';
import type { QueueOptions } from './queue-process.js';
import { countInvoiceRows } from './seed.js';

/** A BullMQ worker on Redis that sends the same five requests. @returns undefined where there is no `redis-server` */
export async function openQueue(
  simulators: Simulators,
  folder: string,
  onStop: (work: () => Promise<void>) => void,
): Promise<Contender | undefined> {
  const redis = await startRedis(folder, onStop);
  if (!redis) return undefined;
  const { connection, businessCentral } = simulators;
  const customers: Record<string, string> = {};
  for (const row of businessCentral.company.all('customers')) customers[String(row['number'])] = String(row['id']);
  const options: QueueOptions = { connection, companyId: businessCentral.company.id, customers, redisPort: redis.port };
  const program = {
    name: 'BullMQ worker',
    path: fileURLToPath(new URL('./queue-process.js', import.meta.url)),
    args: [JSON.stringify(options)],
    env: { PATH: process.env['PATH'] },
  };
  const { child } = await startProcess(program, ['ignore', 'inherit']);
  onStop(() => stopProcess(child, 'SIGTERM'));
  const ended = countInvoiceRows(simulators);
  return {
    name: 'BullMQ',
    processes: [
      { name: 'worker', pid: child.pid ?? 0 },
      { name: 'Redis', pid: redis.pid },
    ],
    async start({ id }) {
      child.send(id);
    },
    ended,
    // The row in Sales is the last of its requests.
    untilQuiet: async () => undefined,
    leavesBehindMs: 0,
  };
}

/** With its usual persistence: a snapshot now and then, nothing after each command. */
async function startRedis(folder: string, onStop: (work: () => Promise<void>) => void) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const binary = folders.map((path) => join(path, 'redis-server')).find((path) => existsSync(path));
  if (binary === undefined) return undefined;
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn(binary, args, { stdio: 'ignore' });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const gone = new Promise((resolve) => server.once('exit', resolve));
  onStop(async () => {
    process.off('exit', kill);
    server.kill('SIGTERM');
    await gone;
  });
  while (!(await isListening(port))) {
    if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
    await sleep(20);
  }
  return { port, pid: server.pid ?? 0 };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
