import { DefaultLogger, Runtime } from '@temporalio/worker';

let isSilenced = false;

/**
 * Workers tell every change of their state, and the core that the test server lacks what real ones have. A process has
 * one runtime, and may run several test files.
 */
export function silenceOnce(): void {
  if (isSilenced) return;
  isSilenced = true;
  Runtime.install({
    // Steps that fail for good are what some tests are about.
    logger: new DefaultLogger('ERROR', ({ message, meta }) => {
      if (message !== 'a step can never succeed') console.error(message, meta);
    }),
    telemetryOptions: { logging: { filter: 'ERROR' } },
  });
}
