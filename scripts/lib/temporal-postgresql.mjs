import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './cache.mjs';
import { makeCertificates } from './certificates.mjs';
import { must, ROOT, run, SetUpError } from './run.mjs';
import { step } from './say.mjs';
import { ensureTemporalPrograms } from './temporal-programs.mjs';
import { freePort, SEARCH_ATTRIBUTES, untilServing } from './temporal-server.mjs';

/**
 * Temporal's own server on PostgreSQL, set up as docker-compose.yml does it and without containers: the same roles, the same schema by
 * the same tool, the same settings out of that file and of `docker/tls`, and client certificates on every connection.
 */

/** The package is asked for now: a fresh clone has none when this file is read. */
async function readCompose() {
  const { parse } = await import('yaml');
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
}
const SECRETS = join(ROOT, 'docker/simulators-secrets');
/** What a role of this throw-away server is called by is known to everybody. */
const secret = (name) => readFileSync(join(SECRETS, name), 'utf8').trim();
const LAST_MS = 20_000;

/** Where it is set up once; `start` may follow `stop` of what it started, and finds everything again. */
export async function openTemporalOnPostgresql({ binary, folder, namespaces = ['default'], onStop }) {
  const programs = await ensureTemporalPrograms();
  if (!findOnPath('psql')) throw new SetUpError("psql is missing: install Debian's package `postgresql`.");
  const { startPostgresql } = await import('../../dist-tools/tools/stage/postgresql.js');
  const compose = await readCompose();
  const settings = compose.services.postgres.command.filter((word) => word.includes('='));
  const postgresql = await startPostgresql(settings);
  if (!postgresql) throw new SetUpError("PostgreSQL is missing: install Debian's package `postgresql`.");
  onStop(() => postgresql.stop());
  const { hostname, port, username } = new URL(postgresql.url);
  await must('/bin/sh', [join(ROOT, 'docker/postgres/10-roles.sh')], 'The roles could not be made.', {
    env: { ...process.env, SECRETS, POSTGRES_USER: username, PGHOST: hostname, PGPORT: port },
  });
  await step("making Temporal's schema", () => makeSchema(programs.sqlTool, { hostname, port }));
  const certificates = join(folder, 'certificates');
  await makeCertificates(certificates);
  const env = { ...(await serverSettings({ hostname, port })), ...readTls('server', certificates) };
  const clientSettings = readTls('client', certificates);
  const address = `127.0.0.1:${env.FRONTEND_GRPC_PORT}`;
  const ask = { PATH: process.env.PATH, HOME: folder, TEMPORAL_ADDRESS: address, ...clientSettings };
  let isSetUp = false;

  return {
    address,
    databasePid: postgresql.pid,
    tlsSettings: clientSettings,
    async start() {
      const logFile = join(folder, 'temporal-server.log');
      const log = openSync(logFile, 'a');
      const child = spawn(programs.server, ['start'], { cwd: folder, env, stdio: ['ignore', log, log] });
      closeSync(log);
      const kill = () => child.kill('SIGKILL');
      process.once('exit', kill);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await untilServing(binary, address, child, ask).catch((error) => {
        throw new SetUpError(`${error.message}\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
      });
      if (!isSetUp)
        await step('making namespaces and search attributes', () => setUpNamespaces(binary, namespaces, ask));
      isSetUp = true;
      return {
        address,
        pid: child.pid,
        uiUrl: undefined,
        async stop() {
          process.off('exit', kill);
          child.kill('SIGTERM');
          const timer = setTimeout(kill, LAST_MS);
          await ended;
          clearTimeout(timer);
        },
      };
    },
  };
}

/** As `temporal-schema` of docker-compose.yml; the schema is in the tool. */
async function makeSchema(sqlTool, { hostname, port }) {
  const env = { ...process.env, SQL_PASSWORD: secret('temporal_password') };
  for (const [database, schema] of [
    ['temporal', 'temporal'],
    ['temporal_visibility', 'visibility'],
  ]) {
    const to = ['--plugin', 'postgres12', '--ep', hostname, '-p', port, '-u', 'temporal', '--db', database];
    const advice = 'The schema of Temporal could not be made.';
    await must(sqlTool, [...to, 'setup-schema', '-v', '0.0'], advice, { env });
    await must(sqlTool, [...to, 'update-schema', '--schema-name', `postgresql/v12/${schema}`], advice, { env });
  }
}

/** What the service `temporal` is given, but for where things are on this machine. */
async function serverSettings({ hostname, port }) {
  const { environment } = (await readCompose()).services.temporal;
  const settings = {
    ...environment,
    POSTGRES_SEEDS: hostname,
    DB_PORT: port,
    POSTGRES_PWD: secret('temporal_password'),
    BIND_ON_IP: '127.0.0.1',
    LOG_LEVEL: 'warn',
    DYNAMIC_CONFIG_FILE_PATH: join(ROOT, 'docker/dynamicconfig/dealbridge.yaml'),
  };
  // Its ports inside the container are taken here, perhaps.
  for (const service of ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER']) {
    settings[`${service}_GRPC_PORT`] = String(await lowPort());
    settings[`${service}_MEMBERSHIP_PORT`] = String(await lowPort());
  }
  settings.FRONTEND_HTTP_PORT = String(await lowPort());
  if (settings.PROMETHEUS_ENDPOINT) settings.PROMETHEUS_ENDPOINT = `127.0.0.1:${await lowPort()}`;
  return { ...settings, PATH: process.env.PATH };
}

/** The server keeps the ports of its parts in a column that ends at 32767. */
async function lowPort() {
  for (;;) {
    const port = 20_000 + randomInt(12_000);
    if (!taken.has(port) && (await freePort(port).catch(() => undefined)) === port) {
      taken.add(port);
      return port;
    }
  }
}
const taken = new Set();

function readTls(side, certificates) {
  const lines = readFileSync(join(ROOT, 'docker/tls', `${side}.env`), 'utf8').split('\n');
  const settings = lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split('='));
  const here = (value) => value.replace('/run/certificates', join(certificates, side));
  return Object.fromEntries(settings.map(([name, value]) => [name, here(value)]));
}

const PATIENCE_MS = 120_000;

/** As `temporal-namespace` of docker-compose.yml; then waits until the parts of the server have heard of it. */
async function setUpNamespaces(binary, namespaces, env) {
  const attributes = Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--name', name, '--type', type]);
  for (const namespace of namespaces) {
    await untilDone(binary, ['operator', 'namespace', 'create', '-n', namespace, '--retention', '720h'], env);
    await untilDone(binary, ['operator', 'search-attribute', 'create', '-n', namespace, ...attributes], env);
    await untilDone(binary, ['workflow', 'count', '-n', namespace, '--query', 'DealState = "held"'], env);
  }
}

async function untilDone(binary, args, env) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { code, output } = await run(binary, args, { quiet: true, env });
    if (code === 0 || /already (exists|registered)/i.test(output)) return;
    if (Date.now() > until) throw new SetUpError(`temporal ${args.join(' ')}:\n${output.slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
