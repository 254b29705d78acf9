import { tsc } from './build.mjs';
import { run } from './run.mjs';
import { say, step } from './say.mjs';

/** What is said of the sources without running them: some seconds each, so it comes before the tests. */
const CHECKS = [
  {
    title: 'Format and lint (biome)',
    command: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'],
    advice: 'Correct what is listed; `npm run format` does the format.',
  },
  {
    title: 'Types (tsc)',
    command: [tsc(), '-p', 'tsconfig.json', '--noEmit'],
    advice: 'Correct what is listed.',
  },
  {
    title: 'Files, exports and packages that nobody uses (knip)',
    command: ['node_modules/knip/bin/knip.js'],
    advice: 'Delete what is listed; what only its own file uses needs no `export`.',
  },
  {
    title: 'Code that stands twice (jscpd)',
    command: ['node_modules/jscpd/bin/jscpd', '--config', '.jscpd.json'],
    advice: 'Merge what is listed; the ceiling in .jscpd.json only ever goes down.',
  },
  {
    title: 'Spelling (cspell)',
    command: ['node_modules/cspell/bin.mjs', 'lint', '--no-progress', '--no-summary'],
    advice: 'Correct the word; a name that others gave goes into .cspell/words.txt.',
  },
];

/** Each of them has work for one core. */
const LANES = 2;

/** All of them, so that one run names everything; false when one failed. */
export async function runChecks() {
  let isClean = true;
  const left = CHECKS.values();
  const lane = async () => {
    for (const { title, command, advice } of left) {
      say(title);
      const { code, output } = await step(title, () => run(process.execPath, command, { quiet: true }));
      if (code === 0) continue;
      isClean = false;
      say(`${output.trimEnd()}\n${title}: failed. ${advice}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return isClean;
}
