// Measures the simulators: the servers in a process of their own, the client in this one.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { tsc } from './lib/build.mjs';
import { must, ROOT } from './lib/run.mjs';
import { step } from './lib/say.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
await step('building the benchmarks', () =>
  must(process.execPath, [tsc(), '-p', 'tsconfig.bench.json'], 'The benchmarks do not compile.'),
).catch(endWith);
const path = join(ROOT, 'dist/bench/bench/simulators.js');
const child = fork(path, ['--server']);
process.once('exit', () => child.kill('SIGKILL'));
const next = () => new Promise((resolve) => child.once('message', resolve));
const { connection, company } = await next();
const { measure } = await import(path);
const ask = (message) => {
  const answer = next();
  child.send(message);
  return answer;
};
await measure({ connection, company, ask }).catch(endWith);
process.exit(0);
