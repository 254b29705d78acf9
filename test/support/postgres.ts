import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { type PostgresServer as OwnServer, startPostgresql } from '../../tools/stage/postgresql.js';

type PostgresServer = Pick<OwnServer, 'url' | 'stop'>;

/**
 * A real PostgreSQL: an empty database on the server that TEST_POSTGRES_URL names (its user may create databases and
 * roles), or a server in a temporary folder from the binaries of this machine. Undefined when there is neither.
 */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const given = process.env['TEST_POSTGRES_URL'];
  return given ? createDatabase(given) : startPostgresql();
}

async function createDatabase(serverUrl: string): Promise<PostgresServer> {
  const name = `dealbridge_test_${randomUUID().replaceAll('-', '')}`;
  const run = async (sql: string): Promise<void> => {
    const client = new Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, stop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}
