import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SetUpError } from './run.mjs';

/**
 * The embedded ledger is open once: two processes that write into one data folder spoil it. Its address stands beside the folder, and
 * whoever answers there has it open, also when what started it was killed.
 */

const placeOf = (folder) => join(folder, 'ledger-url');

export async function ensureLedgerIsClosed(folder) {
  const url = readAddress(folder);
  if (url === undefined || !(await answers(url))) return;
  throw new SetUpError(
    `The ledger in ${join(folder, 'ledger')} is open already, at ${url.host}: \`npm start\` runs, or one that was killed left it behind. End it first.`,
  );
}

export function noteLedger(folder, url) {
  writeFileSync(placeOf(folder), `${url}\n`, { mode: 0o600 });
}

export function forgetLedger(folder) {
  rmSync(placeOf(folder), { force: true });
}

function readAddress(folder) {
  try {
    return new URL(readFileSync(placeOf(folder), 'utf8').trim());
  } catch {
    return undefined;
  }
}

function answers({ hostname, port }) {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const end = (isThere) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
