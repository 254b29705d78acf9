import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { makeCertificates } from '../../scripts/lib/certificates.mjs';
import { examineDatabase } from '../../src/doctor/database.js';
import { createStep } from '../../src/doctor/step.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { describeError } from '../../src/process/log.js';
import { askOnce } from '../../src/process/patient-start.js';
import { startPostgresql } from '../../tools/stage/postgresql.js';
import { createSigningCertificate } from '../support/signing-certificate.js';

/** A PostgreSQL elsewhere: what `sslmode=verify-full` of DATABASE_URL lets in, and what is said of what it does not. */
const server = await startPostgresql();

describe.skipIf(!server)('DATABASE_URL with sslmode=verify-full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-database-tls-'));
  const stranger = createSigningCertificate();
  const at = (name: string) => join(folder, name);
  const address = new URL(server?.url ?? 'postgres://none');
  address.hostname = 'localhost';
  const urlWith = (rootCertificate: string) => `${address}?sslmode=verify-full&sslrootcert=${at(rootCertificate)}`;
  const admin = openDatabase(server?.url ?? '', { connections: 1 });

  beforeAll(async () => {
    await makeCertificates(at('made'));
    writeFileSync(at('stranger.crt'), stranger.certificate);
  });
  afterAll(async () => {
    await admin.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function asking<T>(url: string, ask: (database: Database) => Promise<T>): Promise<T> {
    const database = openDatabase(url, { connections: 1 });
    try {
      return await ask(database);
    } finally {
      await database.close();
    }
  }

  /** What a command says to somebody who runs it with this address. */
  const problemOf = (url: string): Promise<string> =>
    asking(url, (database) =>
      askOnce('PostgreSQL', () => database.query('SELECT 1'), 'its place').then(() => 'none', describeError),
    );

  async function showCertificate(name: string, certificate: string, key: string): Promise<void> {
    const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory');
    const data = rows[0]?.data_directory ?? '';
    for (const [file, text] of [
      [`${name}.crt`, certificate],
      [`${name}.key`, key],
    ] as const) {
      writeFileSync(join(data, file), text);
      // It takes a key that is its own and nobody else's to read.
      chmodSync(join(data, file), 0o600);
      chownSync(join(data, file), statSync(data).uid, statSync(data).gid);
    }
    await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${name}.crt'`);
    await admin.query(`ALTER SYSTEM SET ssl_key_file = '${name}.key'`);
    await admin.query('ALTER SYSTEM SET ssl = on');
    await admin.query('SELECT pg_reload_conf()');
    const shown = () =>
      asking(server?.url ?? '', async (database) => (await database.query('SHOW ssl_cert_file')).rows[0]);
    await expect.poll(shown).toEqual({ ssl_cert_file: `${name}.crt` });
  }

  it('is not content with a server that takes no TLS', async () => {
    expect(await problemOf(urlWith('made/ca.crt'))).toMatch(
      /^setting DATABASE_URL: expected a server that takes TLS, since `sslmode` asks for it, got one that takes none/,
    );
  });

  it('connects where the certificate is for the host and of the CA, and to no other one', async () => {
    const made = (name: string) => readFileSync(at(`made/server/${name}`), 'utf8');
    await showCertificate('right', made('server.crt'), made('server.key'));
    const { rows } = await asking(urlWith('made/ca.crt'), (database) =>
      database.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    );
    expect(rows).toEqual([{ ssl: true }]);
    expect(await problemOf(urlWith('stranger.crt'))).toMatch(
      /^setting DATABASE_URL: expected a server with a certificate that `sslrootcert` vouches for, got another one \(\w+\)/,
    );
    expect(await problemOf(urlWith('gone.crt'))).toMatch(
      /^setting DATABASE_URL: expected files that can be read in `sslrootcert`.*, got ENOENT for .*gone\.crt/,
    );
  });

  it('refuses a certificate for another host, and the doctor says the same', async () => {
    await showCertificate('elsewhere', stranger.certificate, stranger.privateKey);
    const expected =
      /^(setting DATABASE_URL: )?expected a server with a certificate for the host of the address, got another one \(ERR_TLS_CERT_ALTNAME_INVALID\)/;
    expect(await problemOf(urlWith('stranger.crt'))).toMatch(expected);
    const { findings } = await asking(urlWith('stranger.crt'), (value) =>
      examineDatabase(createStep('ledger', {}, async () => ({ value, findings: [] }))).report(),
    );
    expect(findings).toMatchObject([{ check: 'reachable', result: 'wrong', found: expect.stringMatching(expected) }]);
  });
});
