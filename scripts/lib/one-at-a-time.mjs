import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './say.mjs';

const LOOK_MS = 200;

/** One process at a time does it, by a file that names it: two builds at once would take each other's files away. */
export async function oneAtATime(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (let isFirst = true; !take(path); isFirst = false) {
    if (isFirst) say(`Waiting for the process that ${path} names, which sets up, too`);
    await sleep(LOOK_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    // With its content from the first moment on.
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isAlive(path)) rmSync(path, { force: true });
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isAlive(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // 0 would be this process and all of its group.
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    // One that was given back in this moment is nobody's to take away: the next look finds it free, or with its next holder.
    return error.code !== 'ESRCH';
  }
}
