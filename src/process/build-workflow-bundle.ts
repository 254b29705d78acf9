import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH } from '../secrets/data-converter.js';

/** Run once after the compiler, so that no worker has to bundle when it starts. What each line saves: docs/performance.md. */

const toPath = (module: string): string => fileURLToPath(new URL(`../workflows/${module}.js`, import.meta.url));
const workflowsPath = toPath('index');
const workflowInterceptorModules = ['refuse-unsealed', 'carry-trace', 'deals/show-before-steps'].map(toPath);

const { code } = await bundleWorkflowCode({
  workflowsPath,
  workflowInterceptorModules,
  failureConverterPath: FAILURE_CONVERTER_PATH,
  // Loaded once for all runs of a worker instead of once for each: none of them keeps anything (workflows/run-state.ts).
  preloadModules: [workflowsPath, ...workflowInterceptorModules, FAILURE_CONVERTER_PATH],
  // The text of the sources, of which every thread would hold a copy, is in the sources.
  webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
  logger: new DefaultLogger('WARN'),
});

// For every promise of a run the SDK takes a stack trace; an error keeps two frames, its constructor's and the one that threw it.
const bundle = `Error.stackTraceLimit = 2;${code}`;
// A single wide character makes every character of a text in memory twice as wide.
const narrow = bundle.replace(/[\u0080-\uffff]/g, (wide) => `\\u${wide.charCodeAt(0).toString(16).padStart(4, '0')}`);
await writeFile(new URL('../workflow-bundle.js', import.meta.url), narrow);
