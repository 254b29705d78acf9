import { type ChildProcess, fork } from 'node:child_process';

/** One process of a stage; it never outlives the process that started it. */

export interface Program {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What Node itself is told. */
  readonly nodeArgs?: readonly string[];
}

/** Its channel closes however the parent ends, SIGKILL included; the channel alone does not keep the process alive. */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  `process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); process.channel?.unref();`,
)}`;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What standard output and standard error of a process are connected to. */
export type Output = readonly ['ignore' | 'inherit' | 'pipe', 'inherit' | 'pipe'] | readonly [number, number];

export function forkProgram({ path, args, env, nodeArgs = [] }: Program, [out, error]: Output): ChildProcess {
  const child = fork(path, args, {
    // As the image sets it.
    env: { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', ...env },
    execArgv: ['--max-semi-space-size=8', '--import', END_WITH_PARENT, ...nodeArgs],
    stdio: ['ignore', out, error, 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

export interface Started {
  readonly child: ChildProcess;
  /** What the process reported when it was ready. */
  readonly ready: unknown;
}

/** Resolves when the process is ready. */
export async function startProcess(
  program: Program,
  output: Output,
  listen?: (chunk: Buffer) => void,
): Promise<Started> {
  const child = forkProgram(program, output);
  if (listen) {
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
  }
  const ready = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${program.name} ended with ${code} before it was ready`)));
  });
  return { child, ready };
}

/** Resolves when the process is gone. */
export async function stopProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
