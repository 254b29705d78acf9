// Measures the simulators: the servers in a process of their own, the client in this one.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './lib/run.mjs';
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
const path = join(ROOT, 'dist-tools/tools/bench/simulators.js');
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
const tell = (message) => child.send(message);
await measure({ connection, company, ask, tell }).catch(endWith);
process.exit(0);
