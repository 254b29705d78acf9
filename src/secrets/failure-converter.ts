import { DefaultFailureConverter } from '@temporalio/common';

/** Messages and stack traces of failures become payloads, so that the codec seals them too. Runs in the sandbox as well. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
