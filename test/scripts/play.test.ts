import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const PLAY = resolve('scripts/lib/play.mjs');

/** A command whose one process never stops by itself; it says its folder, the process, and when it is asked to stop. */
const COMMAND = `
import { spawn } from 'node:child_process';
import { play } from ${JSON.stringify(PLAY)};
await play('test', async ({ folder, onStop }) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  onStop(() => {
    console.log('stopping');
    return new Promise(() => setInterval(() => {}, 1000));
  });
  console.log(folder);
  return new Promise(() => setInterval(() => {}, 1000));
});
`;

it('a second Ctrl-C ends a command that is still stopping, and its folder goes, too', async () => {
  const command = spawn(process.execPath, ['--input-type=module', '-e', COMMAND], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(command, 'exit');
  const lines = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
  const { value: folder } = (await lines.next()) as { value: string };
  expect(existsSync(folder)).toBe(true);
  command.kill('SIGINT');
  for (let line = ''; line !== 'stopping'; ) ({ value: line } = (await lines.next()) as { value: string });
  command.kill('SIGINT');
  expect(await ended).toEqual([1, null]);
  expect(existsSync(folder)).toBe(false);
});
