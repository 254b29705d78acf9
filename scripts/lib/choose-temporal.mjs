import { join } from 'node:path';
import { say } from './say.mjs';
import { openTemporalOnPostgresql } from './temporal-postgresql.mjs';
import { freePort, startTemporal } from './temporal-server.mjs';

/** Which Temporal a run has: the development server, or with `--temporal postgresql` the one of production. */

/** Takes the option out of the arguments. `open` sets the server up once; what it returns starts it, also after a stop. */
export function chooseTemporal(given) {
  const at = given.indexOf('--temporal');
  if (at < 0) return { isProduction: false, open: openDevelopmentServer, args: given };
  const kind = given[at + 1];
  if (kind !== 'postgresql') {
    say(`--temporal: expected 'postgresql', or nothing for the development server, got '${kind ?? 'nothing'}'`);
    process.exit(2);
  }
  return { isProduction: true, open: openTemporalOnPostgresql, args: given.toSpliced(at, 2) };
}

async function openDevelopmentServer({ binary, folder, namespaces }) {
  const port = await freePort();
  return { start: () => startTemporal({ binary, dbFile: join(folder, 'temporal.db'), port, namespaces }) };
}
