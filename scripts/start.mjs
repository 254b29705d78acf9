// Dealbridge on one machine: Temporal and the ledger are embedded unless TEMPORAL_ADDRESS or DATABASE_URL name real ones.
// With something embedded the keys are made here, too; an installation with real servers names its own.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { claimData } from './lib/claim-data.mjs';
import { isGiven, publishPlace, readDotEnv } from './lib/env-file.mjs';
import { endLeftBehind } from './lib/left-behind.mjs';
import { findRestoreAdvice, markRestored, RESTORED } from './lib/restored-ledger.mjs';
import { ROOT } from './lib/run.mjs';
import { say, step } from './lib/say.mjs';
import { serverVersion, startTemporal } from './lib/temporal-server.mjs';
import { endWith, setUp } from './setup.mjs';

const DATA = join(ROOT, '.data');
const UI_PORT = 8233;
const TEMPORAL_PORT = 7233;
const STARTER_PORT = 8080;

// As the command line does it: what stands in the environment wins.
const env = { ...readDotEnv(), ...process.env };
const binary = await setUp({ temporal: !env.TEMPORAL_ADDRESS }).catch(endWith);
mkdirSync(DATA, { recursive: true });
const stopping = [];

let isStopping = false;
async function stop(code) {
  // Worker and starter end because they are told to; that is no reason to leave the rest of them behind.
  if (isStopping) return;
  isStopping = true;
  for (const work of stopping.splice(0).reverse()) await work();
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => void stop(0));

/** One of us is gone, and the others would wait for it for ever: whatever watches this process starts all of them again. */
function stopWithout(name, how) {
  if (!isStopping) say(`${name} ended${how}: stopping the others, too`);
  void stop(1);
}

/** Its channel closes however this process ends, SIGKILL included; the channel alone does not keep it alive. */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  `process.on('disconnect', () => process.kill(process.pid, 'SIGTERM')); process.channel?.unref();`,
)}`;

function child(path, args, childEnv) {
  const started = fork(join(ROOT, path), args, {
    env: childEnv,
    execArgv: ['--import', END_WITH_PARENT],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  started.stderr.pipe(process.stderr, { end: false });
  process.once('exit', () => started.kill('SIGKILL'));
  stopping.push(
    () =>
      new Promise((resolve) => {
        if (started.exitCode !== null || started.signalCode !== null) return resolve();
        started.once('exit', resolve);
        started.kill('SIGTERM');
      }),
  );
  return started;
}

async function startProgram(name) {
  const started = child(`dist/${name}.js`, [], env);
  started.stdout.pipe(process.stdout, { end: false });
  // The log is on the other one.
  started.stderr.pipe(notReadyLines(name));
  let advice;
  createInterface({ input: started.stderr }).on('line', (line) => {
    advice ??= findRestoreAdvice(line);
  });
  await new Promise((resolve, reject) => {
    started.once('message', resolve);
    // Its last line may come behind its end.
    started.once('close', (code) =>
      reject(new Error([`the ${name} ended with ${code} before it was ready`, advice].filter(Boolean).join('\n'))),
    );
  });
  started.once('exit', (code, signal) => stopWithout(`the ${name}`, ` with ${code ?? signal}`));
  say(`${name}: ready`);
}

/** What keeps it from being ready is for a person, who would not find it between the lines of the log. */
function notReadyLines(name) {
  const lines = new PassThrough();
  createInterface({ input: lines }).on('line', (line) => {
    if (line.includes('"msg":"not ready: ')) say(`${name}: ${JSON.parse(line).msg}`);
  });
  return lines;
}

try {
  const hasLedger = isGiven(env, 'DATABASE_URL');
  const isEmbedded = !env.TEMPORAL_ADDRESS || !hasLedger;
  const data = isEmbedded ? await claimData(DATA) : undefined;
  if (data) stopping.push(async () => data.forget());
  if (isEmbedded && !env.DEALBRIDGE_KEYS && !env.DEALBRIDGE_KEY_FILE) {
    const { ensureKeyFile } = await import('../dist/secrets/key-file.js');
    env.DEALBRIDGE_KEY_FILE = join(DATA, 'keys');
    ensureKeyFile(env.DEALBRIDGE_KEY_FILE);
    say('Keys: .data/keys (without them nothing that was sealed can be read again)');
  }
  const codecEndpoint = `http://127.0.0.1:${env.STARTER_PORT || STARTER_PORT}/codec`;
  if (!env.TEMPORAL_ADDRESS) {
    // A database of one version is not for another (reference/temporal 10.1).
    const dbFile = join(DATA, `temporal-${await serverVersion(binary)}.db`);
    await endLeftBehind(dbFile);
    const options = { binary, dbFile, port: TEMPORAL_PORT, uiPort: UI_PORT, codecEndpoint };
    const server = await step('starting Temporal', () => startTemporal(options));
    stopping.push(server.stop);
    void server.ended.then(() => stopWithout('Temporal', ''));
    env.TEMPORAL_ADDRESS = server.address;
    say(`Temporal: ${server.address}, Web UI: ${server.uiUrl}`);
  }
  if (!hasLedger) {
    const ledger = child('dist/ledger/embedded/main.js', [join(DATA, 'ledger')], env);
    env.DATABASE_URL = await new Promise((resolve, reject) => {
      ledger.stdout.once('data', (line) => resolve(String(line).trim()));
      ledger.once('exit', () => reject(new Error('the embedded ledger did not start')));
    });
    ledger.once('exit', (code, signal) => stopWithout('the embedded ledger', ` with ${code ?? signal}`));
    data.note(env.DATABASE_URL);
    say('Ledger: embedded, in .data/ledger');
  }
  const opens = {};
  if (isEmbedded && !isGiven(env, 'CODEC_TOKEN')) {
    env.CODEC_TOKEN = randomBytes(24).toString('base64url');
    env.TEMPORAL_UI_ORIGIN ||= `http://127.0.0.1:${UI_PORT}`;
    // Not on the screen: whoever has it reads every payload. Not before now: of one that runs already it would be the wrong one.
    rmSync(join(DATA, 'codec-token'), { force: true });
    writeFileSync(join(DATA, 'codec-token'), `${env.CODEC_TOKEN}\n`, { mode: 0o600 });
    opens.CODEC_TOKEN = env.CODEC_TOKEN;
    say(`Payloads: sealed. ${codecEndpoint}/sign-in opens them for the Web UI, with the token in .data/codec-token`);
  }
  if (env.CODEC_TOKEN) {
    opens.TEMPORAL_CODEC_ENDPOINT = codecEndpoint;
    opens.TEMPORAL_CODEC_AUTH = `Bearer ${env.CODEC_TOKEN}`;
  }
  const remove = publishPlace({
    TEMPORAL_ADDRESS: env.TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE: env.TEMPORAL_NAMESPACE,
    DATABASE_URL: env.DATABASE_URL,
    DATABASE_URL_FILE: env.DATABASE_URL_FILE,
    DEALBRIDGE_KEY_FILE: env.DEALBRIDGE_KEY_FILE,
    ...opens,
  });
  stopping.push(async () => remove());
  say(
    'Command line: `npx dealbridge …` finds all of this in .data/env; `set -a; . .data/env; set +a` tells it to `temporal`',
  );
  if (process.argv.includes(RESTORED)) {
    say(await step('the ledger was restored: taking up its work', () => markRestored(env)));
  }
  // Side by side: while a sign-in is refused neither is ready, and a new secret is entered at the desk of the starter.
  await Promise.all(['worker', 'starter'].map(startProgram));
} catch (error) {
  // Whoever stops it before it is ready knows why it ended.
  if (!isStopping) say(String(error?.message ?? error));
  await stop(1);
}
