import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH } from '../secrets/data-converter.js';

/** Run once after the compiler, so that no worker has to bundle when it starts. */
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
  workflowInterceptorModules: ['refuse-unsealed', 'carry-trace', 'deals/show-before-steps'].map((name) =>
    fileURLToPath(new URL(`../workflows/${name}.js`, import.meta.url)),
  ),
  failureConverterPath: FAILURE_CONVERTER_PATH,
  logger: new DefaultLogger('WARN'),
});
// For every promise of a run the SDK takes a stack trace, which takes a tenth of the worker's time; an error keeps two frames,
// its constructor's and the one that threw it (docs/performance.md).
await writeFile(new URL('../workflow-bundle.js', import.meta.url), `Error.stackTraceLimit = 2;${code}`);
