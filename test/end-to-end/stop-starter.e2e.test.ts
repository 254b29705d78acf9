import type { ChildProcess } from 'node:child_process';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { forkProgram, stopProcess } from '../../tools/stage/process.js';
import { openStage, type Stage } from '../support/processes.js';

/** A starter that is told to stop while Business Central takes a request and answers nothing. */

let stage: Stage;
let starter: ChildProcess | undefined;
const sockets = new Set<Socket>();
let wasAsked = false;
const silent = createServer((socket) => {
  sockets.add(socket);
  socket.once('data', () => {
    wasAsked = true;
  });
});

beforeAll(async () => {
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  stage = await openStage({ temporalAddress: inject('temporalAddress'), feeds: true });
});
afterAll(async () => {
  if (starter) await stopProcess(starter, 'SIGKILL');
  await stage?.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

it('ends, does not wait for what a request may take, and closes nothing that is still asked', async () => {
  const longest = {
    REQUEST_TIMEOUT_MS: '120000',
    DATAVERSE_AMBIGUITY_WINDOW_MS: '150000',
    BC_AMBIGUITY_WINDOW_MS: '600000',
  };
  const BC_URL = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const env = { ...stage.env, ...longest, BC_URL, STARTER_PORT: '0', DESK_PORT: '0', FEEDS: 'on' };
  const child = forkProgram({ name: 'starter', path: resolve('dist/starter.js'), args: [], env }, ['inherit', 'pipe']);
  starter = child;
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await expect.poll(() => wasAsked, { timeout: 60_000 }).toBe(true);
  child.kill('SIGTERM');
  await expect.poll(() => child.exitCode, { timeout: 30_000 }).toBe(0);
  expect(said).not.toMatch(/after calling end|connection (was )?closed|"level":[56]0/i);
});
