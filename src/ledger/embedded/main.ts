import { startEmbeddedLedger } from './server.js';

/** Process: the embedded ledger for a first run. Arguments: data folder, port. Prints its address as a line. */
const [dataDir, port] = process.argv.slice(2);
const ledger = await startEmbeddedLedger({ ...(dataDir && { dataDir }), port: Number(port ?? 0) });
process.stdout.write(`${ledger.url}\n`);
process.send?.({ url: ledger.url });

/** Whatever is committed is on disk; a session that does not end must not keep the process. */
const LAST_MS = 5_000;
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), LAST_MS).unref();
    void ledger.stop();
  });
}
