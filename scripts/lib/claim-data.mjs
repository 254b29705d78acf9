import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { SetUpError } from './run.mjs';

/**
 * A data folder is open once: two ledgers, or two Temporal servers, that write into one spoil it. An address stands in it, and
 * whoever answers there has it open. Until the ledger answers its starter does, so that of two that start at once one is
 * refused; from then on the ledger, which stays behind when what started it is killed.
 */

const placeOf = (folder) => join(folder, 'in-use');

/** `note` says where the ledger answers by then, and `forget` gives the folder back. */
export async function claimData(folder) {
  const place = placeOf(folder);
  const guard = createServer((socket) => socket.destroy());
  await new Promise((resolve, reject) => guard.once('error', reject).listen(0, '127.0.0.1', resolve));
  guard.unref();
  const { port } = guard.address();
  const draft = `${place}.${port}`;
  let ours = `tcp://127.0.0.1:${port}\n`;
  const write = () => writeFileSync(draft, ours, { mode: 0o600 });
  try {
    write();
    while (!takes(draft, place)) await ensureNobodyAnswers(folder, `${draft}.stale`);
  } catch (error) {
    guard.close();
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    note(url) {
      ours = `${url}\n`;
      write();
      renameSync(draft, place);
      guard.close();
    },
    forget() {
      guard.close();
      if (read(place) === ours) rmSync(place, { force: true });
    },
  };
}

/** With its content from the first moment on; false when there is one. */
function takes(draft, place) {
  try {
    linkSync(draft, place);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** Takes away what nobody answers for any more. */
async function ensureNobodyAnswers(folder, aside) {
  const place = placeOf(folder);
  const text = read(place);
  if (text === undefined) return;
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url && (await answers(url)))
    throw new SetUpError(
      `${folder} is open already, at ${url.host}: \`npm start\` runs, or one that was killed left its ledger behind. End it first.`,
    );
  try {
    renameSync(place, aside);
    // Another one was quicker, and this is its claim.
    if (read(aside) !== text) takes(aside, place);
    rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
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
