import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
// @ts-expect-error plain script without types, shared with the other commands
import { SERVER_VERSION } from '../../scripts/lib/temporal-programs.mjs';

/** Temporal's server is set up in three places: by docker-compose.yml, by its own chart, and by `--temporal postgresql`. */

const read = (path: string): unknown => parse(readFileSync(path, 'utf8'), { merge: true });
interface Service {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}
const { services } = read('docker-compose.yml') as { readonly services: Readonly<Record<string, Service>> };
interface Part {
  readonly image: { readonly tag: string };
  readonly additionalVolumes?: readonly object[];
  readonly additionalVolumeMounts?: readonly object[];
}
const values = read('ops/helm/temporal.values.yaml') as {
  readonly admintools: Part;
  readonly web: Part;
  readonly server: Part & {
    readonly metrics: { readonly serviceMonitor: { readonly metricRelabelings: readonly object[] } };
    readonly dynamicConfig: object;
    readonly config: {
      readonly persistence: {
        readonly numHistoryShards: number;
        readonly datastores: Readonly<Record<string, object>>;
      };
      readonly namespaces: { readonly namespace: readonly { readonly name: string; readonly retention: string }[] };
    };
    readonly tls: Readonly<Record<string, object>>;
  };
};

describe("Temporal's server", () => {
  it('is of one version everywhere', () => {
    expect(services['temporal']?.image).toContain(`:${SERVER_VERSION}@`);
    expect(services['temporal-schema']?.image).toContain(`:${SERVER_VERSION}@`);
    expect(values.server.image.tag.split('@')[0]).toBe(SERVER_VERSION);
  });

  it('is in a cluster of the very images that it is of in containers', () => {
    const { server, admintools, web } = values;
    const used = { temporal: server, 'temporal-schema': admintools, 'temporal-ui': web };
    for (const [name, { image }] of Object.entries(used)) {
      expect(image.tag).toMatch(/^\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/);
      expect(services[name]?.image.split(/(?<=^[^:]+):/)[1], name).toBe(image.tag);
    }
  });

  it('asks a PostgreSQL elsewhere for its certificate, in a cluster as in containers, its schema tool as well', () => {
    const given = Object.fromEntries(
      [...readFileSync('docker/database/temporal.env', 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    const ca = '/run/database/ca.crt';
    expect(given).toEqual({
      ...{ SQL_TLS_ENABLED: 'true', SQL_HOST_VERIFICATION: 'true', SQL_CA: ca },
      ...{ SQL_TLS: 'true', SQL_TLS_CA_FILE: ca },
    });
    const { server, admintools } = values;
    for (const store of ['default', 'visibility'])
      expect(server.config.persistence.datastores[store]).toMatchObject({
        sql: { tls: { enabled: true, enableHostVerification: true, caFile: '/etc/temporal/database-ca/ca.crt' } },
      });
    for (const { additionalVolumes: volumes, additionalVolumeMounts: mounts } of [server, admintools]) {
      expect(mounts).toEqual([{ name: 'database-ca', mountPath: '/etc/temporal/database-ca', readOnly: true }]);
      expect(volumes).toMatchObject([{ name: 'database-ca', secret: { items: [{ key: 'ca.crt', path: 'ca.crt' }] } }]);
    }
    // It goes where the server goes.
    expect(services['temporal-schema']?.command.join('')).toContain('--ep $$POSTGRES_SEEDS -u temporal -p $$DB_PORT ');
  });

  it("keeps in a cluster's Prometheus the namespace that it counts for", () => {
    expect(values.server.metrics.serviceMonitor.metricRelabelings[0]).toEqual({
      ...{ action: 'replace', sourceLabels: ['exported_namespace'], regex: '(.+)', targetLabel: 'namespace' },
    });
  });

  it('has in a cluster the settings, shards, retention and databases that it has in containers', () => {
    const { server } = values;
    expect(server.dynamicConfig).toEqual(read('docker/dynamicconfig/dealbridge.yaml'));
    const { persistence, namespaces } = server.config;
    const environment = services['temporal']?.environment ?? {};
    expect(String(persistence.numHistoryShards)).toBe(environment['NUM_HISTORY_SHARDS']);
    const expected = { pluginName: environment['DB'], user: environment['POSTGRES_USER'] };
    expect(persistence.datastores['default']).toMatchObject({ sql: { ...expected, databaseName: 'temporal' } });
    expect(persistence.datastores['visibility']).toMatchObject({
      sql: { ...expected, databaseName: 'temporal_visibility' },
    });
    const made = services['temporal-namespace']?.command.join('\n') ?? '';
    for (const { name, retention } of namespaces.namespace)
      expect(made).toContain(`create -n ${name} --retention ${retention}`);
  });

  it('finds as many sessions in the database of the containers as its four services may open', () => {
    const [most] = (services['postgres']?.command ?? []).flatMap(
      (word) => /^max_connections=(\d+)$/.exec(word)?.[1] ?? [],
    );
    const { datastores } = values.server.config.persistence;
    const perService = Object.values(datastores).reduce(
      (sum, store) => sum + (store as { readonly sql: { readonly maxConns: number } }).sql.maxConns,
      0,
    );
    expect(Number(most)).toBeGreaterThan(4 * perService + 100);
  });

  it('asks everybody for a certificate, in a cluster as in containers', () => {
    const tls = readFileSync('docker/tls/server.env', 'utf8');
    expect(tls).toContain('TEMPORAL_TLS_REQUIRE_CLIENT_AUTH=true');
    for (const side of ['internode', 'frontend'])
      expect(values.server.tls[side]).toMatchObject({ enabled: true, requireClientAuth: true, serverName: 'temporal' });
  });

  it('counts what the number of workers follows', () => {
    const { rules } = read('ops/helm/prometheus-adapter.values.yaml') as {
      readonly rules: { readonly external: readonly { readonly seriesQuery: string; readonly name: { as: string } }[] };
    };
    const { worker } = read('ops/helm/dealbridge/values.yaml') as { worker: { autoscaling: { metric: string } } };
    expect(rules.external.map(({ name }) => name.as)).toEqual([worker.autoscaling.metric]);
  });
});
