import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkProgram, type Program } from './process.js';

/** A process that is started again when it ends, whoever ended it, and can be killed on request. */
export interface Supervised {
  readonly name: string;
  /** Ended by itself, because what it needed at its start was not there or was refused. */
  readonly endedByItself: number;
  /** SIGKILL; resolves when it is ready again. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const START_AGAIN_MS = 300;
const LAST_MS = 15_000;

/** `log` takes what it prints, for whoever looks for the reason afterwards. */
export function startSupervised(program: Program, log: string): Supervised & { ready(): Promise<void> } {
  const output = openSync(log, 'a');
  let isStopping = false;
  let isKilled = false;
  let endedByItself = 0;
  let child: ChildProcess;
  let gone: Promise<void>;
  let ready = start();

  function start(): Promise<void> {
    const started = forkProgram(program, [output, output]);
    child = started;
    const isReady = new Promise<void>((resolve) => started.once('message', () => resolve()));
    gone = new Promise((resolve) => {
      started.once('exit', () => {
        resolve();
        if (isStopping) return;
        if (!isKilled) endedByItself += 1;
        isKilled = false;
        void sleep(START_AGAIN_MS).then(() => {
          if (!isStopping) ready = start();
        });
      });
    });
    return isReady;
  }

  /** Of the process that runs by then: one that ended before it was ready has a successor. */
  async function untilReady(): Promise<void> {
    for (;;) {
      const waitingFor = child;
      const isUp = await Promise.race([ready.then(() => true), gone.then(() => false)]);
      if (isStopping || (isUp && child === waitingFor)) return;
      await sleep(START_AGAIN_MS);
    }
  }

  return {
    name: program.name,
    get endedByItself() {
      return endedByItself;
    },
    ready: untilReady,
    async kill() {
      await untilReady();
      isKilled = true;
      const ended = gone;
      child.kill('SIGKILL');
      await ended;
      await untilReady();
    },
    async stop() {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), LAST_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}
