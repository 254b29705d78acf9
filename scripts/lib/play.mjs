// Demo, bench and fault run: set up, a folder of their own, an end that leaves no process behind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from './say.mjs';

/**
 * Plays to its end or to the first Ctrl-C, then stops what was started, the last one first, and ends the script.
 * `work` gets the folder and `onStop`, and resolves with whether all is well. With `keep` everything runs until Ctrl-C.
 */
export async function play(name, work, { keep = false, keepsFolder = () => false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), `dealbridge-${name}-`));
  const stopping = [];
  let isStopped = false;
  const leave = (isGood) => {
    if (keepsFolder(isGood))
      say(`Logs, ledger and audit trail of the run stay in ${folder}; its commands need --keep.`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  const interruption = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => {
        if (!isStopped) return resolve('interrupted');
        // Who asks again does not wait: what was started is killed as this process exits, and the folder goes behind it.
        process.once('exit', () => leave(false));
        process.exit(1);
      });
  });
  let isGood = false;
  try {
    const onStop = (stop) => {
      // What has started after the interruption has to end as well.
      if (isStopped) void stop().catch((error) => say(String(error)));
      else stopping.push(stop);
    };
    const ended = await Promise.race([work({ folder, onStop, isStopped: () => isStopped }), interruption]);
    isGood = ended === true;
    if (ended === 'interrupted') say('interrupted');
    else if (keep) {
      say('Everything keeps running; Ctrl-C ends it.');
      await interruption;
    }
  } catch (error) {
    say(String(error?.stack ?? error));
  }
  isStopped = true;
  for (const stop of stopping.reverse()) await stop().catch((error) => say(String(error)));
  leave(isGood);
  process.exit(isGood ? 0 : 1);
}
