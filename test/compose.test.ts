import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
// @ts-expect-error plain script without types, shared with the other commands
import { makeCertificates } from '../scripts/lib/certificates.mjs';
import { createProgram } from '../src/cli/program.js';
import { loadConfig } from '../src/process/config.js';

/** What can be checked of docker-compose.yml without a container engine. */

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: string;
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: object;
  readonly profiles?: readonly string[];
  readonly secrets?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly mem_limit?: string;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services, volumes, secrets } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: object;
  secrets: Readonly<Record<string, { readonly file: string }>>;
};
const settings = Object.fromEntries(
  readFileSync('docker/simulators.env', 'utf8')
    .split('\n')
    .filter((line) => line.includes('=') && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

/** As Compose reads it with the file of the simulators. */
const interpolate = (value: string): string =>
  value.replace(/\$\{(\w+):\?[^}]*\}/g, (_all, name) => settings[name] ?? '');

/** What the container of a service is given, with its mounts where they are here. */
function settingsOf(name: string): NodeJS.ProcessEnv {
  const mounts = (services[name]?.volumes ?? []).map((volume) => interpolate(volume).split(':'));
  for (const [secret, { file }] of Object.entries(secrets)) mounts.push([interpolate(file), `/run/secrets/${secret}`]);
  const here = (path: string): string =>
    mounts.reduce((text, [source = '', target = '']) => text.replace(target, source), path);
  const given: Record<string, string> = { ...settings, ...services[name]?.environment };
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, here(value)]));
}

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
});
afterAll(() => simulators.stop());

describe('docker-compose.yml', () => {
  it('has the services that the design names, the simulators under a profile', () => {
    expect(Object.keys(services)).toEqual(
      expect.arrayContaining(['postgres', 'temporal', 'temporal-ui', 'worker', 'starter', 'simulators']),
    );
    expect(services['simulators']?.profiles).toEqual(['simulators']);
    for (const name of ['prometheus', 'grafana']) expect(services[name]?.profiles).toEqual(['observability']);
  });

  for (const [name, service] of Object.entries(services)) {
    it(`${name}: pinned image, known dependencies, mounted files that exist`, () => {
      // Ours are built; of the others the digest decides, the tag is for people.
      expect(service.image).toMatch(/^dealbridge(-simulators)?:\d|:v?\d+\.\d+\.?[\w.-]*@sha256:[0-9a-f]{64}$/);
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(Object.keys(services)).toContain(needed);
        if (condition === 'service_healthy') expect(services[needed]?.healthcheck).toBeDefined();
      }
      for (const volume of service.volumes ?? []) {
        const source = interpolate(volume).split(':')[0] ?? '';
        expect(source.startsWith('.') ? existsSync(source) : Object.keys(volumes).includes(source)).toBe(true);
      }
      for (const secret of service.secrets ?? [])
        expect(existsSync(interpolate(secrets[secret]?.file ?? ''))).toBe(true);
      const program = service.command?.find((word) => /^(simulators\/)?dist\//.test(word));
      if (program) expect(existsSync(program)).toBe(true);
    });
  }

  it.each(Object.entries(services))(
    '%s: writes nowhere else, gains no rights, and takes the machine not with it',
    (name, service) => {
      // The start of the Web UI writes its configuration beside the program.
      expect(service.read_only).toBe(name !== 'temporal-ui');
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.security_opt).toEqual(['no-new-privileges:true']);
      expect(service.pids_limit).toBeLessThanOrEqual(200);
      expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    },
  );

  it('has no default for anything, and nothing public outside the profile of the simulators', () => {
    expect(text.match(/(?<!\$)\$\{[^}]*\}/g)?.filter((variable) => !/^\$\{\w+:\?.+\}$/.test(variable))).toEqual([]);
    const { simulators: _profile, ...others } = services;
    const secretFiles = readdirSync('docker/simulators-secrets').map((name) =>
      readFileSync(`docker/simulators-secrets/${name}`, 'utf8').trim(),
    );
    const known = [
      ...secretFiles,
      ...Object.entries(settings).flatMap(([name, value]) => (/SECRET$|KEYS|TOKEN/.test(name) ? [value] : [])),
    ];
    expect(known.length).toBeGreaterThan(8);
    for (const value of known) expect(JSON.stringify(others)).not.toContain(value);
    expect(JSON.stringify(others)).not.toMatch(/PASSWORD(_FILE)?":"(?!\/run\/secrets)/);
  });

  it('gives each process the role of its own, and the owner of the ledger only to the migration', () => {
    const holders = (secret: string) =>
      Object.keys(services).filter((name) => services[name]?.secrets?.includes(secret));
    expect(holders('ledger_owner_url')).toEqual(['postgres', 'ledger-migrate']);
    expect(holders('ledger_app_url')).toEqual(['postgres', 'worker', 'starter']);
    expect(holders('temporal_password')).toEqual(['postgres', 'temporal-schema', 'temporal']);
    expect(holders('postgres_password')).toEqual(['postgres']);
    expect(loadConfig(settingsOf('worker')).databaseUrl).toContain('postgres://dealbridge_app:');
  });

  it('Prometheus asks worker, starter and Temporal where each of them answers', () => {
    const { scrape_configs: jobs } = parse(readFileSync('ops/prometheus/prometheus.yaml', 'utf8')) as {
      scrape_configs: readonly {
        static_configs?: readonly { targets: readonly string[] }[];
        dns_sd_configs?: readonly { names: readonly string[]; type: string; port: number }[];
      }[];
    };
    const asked = jobs.flatMap(({ static_configs: fixed = [], dns_sd_configs: named = [] }) => [
      ...fixed.flatMap(({ targets }) => targets),
      // All addresses of the name, so that no replica is left out.
      ...named.filter(({ type }) => type === 'A').flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
    ]);
    const port = (name: string) => loadConfig(settingsOf(name)).telemetry.status;
    expect(asked.sort()).toEqual([
      `starter:${port('starter').ports.starter}`,
      `temporal:${services['temporal']?.environment?.['PROMETHEUS_ENDPOINT']?.split(':')[1]}`,
      `worker:${port('worker').ports.worker}`,
    ]);
    for (const name of ['worker', 'starter']) expect(port(name).host).toBe('0.0.0.0');
  });

  it('the certificates are mounted where the settings of TLS look for them, for server and clients', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dealbridge-tls-'));
    try {
      await makeCertificates(join(folder, 'made'));
      const overlay = parse(readFileSync('docker/tls/compose.yaml', 'utf8'), { merge: true }) as {
        services: Record<string, { volumes: readonly string[]; env_file?: readonly string[]; environment?: object }>;
      };
      expect(Object.keys(overlay.services).sort()).toEqual(
        ['starter', 'temporal', 'temporal-namespace', 'temporal-ui', 'worker'], // all that speak to it
      );
      for (const [name, { volumes, env_file: files = [], environment = {} }] of Object.entries(overlay.services)) {
        const side = /\/(server|client):\/run\/certificates:ro$/.exec(volumes[0] ?? '')?.[1] ?? '';
        const given = [...files.map((file) => readFileSync(file, 'utf8')), ...Object.values(environment)].join('\n');
        const paths = [...given.matchAll(/\/run\/certificates\/(\S+)/g)].map(([, file]) => file ?? '');
        expect(paths.length, name).toBeGreaterThanOrEqual(3);
        for (const path of paths) expect(existsSync(join(folder, 'made', side, path)), `${name}: ${path}`).toBe(true);
      }
      const client = readFileSync('docker/tls/client.env', 'utf8').matchAll(/^(\w+)=(.*)$/gm);
      const tls = [...client].map(([, name = '', value = '']) => [
        name,
        value.replace('/run/certificates', join(folder, 'made/client')),
      ]);
      const { temporal } = loadConfig({ ...settingsOf('worker'), ...Object.fromEntries(tls) });
      expect(temporal.tls).toMatchObject({ serverName: 'temporal', certificates: { client: expect.anything() } });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('goes with everybody who speaks to PostgreSQL to one elsewhere, over TLS', () => {
    const overlay = parse(readFileSync('docker/database/compose.yaml', 'utf8'), { merge: true, logLevel: 'error' }) as {
      services: Record<
        string,
        { volumes: readonly string[]; depends_on?: object; env_file?: readonly string[] } | null
      >;
    };
    const speaking = Object.keys(services).filter((name) => {
      const { environment } = services[name] ?? {};
      return environment?.['DATABASE_URL_FILE'] !== undefined || environment?.['POSTGRES_SEEDS'] !== undefined;
    });
    const { postgres, ...others } = overlay.services;
    expect(postgres).toEqual({});
    expect(Object.keys(others).sort()).toEqual(speaking.sort());
    for (const [name, service] of Object.entries(others)) {
      expect(service?.volumes, name).toEqual([
        expect.stringMatching(/^\$\{DEALBRIDGE_DATABASE_CA:\?.+\}:\/run\/database:ro$/),
      ]);
      if (services[name]?.environment?.['POSTGRES_SEEDS'])
        expect(service?.env_file).toEqual(['docker/database/temporal.env']);
      // What else it waits for, it waits for still.
      if (!services[name]?.depends_on?.['postgres']) continue;
      const { postgres: _gone, ...kept } = services[name]?.depends_on ?? {};
      expect(service?.depends_on, name).toEqual(kept);
    }
  });

  it('migrates by a command that exists', async () => {
    const words = services['ledger-migrate']?.command ?? [];
    expect(words.slice(0, 3)).toEqual(['dist/cli/main.js', 'ledger', 'migrate']);
    const ledger = (await createProgram()).commands.find((command) => command.name() === 'ledger');
    expect(ledger?.commands.map((command) => command.name())).toContain('migrate');
  });

  for (const name of ['worker', 'starter']) {
    it(`${name}: its settings are a whole configuration, with the rules that are mounted`, () => {
      const config = loadConfig(settingsOf(name));
      expect(config.temporal).toEqual({ address: 'temporal:7233', namespace: 'dealbridge' });
      expect(config.businessCentral.environmentUrl).toContain('http://simulators:4103/');
    });
  }

  it('the starter, which the internet reaches, has a limit to its memory', () => {
    expect(services['starter']?.mem_limit).toMatch(/^\d+m$/);
  });

  it('Node is told in containers and in the chart what the image tells it, and how much more', () => {
    const image = /NODE_OPTIONS="([^"]+)"/.exec(readFileSync('Dockerfile', 'utf8'))?.[1]?.split(' ') ?? [];
    expect(image).toContain('--max-semi-space-size=8');
    const ours = Object.values(services).flatMap(({ environment }) => environment?.['NODE_OPTIONS'] ?? []);
    const values = ['ops/helm/dealbridge/values.yaml', 'ops/helm/example.values.yaml'].flatMap((path) => {
      const { worker, starter } = parse(readFileSync(path, 'utf8')) as Record<string, { nodeOptions?: string }>;
      return [worker?.nodeOptions ?? [], starter?.nodeOptions ?? []].flat();
    });
    expect([ours.length, values.length]).toEqual([1, 2]);
    for (const options of [...ours, ...values]) expect(options.split(' ')).toEqual(expect.arrayContaining(image));
  });

  it('the Web UI asks the starter to open payloads, and the starter lets it', () => {
    const config = loadConfig(settingsOf('starter'));
    const ui = services['temporal-ui'] as Service & { readonly ports: readonly string[] };
    expect(`http://${ui.ports[0]?.replace(/:8080$/, '')}`).toBe(config.codec.uiOrigin);
    expect(config.codec.token).toBeDefined();
    const starter = services['starter'] as Service & { readonly ports: readonly string[] };
    const endpoint = `http://${starter.ports[0]?.replace(/:8080$/, '')}/codec`;
    expect(ui.environment?.['TEMPORAL_CODEC_ENDPOINT']).toBe(endpoint);
  });

  it('the doctor, run as a worker, finds the starter and what it is called outside', () => {
    const [doctor, starter] = [loadConfig(settingsOf('worker')).starter, loadConfig(settingsOf('starter')).starter];
    expect(starter.host).toBe('0.0.0.0');
    expect(doctor).toEqual({ ...starter, host: 'starter' });
    expect(readFileSync('docs/operations.md', 'utf8')).toContain(
      'docker compose run --rm worker dist/cli/main.js doctor',
    );
  });

  it('the desk is reached on this machine alone, under the address that it answers to', () => {
    const { desk } = loadConfig(settingsOf('starter'));
    const { ports } = services['starter'] as Service & { readonly ports: readonly string[] };
    expect(desk).toMatchObject({ host: '0.0.0.0', publicUrl: 'http://127.0.0.1:8090' });
    expect(ports).toContain(`${desk?.publicUrl?.replace('http://', '')}:${desk?.port}`);
    expect(ports.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
  });

  it('the settings of the simulators are those that the simulators print', () => {
    const { tenant, environment, company, dataverseApp, businessCentralApp } = simulators.connection;
    expect(settings).toMatchObject({
      ENTRA_TENANT_ID: tenant,
      BC_ENVIRONMENT: environment,
      BC_COMPANY: company,
      DATAVERSE_CLIENT_ID: dataverseApp.clientId,
      DATAVERSE_CLIENT_SECRET: dataverseApp.clientSecret,
      BC_CLIENT_ID: businessCentralApp.clientId,
      BC_CLIENT_SECRET: businessCentralApp.clientSecret,
    });
    expect(services['simulators']?.command).toContain(`--webhook-key=${settings['WEBHOOK_SECRET']}`);
  });

  it('the server knows the search attributes that the workflow sets', () => {
    const created = String(parse(readFileSync('docker-compose.yml', 'utf8')).services['temporal-namespace'].command);
    const source = readFileSync('src/workflows/deals/search-attributes.ts', 'utf8');
    const keys = [...source.matchAll(/'(Deal\w+)', '(\w+)'/g)];
    expect(keys.length).toBeGreaterThan(5);
    for (const [, name, type] of keys)
      expect(created.toLowerCase()).toContain(`--name ${name} --type ${type}`.toLowerCase());
  });
});

describe.each(['Dockerfile', 'simulators/Dockerfile'])('%s', (file) => {
  const lines = readFileSync(file, 'utf8').split('\n');
  it('runs as a plain user, on a pinned image', () => {
    // The image that runs is the last stage; whoever is named last in it starts the program.
    const lastStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    expect(lastStage.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
    for (const line of lines.filter((other) => other.startsWith('FROM ')))
      expect(line).toMatch(/^FROM node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}( AS build)?$/);
  });
  it('copies only what the build context lets through', () => {
    // A Dockerfile in a folder has its own list; BuildKit finds it by its name.
    const allowed = readFileSync(file === 'Dockerfile' ? '.dockerignore' : `${file}.dockerignore`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const copied = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(' ').slice(1, -1));
    for (const path of copied) expect(allowed).toContain(`!${path.replace('./', '')}`);
  });
});

const runtimeDependencies = () =>
  (JSON.parse(readFileSync('package.json', 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> })
    .dependencies;

describe('npm run compose:secrets', () => {
  it('makes every secret of docker-compose.yml, each by chance, and leaves what is there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dealbridge-secrets-'));
    try {
      const make = (to: string) => {
        execFileSync(process.execPath, ['scripts/compose-secrets.mjs', to], { stdio: 'pipe' });
        return new Map(readdirSync(to).map((name) => [name, readFileSync(join(to, name), 'utf8')]));
      };
      const first = make(join(folder, 'one'));
      expect([...first.keys()].sort()).toEqual(Object.keys(secrets).sort());
      expect(make(join(folder, 'one'))).toEqual(first);
      const other = make(join(folder, 'other'));
      for (const [name, value] of first) expect(other.get(name), name).not.toBe(value);
      expect(statSync(join(folder, 'one')).mode & 0o777).toBe(0o700);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}
interface PackageList {
  readonly metadata: { readonly component: object };
  readonly components: readonly { readonly name: string; readonly version: string; readonly scope: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

describe('what a customer runs', () => {
  it('says which packages it consists of: all that production needs, and none of development', () => {
    const text = readFileSync('dist/dealbridge.cdx.json', 'utf8');
    const { metadata, components, dependencies } = JSON.parse(text) as PackageList;
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
    const production = Object.entries(packages).flatMap(([path, { version, dev, link }]) =>
      path.includes('node_modules/') && !dev && !link ? [`${path.replace(/^.*node_modules\//, '')}@${version}`] : [],
    );
    expect(production).toContain('@temporalio/worker@1.24.0');
    expect(components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...new Set(production)].sort());
    const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
    expect(metadata.component).toMatchObject({ name, version });
    const direct = dependencies.find(({ ref }) => ref === `${name}@${version}`)?.dependsOn ?? [];
    expect(direct.map((ref) => ref.replace(/@[^@]+$/, '')).sort()).toEqual(Object.keys(runtimeDependencies()).sort());
    // Nothing of where and from where it was built.
    expect(text.match(/\w+:\/\/[^"]*/g)).toEqual(['http://cyclonedx.org/schema/bom-1.5.schema.json']);
    expect(text).not.toContain(process.cwd());
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/ && node scripts\/sbom\.mjs \\\n && npm prune /);
  });

  it('has neither simulators nor tools: not in the build, not in the image', () => {
    const built = readdirSync('dist', { recursive: true, encoding: 'utf8' });
    expect(built).toContain('worker.js');
    expect(built.filter((path) => /simulator|(^|\/)(tools|chaos|demo|bench)\//.test(path))).toEqual([]);
    const sources = built.filter((path) => path.endsWith('.js')).map((path) => readFileSync(`dist/${path}`, 'utf8'));
    expect(sources.filter((source) => source.includes('@dealbridge/simulators'))).toEqual([]);
    const copied = readFileSync('Dockerfile', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('COPY '));
    expect(copied.filter((line) => /simulators|tools/.test(line))).toEqual([]);
  });
});
