// `npm run chart`: helm, kubeconform and the schemas of Kubernetes, built and kept for this user; then the tests of the chart.
import { ensureChartTools } from './lib/chart-tools.mjs';
import { run } from './lib/run.mjs';
import { endWith } from './setup.mjs';

await ensureChartTools().catch(endWith);
const { code } = await run(process.execPath, ['scripts/test.mjs', 'test/ops/helm.test.ts']);
process.exit(code);
