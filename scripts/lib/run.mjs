import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a command to its end. Resolves with its exit code; its output is shown, or kept and shown when it fails. */
export function run(command, args, { quiet = false, env = process.env, cwd = ROOT, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    const kept = [];
    child.stdout?.on('data', (chunk) => kept.push(chunk));
    child.stderr?.on('data', (chunk) => kept.push(chunk));
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output: Buffer.concat(kept).toString('utf8') });
    });
  });
}

/** Like run, but a failure ends the script with the output and the advice. */
export async function must(command, args, advice, options = {}) {
  const { code, output } = await run(command, args, { quiet: true, ...options }).catch((error) => ({
    code: 1,
    output: String(error),
  }));
  if (code === 0) return output;
  throw new SetUpError(`'${command} ${args.join(' ')}' ended with ${code}:\n${output.slice(-4_000)}\n${advice}`);
}

export class SetUpError extends Error {}
