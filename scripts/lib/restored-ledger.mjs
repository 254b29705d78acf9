import { ROOT, run, SetUpError } from './run.mjs';

/**
 * A ledger that went back keeps worker and starter from starting (src/process/ledger-age.ts). What has to be run then needs ledger
 * and Temporal, and an embedded one is there only while `npm start` runs: so `npm start` runs it in between.
 */

export const RESTORED = '--restored';

/** What to do next, when a line of worker or starter says that the ledger went back. */
export function findRestoreAdvice(line) {
  if (!line.startsWith('the ledger went back:')) return undefined;
  return `Was the ledger restored? Then \`npm start -- ${RESTORED}\` runs \`dealbridge ledger restored\` before worker and starter start.`;
}

/** Resolves with what the command said. */
export async function markRestored(env) {
  const { code, output } = await run(process.execPath, ['dist/cli/main.js', 'ledger', 'restored'], {
    ...{ env, cwd: ROOT, quiet: true },
  });
  if (code !== 0) throw new SetUpError(`\`dealbridge ledger restored\` failed:\n${output.trim()}`);
  return output.trim();
}
