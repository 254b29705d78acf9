import { spawn } from 'node:child_process';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `dealbridge …` as its own process, with this on its stdin. */
export function runCli(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<CliResult> {
  return runToEnd(['dist/cli/main.js', ...args], env, input);
}

/** Worker or starter, where it is to end by itself. */
export function runProgram(name: 'worker' | 'starter', env: NodeJS.ProcessEnv): Promise<CliResult> {
  return runToEnd([`dist/${name}.js`], env);
}

function runToEnd(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<CliResult> {
  // Files of settings that whoever tests has in this folder are none of the test's.
  const child = spawn(process.execPath, args, { env: { DEALBRIDGE_ENV_FILES: 'off', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
