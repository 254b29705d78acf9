import { Client, Connection } from '@temporalio/client';
import { type Logger, pino } from 'pino';
import type { Config } from './config.js';
import { type Database, openDatabase } from './ledger/database.js';
import { createLedger, type Ledger } from './ledger/ledger.js';
import { migrate } from './ledger/migrate.js';

/** What every process opens first: log, ledger, Temporal client. */
export interface Runtime {
  readonly log: Logger;
  readonly database: Database;
  readonly ledger: Ledger;
  readonly temporal: Client;
  close(): Promise<void>;
}

export async function openRuntime(config: Config, name: string): Promise<Runtime> {
  const log = pino({ name, level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  const database = openDatabase(config.databaseUrl);
  const applied = await migrate(database);
  if (applied.length > 0) log.info({ applied }, 'ledger migrated');
  const connection = await Connection.connect({ address: config.temporal.address });
  return {
    log,
    database,
    ledger: createLedger(database),
    temporal: new Client({ connection, namespace: config.temporal.namespace }),
    async close() {
      await connection.close();
      await database.close();
    },
  };
}
