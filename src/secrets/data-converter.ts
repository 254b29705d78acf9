import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { KeyRing } from './key-ring.js';
import { createPayloadCodec } from './payload-codec.js';

/** The SDK loads it by path, in worker, client and workflow bundle alike. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./failure-converter.js', import.meta.url));

/** The same for every client and worker: whoever lacks it cannot read what the others wrote. */
export function createDataConverter(ring: KeyRing): DataConverter {
  return { payloadCodecs: [createPayloadCodec(ring)], failureConverterPath: FAILURE_CONVERTER_PATH };
}
