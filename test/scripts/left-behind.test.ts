import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { endLeftBehind } from '../../scripts/lib/left-behind.mjs';

/** As Temporal stands in the list of processes: with the file that keeps its state. */
async function startHolding(dbFile: string) {
  const code = 'process.stdout.write("up"); setInterval(() => {}, 1000)';
  const child = spawn(process.execPath, ['-e', code, '--', '--db-filename', dbFile, '--headless'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

it('a server that outlived a start that was killed is ended, and one of another folder is not', async () => {
  const mine = `/data/of-${process.pid}/temporal.db`;
  const left = await startHolding(mine);
  const other = await startHolding(`/elsewhere${mine}`);
  try {
    const ended = once(left, 'exit');
    await endLeftBehind(mine);
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  } finally {
    for (const child of [left, other]) child.kill('SIGKILL');
  }
});
