import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
// @ts-expect-error plain script without types, shared with the other commands
import { makeCertificates } from '../../scripts/lib/certificates.mjs';
import { WORKER_DEPLOYMENT } from '../../src/deal/ids.js';
import { loadConfig } from '../../src/process/config.js';
import { SETTING_FILES } from '../../src/process/settings.js';
import { createKeyLine } from '../../src/secrets/keys.js';

/** The Helm chart: what its values may be, and what Helm makes of them, read by Kubernetes' own schemas and by the product. */

const CHART = 'ops/helm/dealbridge';
const EXAMPLE = 'ops/helm/example.values.yaml';
const helm = process.env['HELM_PATH'] || 'helm';
const kubeconform = process.env['KUBECONFORM_PATH'] || 'kubeconform';
const schemas = process.env['KUBERNETES_SCHEMAS'];
const isThere = spawnSync(helm, ['version']).status === 0 && spawnSync(kubeconform, ['-v']).status === 0 && schemas;
const why = isThere ? '' : ' (skipped: no helm, kubeconform or schemas on this machine; `npm run chart` gets them)';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly timeoutSeconds?: number;
}
interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}
type Labels = Readonly<Record<string, string>>;
interface Rule {
  readonly ports: readonly { readonly port: string | number; readonly protocol: string }[];
  readonly from?: readonly object[];
  readonly to?: readonly object[];
}
interface Pod {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: { readonly secretName: string; readonly items?: readonly { readonly path: string }[] };
  }[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Pod & {
    readonly replicas?: number;
    readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly maxUnavailable?: number;
    readonly selector?: { readonly matchLabels: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
    readonly ports?: readonly { readonly port: number; readonly targetPort: string }[];
  };
}

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-chart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example = () => parse(readFileSync(EXAMPLE, 'utf8')) as Record<string, Record<string, unknown>>;
const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as {
  readonly properties: {
    readonly settings: {
      readonly propertyNames: { readonly pattern: string; readonly not: { readonly pattern: string } };
    };
  };
};

function render(values: object): { readonly text: string; readonly problem: string } {
  const path = join(folder, 'values.yaml');
  writeFileSync(path, stringify(values));
  const args = ['template', 'deals', CHART, '--kube-version', '1.33.0', '--values', path];
  const { status, stdout, stderr } = spawnSync(helm, args, { encoding: 'utf8' });
  return status === 0 ? { text: stdout, problem: '' } : { text: '', problem: stderr };
}

function manifestsOf(values: object): Manifest[] {
  const { text, problem } = render(values);
  expect(problem).toBe('');
  return parseAllDocuments(text).flatMap((document) => (document.contents ? [document.toJS() as Manifest] : []));
}

const podsOf = (manifests: readonly Manifest[]): Map<string, Pod> =>
  new Map(
    manifests.flatMap(({ kind, metadata, spec }) =>
      ['Deployment', 'Job', 'Pod'].includes(kind) ? [[metadata.name, spec.template?.spec ?? spec] as const] : [],
    ),
  );

const policiesOf = (manifests: readonly Manifest[]): Readonly<Record<string, Manifest['spec']>> =>
  Object.fromEntries(
    manifests.flatMap(({ kind, metadata, spec }) => (kind === 'NetworkPolicy' ? [[metadata.name, spec]] : [])),
  );

const podsOfPart = (component: string) => ({
  podSelector: {
    matchLabels: {
      'app.kubernetes.io/name': 'dealbridge',
      'app.kubernetes.io/instance': 'deals',
      'app.kubernetes.io/component': component,
    },
  },
});

describe('the values of the chart', () => {
  const { pattern, not } = schema.properties.settings.propertyNames;
  const mayBeSetting = (name: string): boolean => new RegExp(pattern).test(name) && !new RegExp(not.pattern).test(name);

  it('take no secret among the settings, and none of what the chart sets itself', () => {
    const secrets = [...SETTING_FILES.keys()].filter((name) => !/_CERT|CERTIFICATE/.test(name));
    expect(secrets.length).toBeGreaterThan(10);
    const ownFiles = [...SETTING_FILES.values(), 'DEALBRIDGE_KEYS', 'DEALBRIDGE_KEY_FILE', 'DEALBRIDGE_RULES'];
    const ofTheChart = ['STATUS_HOST', 'WORKER_STATUS_PORT', 'STARTER_HOST', 'STARTER_PUBLIC_URL', 'DESK', 'DESK_PORT'];
    for (const name of [...secrets, ...ownFiles, ...ofTheChart]) expect(mayBeSetting(name), name).toBe(false);
    for (const name of [
      'BC_URL',
      'DESK_PUBLIC_URL',
      'AUDIT_BUCKET_ACCESS_KEY_ID',
      'STARTER_RATE_PER_SECOND',
      'LOG_LEVEL',
    ])
      expect(mayBeSetting(name), name).toBe(true);
  });

  it('of the example name files that the product knows', () => {
    const known = new Set([...SETTING_FILES.values(), 'DEALBRIDGE_KEY_FILE']);
    const { files } = example()['secrets'] as { readonly files: Readonly<Record<string, string>> };
    for (const name of Object.keys(files)) expect([...known]).toContain(name);
  });

  it('belong to the version of the product', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
  });
});

describe.skipIf(!isThere)(`helm${why}`, () => {
  let manifests: Manifest[];
  let pods: Map<string, Pod>;
  beforeAll(() => {
    manifests = manifestsOf(example());
    pods = podsOf(manifests);
  });
  const containerOf = (name: string): Container => {
    const container = pods.get(`deals-dealbridge-${name}`)?.containers[0];
    if (!container) throw new Error(`no pod ${name}`);
    return container;
  };
  /** What the container is given, with its mounts where they are here. */
  const environmentOf = (name: string): NodeJS.ProcessEnv =>
    Object.fromEntries(
      containerOf(name).env.map((variable) => [variable.name, variable.value.replace('/etc/dealbridge', folder)]),
    );

  const portOf = (name: string, port: string) =>
    containerOf(name).ports?.find((one) => one.name === port)?.containerPort;

  it('finds nothing to say about the chart', () => {
    const { status, stdout } = spawnSync(helm, ['lint', '--strict', CHART, '--values', EXAMPLE], { encoding: 'utf8' });
    expect(stdout).toContain('0 chart(s) failed');
    expect(status).toBe(0);
  });

  const {
    worker: _autoscaling,
    desk: _desk,
    starter: _ingress,
    networkPolicy: _policy,
    metrics: _metrics,
    ...least
  } = example();
  it.each([
    ['the example', example()],
    ['the least that is asked for', { ...least, networkPolicy: { enabled: false } }],
  ])('makes of %s what Kubernetes takes', (_name, values) => {
    const location = `${schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`;
    // Its schema is the operator's, not Kubernetes'.
    const args = ['-strict', '-schema-location', location, '-skip', 'PodMonitor', '-summary', '-'];
    const { status, stdout } = spawnSync(kubeconform, args, { encoding: 'utf8', input: render(values).text });
    expect(stdout).toMatch(/Invalid: 0, Errors: 0/);
    expect(status).toBe(0);
  });

  it('lets no pod be root, write outside /tmp, gain rights or ask the cluster', () => {
    expect([...pods.keys()].map((name) => name.replace('deals-dealbridge-', '')).sort()).toEqual([
      ...['doctor', 'migration', 'starter', 'worker'],
    ]);
    for (const { automountServiceAccountToken, securityContext, containers } of pods.values()) {
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      const [container] = containers;
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.limits.memory).toMatch(/^\d+Mi$/);
      const writable = container.volumeMounts.filter(({ readOnly }) => readOnly !== true);
      expect(writable.map(({ mountPath }) => mountPath)).toEqual(['/tmp']);
    }
  });

  it('gives the owner of the ledger to the migration alone, by the command of docker-compose.yml', () => {
    const holders = [...pods].filter(([, { volumes }]) =>
      volumes.some(({ secret }) => secret?.secretName === 'dealbridge-owner'),
    );
    expect(holders.map(([name]) => name)).toEqual(['deals-dealbridge-migration']);
    const entries = (values: object) =>
      podsOf(manifestsOf(values))
        .get('deals-dealbridge-migration')
        ?.volumes[0]?.secret?.items?.map(({ path }) => path);
    // With the CA by which its address asks PostgreSQL for a certificate, where there is one.
    expect(entries(example())).toEqual(['ledger-owner-url', 'ledger-ca.crt']);
    const { caKey: _ca, ...migration } = example()['migration'] ?? {};
    expect(entries({ ...example(), migration })).toEqual(['ledger-owner-url']);
    const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
      readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
    };
    expect(containerOf('migration').args.slice(0, 4)).toEqual(compose.services['ledger-migrate']?.command.slice(0, 4));
  });

  it('gives worker and starter a whole configuration', async () => {
    for (const name of ['secrets', 'rules']) mkdirSync(join(folder, name));
    await makeCertificates(join(folder, 'tls'));
    const secret = (name: string, text: string) => writeFileSync(join(folder, 'secrets', name), text, { mode: 0o440 });
    const pem = (name: string) => readFileSync(join(folder, 'tls/client', name), 'utf8');
    for (const name of [
      'dataverse-client-secret',
      'bc-client-secret',
      'desk-client-secret',
      'webhook-secret',
      'bucket-secret',
    ])
      secret(name, `a-secret-long-enough-for-${name}`);
    secret('ledger-app-url', 'postgres://dealbridge_app:none@db.example:5432/dealbridge');
    secret('keys', `${createKeyLine()}\n`);
    secret('temporal-ca.crt', pem('ca.crt'));
    secret('temporal-client.crt', pem('client.crt'));
    secret('temporal-client.key', pem('client.key'));
    const rules = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> };
    writeFileSync(join(folder, 'rules/rules.yaml'), rules.data['rules.yaml'] ?? '');

    const worker = loadConfig(environmentOf('worker'));
    expect(worker.temporal).toMatchObject({ address: 'temporal-frontend.temporal.svc:7233', namespace: 'dealbridge' });
    expect(worker.temporal.tls?.certificates.client).toBeDefined();
    expect(worker.rules.policy.confirmation).toEqual({ by: 'rule-below', amount: '2000' });
    expect(worker.desk).toBeUndefined();
    // Alerts link there; where the rules have a channel, a worker without it does not start.
    expect(worker.alerts.deskUrl).toBe('https://desk.your-company.example');
    const starter = loadConfig(environmentOf('starter'));
    expect(starter.desk).toMatchObject({ host: '0.0.0.0', publicUrl: 'https://desk.your-company.example' });
    expect(starter.starter.publicUrl).toBe('https://deals.your-company.example');
    for (const [name, config] of [
      ['worker', worker],
      ['starter', starter],
    ] as const) {
      const status = containerOf(name).ports?.find((port) => port.name === 'status');
      expect(config.telemetry.status).toMatchObject({ host: '0.0.0.0', ports: { [name]: status?.containerPort } });
    }
    const doctor = loadConfig(environmentOf('doctor'));
    expect(doctor).toMatchObject({ databaseUrl: worker.databaseUrl, alerts: worker.alerts });
    expect(doctor.starter.publicUrl).toBe(worker.starter.publicUrl);
    const service = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name.endsWith('-starter'));
    expect(doctor.starter).toMatchObject({ host: service?.metadata.name, port: service?.spec.ports?.[0]?.port });
    expect(portOf('starter', service?.spec.ports?.[0]?.targetPort ?? '')).toBe(starter.starter.port);
  });

  it('hands on settings as they are typed, without quotes, too', () => {
    const typed = { FEEDS: 'off', TEMPORAL_TLS: 'on', BC_AMBIGUITY_WINDOW_MS: 1_200_000, BC_RATE_PER_SECOND: 0.5 };
    // What the file of values has: YAML 1.2 needs no quotes, and Helm reads booleans.
    expect(stringify(typed)).toContain('FEEDS: off\n');
    const containers = podsOf(manifestsOf({ ...example(), settings: { ...example()['settings'], ...typed } }));
    for (const name of ['worker', 'starter', 'doctor']) {
      const env = containers.get(`deals-dealbridge-${name}`)?.containers[0].env ?? [];
      const given = Object.fromEntries(env.map((variable) => [variable.name, variable.value]));
      expect(given).toMatchObject({
        FEEDS: 'off',
        TEMPORAL_TLS: 'on',
        BC_AMBIGUITY_WINDOW_MS: '1200000',
        BC_RATE_PER_SECOND: '0.5',
      });
    }
  });

  it('asks whether a pod lives, and whether it can work, at the port where that is answered', () => {
    const at = (path: string) => ({ httpGet: { path, port: 'status' } });
    for (const [name, ready] of [
      ['worker', '/readyz'],
      ['starter', '/readyz?exclude=signIn'],
    ] as const) {
      const { startupProbe, livenessProbe, readinessProbe } = containerOf(name);
      expect([startupProbe, livenessProbe, readinessProbe], name).toMatchObject([
        at('/livez'),
        at('/livez'),
        at(ready),
      ]);
      // Ledger, Temporal and keys have two seconds each.
      expect(readinessProbe?.timeoutSeconds).toBeGreaterThan(6);
      expect(portOf(name, 'status')).toBeDefined();
    }
  });

  it('lets one worker and one starter go at a time', () => {
    const budgets = manifests.filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name)).toEqual([
      'deals-dealbridge-starter',
      'deals-dealbridge-worker',
    ]);
    for (const { metadata, spec } of budgets) {
      expect(spec.maxUnavailable).toBe(1);
      const deployment = manifests.find((one) => one.kind === 'Deployment' && one.metadata.name === metadata.name);
      expect(deployment?.spec.template?.metadata.labels).toMatchObject(spec.selector?.matchLabels ?? {});
      expect(spec.selector?.matchLabels['app.kubernetes.io/component']).toBe(metadata.name.split('-').at(-1));
    }
  });

  it('opens the ports that somebody asks for and no others', () => {
    const given = example()['networkPolicy'] as Record<string, readonly object[]>;
    const { 'deals-dealbridge': all, ...others } = policiesOf(manifests);
    expect(Object.keys(others).sort()).toEqual(['deals-dealbridge-doctor', 'deals-dealbridge-starter']);
    expect(all).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(all?.podSelector?.matchLabels).not.toHaveProperty('app.kubernetes.io/component');
    expect(all?.ingress).toEqual([{ ports: [{ port: 'status', protocol: 'TCP' }], from: given['statusFrom'] }]);
    const out = all?.egress?.map(({ ports }) => ports.map(({ port, protocol }) => `${port} ${protocol}`));
    expect(out).toEqual([['53 UDP', '53 TCP'], ['5432 TCP'], ['7233 TCP'], ['443 TCP'], ['4318 TCP']]);

    const starter = others['deals-dealbridge-starter'];
    expect(starter?.policyTypes).toEqual(['Ingress']);
    expect(starter?.ingress).toEqual([
      { ports: [{ port: 'http', protocol: 'TCP' }], from: [...(given['starterFrom'] ?? []), podsOfPart('doctor')] },
      { ports: [{ port: 'desk', protocol: 'TCP' }], from: given['deskFrom'] },
    ]);
    for (const name of ['http', 'desk', 'status']) expect(portOf('starter', name)).toBeDefined();
  });

  it('lets the doctor ask the starter, also where nobody is named who may', () => {
    const { starterFrom: _everybody, ...policy } = example()['networkPolicy'] as Record<string, readonly object[]>;
    const open = policiesOf(manifestsOf({ ...example(), networkPolicy: policy }))['deals-dealbridge-starter'];
    expect(open?.ingress?.[0]).toEqual({ ports: [{ port: 'http', protocol: 'TCP' }] });
    const doctor = policiesOf(manifests)['deals-dealbridge-doctor'];
    expect(doctor?.podSelector).toEqual(podsOfPart('doctor').podSelector);
    expect(doctor?.egress).toEqual([
      { ports: [{ port: portOf('starter', 'http'), protocol: 'TCP' }], to: [podsOfPart('starter')] },
    ]);
  });

  it('leaves the number of workers to whoever scales them', () => {
    const kinds = manifests.map(({ kind }) => kind);
    expect(kinds).toContain('HorizontalPodAutoscaler');
    const deployment = manifests.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-worker'),
    );
    expect(deployment?.spec.replicas).toBeUndefined();
    const fixed = manifestsOf({ ...example(), worker: { replicas: 3 } });
    expect(fixed.map(({ kind }) => kind)).not.toContain('HorizontalPodAutoscaler');
    expect(
      fixed.find(({ kind, metadata }) => kind === 'Deployment' && /-worker$/.test(metadata.name))?.spec.replicas,
    ).toBe(3);
  });

  it('asks for the backlog of its own namespace, or lets KEDA ask', () => {
    const [scaler] = manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
    expect(scaler?.spec).toMatchObject({
      metrics: [
        { external: { metric: { selector: { matchLabels: { taskqueue: 'deals', namespace: 'dealbridge' } } } } },
      ],
    });
    const { settings, worker } = example();
    const values = {
      ...example(),
      settings: { ...settings, WORKER_BUILD_ID: 'a1b2c3' },
      worker: { autoscaling: { ...(worker?.['autoscaling'] as object), by: 'keda', authentication: 'temporal-key' } },
    };
    const byKeda = manifestsOf(values);
    expect(byKeda.map(({ kind }) => kind)).not.toContain('HorizontalPodAutoscaler');
    const scaled = byKeda.find(({ kind }) => kind === 'ScaledObject')?.spec as unknown;
    expect(scaled).toEqual({
      scaleTargetRef: { name: 'deals-dealbridge-worker' },
      minReplicaCount: 2,
      maxReplicaCount: 6,
      advanced: {
        horizontalPodAutoscalerConfig: { behavior: expect.objectContaining({ scaleDown: expect.anything() }) },
      },
      triggers: [
        {
          type: 'temporal',
          // Every value is text for KEDA.
          metadata: {
            endpoint: settings?.['TEMPORAL_ADDRESS'],
            namespace: 'dealbridge',
            taskQueue: 'deals',
            queueTypes: 'workflow,activity',
            targetQueueSize: '50',
            tlsServerName: settings?.['TEMPORAL_TLS_SERVER_NAME'],
            workerDeploymentName: WORKER_DEPLOYMENT,
            workerDeploymentBuildId: 'a1b2c3',
          },
          authenticationRef: { name: 'temporal-key' },
        },
      ],
    });
  });

  it.each([
    [
      'a secret among the settings',
      { settings: { ...example()['settings'], BC_CLIENT_SECRET: 'x' } },
      /BC_CLIENT_SECRET/,
    ],
    ['no address of Temporal', { settings: {} }, /TEMPORAL_ADDRESS/],
    ['no image', { image: { repository: '' } }, /image.*repository/s],
    ['an ingress without https', { starter: { ingress: { enabled: true, host: 'a.example' } } }, /tlsSecret/],
    [
      'a commit of digits alone, of which a number would keep the value and not the text',
      { settings: { ...example()['settings'], WORKER_BUILD_ID: 1_234_567 } },
      /WORKER_BUILD_ID/,
    ],
    [
      'the code of Norway without quotes, which is false',
      { rules: { tables: { countries: { Norway: 'NO' } } } },
      /Norway/,
    ],
    ['a word of Sales that is a boolean', { rules: { tables: { units: { no: 'PCS' } } } }, /units/],
    ['a misspelled value', { worker: { replica: 3 } }, /replica/],
    [
      'a desk that nobody can sign in to',
      { settings: { ...example()['settings'], DESK_CLIENT_ID: undefined } },
      /DESK_CLIENT_ID/,
    ],
  ])('refuses %s, and names it', (_name, change, expected) => {
    expect(render({ ...example(), ...change }).problem).toMatch(expected);
  });
});
