import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';

/** The machine's programs that the scripts of a test are written with. */
const BASIC = ['sh', 'mkdir', 'chmod', 'cp'] as const;

/**
 * A PATH on which nothing is but those and what the test puts there, whatever this machine has installed. Ends with
 * `vi.unstubAllEnvs()`.
 *
 * @returns makes a program of a shell's lines, and says its path
 */
export function stubPath(folder: string): (name: string, script: string) => string {
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  for (const name of BASIC) {
    const found = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(found, join(programs, name));
  }
  vi.stubEnv('PATH', programs);
  return (name, script) => {
    const path = join(programs, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };
}
