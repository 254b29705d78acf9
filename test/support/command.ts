import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stage } from './processes.js';

/** `dealbridge …` beside the test; what it says, or an error with it. */
export function createCommand(getStage: () => Stage): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/cli/main.js', ...args], {
      env: getStage().env,
    });
    return stdout;
  };
}
