import { resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
// @ts-expect-error plain script without types, shared with the other commands
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    temporalAddress: string;
    workflowBundle: string;
  }
}

/** One Temporal server for the whole run; the scripts have found or built its binary. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('workflowBundle', resolve('dist/workflow-bundle.js'));
  const given = process.env['TEMPORAL_ADDRESS'];
  if (given) {
    project.provide('temporalAddress', given);
    return async () => undefined;
  }
  const binary = process.env['TEMPORAL_CLI_PATH'];
  if (!binary) throw new Error('run the tests by `npm test`: it finds the Temporal server');
  const server = (await startTemporal({ binary })) as { address: string; stop: () => Promise<void> };
  project.provide('temporalAddress', server.address);
  return server.stop;
}
