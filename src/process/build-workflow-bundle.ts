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
await writeFile(new URL('../workflow-bundle.js', import.meta.url), code);
