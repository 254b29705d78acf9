import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { must, SetUpError } from './run.mjs';
import { say, step } from './say.mjs';

/** What the tests of the Helm chart need: helm, kubeconform, and the schemas of Kubernetes by which the latter judges. */

const PROGRAMS = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.22.0',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
};
/** Of Kubernetes itself, in the module of its command line: helm depends on it anyhow. */
const SCHEMA_MODULE = 'k8s.io/cli-runtime@v0.37.0';
const SWAGGER = 'artifacts/openapi/swagger.json';

const folder = () => join(cacheFolder(), 'chart-tools');
const schemas = () => join(folder(), `schemas-${SCHEMA_MODULE.split('@')[1]}`);

/** What is there; never an error and never a wait: without them those tests are skipped, and this says how to get them. */
export function findChartTools() {
  const [helm, kubeconform] = Object.keys(PROGRAMS).map((name) => {
    const built = join(folder(), name);
    return process.env[`${name.toUpperCase()}_PATH`] || findOnPath(name) || (isExecutable(built) ? built : undefined);
  });
  if (helm && kubeconform && existsSync(schemas()))
    return { HELM_PATH: helm, KUBECONFORM_PATH: kubeconform, KUBERNETES_SCHEMAS: schemas() };
  say(
    'No helm, kubeconform or schemas on this machine: the chart is not rendered. `npm run chart` gets them and tests it.',
  );
  return {};
}

/** Builds with Go what is missing. */
export async function ensureChartTools() {
  mkdirSync(folder(), { recursive: true });
  for (const [name, program] of Object.entries(PROGRAMS)) {
    if (process.env[`${name.toUpperCase()}_PATH`] || findOnPath(name) || isExecutable(join(folder(), name))) continue;
    say(`Building ${name} with Go (some minutes, once for this user)`);
    await step('go install', () => go(['install', '-ldflags=-s -w', program], { GOBIN: folder() }));
  }
  if (!existsSync(schemas())) {
    const told = await step('asking for the schemas of Kubernetes', () =>
      go(['mod', 'download', '-json', SCHEMA_MODULE]),
    );
    writeSchemas(JSON.parse(readFileSync(join(JSON.parse(told).Dir, SWAGGER), 'utf8')).definitions);
  }
  return findChartTools();
}

function go(args, env = {}) {
  if (!findOnPath('go'))
    throw new SetUpError('helm and kubeconform are built with Go: install Go 1.26 or later, or both of them.');
  const given = { ...process.env, GOFLAGS: '-buildvcs=false', ...env };
  return must('go', args, 'Check that the Go module proxy can be reached.', { env: given });
}

/** One file a kind, as kubeconform asks for it: JSON schema, in which a misspelled field is one too many. */
function writeSchemas(definitions) {
  const resolved = JSON.stringify(definitions, (_key, value) => {
    if (value?.format === 'int-or-string') return { type: ['string', 'integer'] };
    const isOpen = value?.additionalProperties !== undefined || value?.['x-kubernetes-preserve-unknown-fields'];
    return value?.properties && value.type === 'object' && !isOpen ? { ...value, additionalProperties: false } : value;
  });
  const strict = JSON.parse(resolved);
  strict['io.k8s.apimachinery.pkg.api.resource.Quantity'] = { type: ['string', 'number'] };
  const making = mkdtempSync(join(folder(), 'schemas-'));
  try {
    for (const [name, definition] of Object.entries(strict)) {
      for (const { group, kind, version } of definition['x-kubernetes-group-version-kind'] ?? []) {
        const file = [kind.toLowerCase(), ...(group ? [group.split('.')[0]] : []), version].join('-');
        const needed = Object.fromEntries(findNeeded(strict, name).map((other) => [other, strict[other]]));
        const schema = { $ref: `#/definitions/${name}`, definitions: needed };
        writeFileSync(join(making, `${file}.json`), JSON.stringify(schema));
      }
    }
    renameSync(making, schemas());
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function findNeeded(definitions, name, found = new Set()) {
  if (found.has(name)) return [...found];
  found.add(name);
  for (const [, other] of JSON.stringify(definitions[name]).matchAll(/"#\/definitions\/([^"]+)"/g))
    findNeeded(definitions, other, found);
  return [...found];
}
