import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { scheduler } from 'node:timers/promises';
import { run } from './run.mjs';
import { say } from './say.mjs';

const PATIENCE_MS = 10_000;
const BETWEEN_LOOKS_MS = 50;

/**
 * Ends the Temporal server that keeps its state in `dbFile`: whoever asks has this file for itself, and a server that still has it
 * open was left behind by one that was killed.
 */
export async function endLeftBehind(dbFile) {
  for (const pid of await findByArgument(dbFile)) {
    say(`Temporal (process ${pid}) was left behind by a start that was killed: ending it`);
    send(pid, 'SIGTERM');
    const until = Date.now() + PATIENCE_MS;
    while (send(pid, 0)) {
      if (Date.now() > until) send(pid, 'SIGKILL');
      await scheduler.wait(BETWEEN_LOOKS_MS);
    }
  }
}

async function findByArgument(argument) {
  const lines = existsSync('/proc/self/cmdline') ? readProc() : await askPs();
  return lines.filter(({ args }) => args.includes(` --db-filename ${argument} `)).map(({ pid }) => pid);
}

/** An image may have no `ps`. */
function readProc() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), args: readArgs(name) }));
}

function readArgs(name) {
  try {
    return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It has ended meanwhile, or is not ours to look at.
    return '';
  }
}

async function askPs() {
  const { output } = await run('ps', ['-axww', '-o', 'pid=,args='], { quiet: true });
  return output.split('\n').map((line) => ({ pid: Number.parseInt(line, 10), args: `${line} ` }));
}

/** False when it is gone. */
function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}
