import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { KeyRing } from './key-ring.js';

/**
 * Temporal's history holds sealed payloads only (I7). What was not sealed passes through when it is read: input that
 * a person typed into Temporal's command line.
 */

const PayloadProto = proto.temporal.api.common.v1.Payload;

export const SEALED_ENCODING = 'binary/dealbridge-sealed';
export const KEY_ID_METADATA = 'dealbridge-key';
/** The codec endpoint opens what was sealed for this purpose and nothing else, credentials above all. */
const PURPOSE = 'temporal payload';

const RAW = 0;
const DEFLATED = 1;
/** Below this, deflating costs more than it saves. */
const WORTH_DEFLATING_BYTES = 200;
/** Temporal refuses payloads over 2 MiB; deflated ones are ours, but a limit keeps a surprise small. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export function createPayloadCodec(ring: KeyRing): PayloadCodec {
  return {
    encode: async (payloads) => payloads.map((payload) => seal(ring, payload)),
    decode: async (payloads) => payloads.map((payload) => open(ring, payload)),
  };
}

function seal(ring: KeyRing, payload: Payload): Payload {
  // Metadata and data together: the encoding of what is inside is nobody's business either.
  const data = ring.seal(pack(PayloadProto.encode(payload).finish()), PURPOSE);
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: Buffer.from(SEALED_ENCODING),
      [KEY_ID_METADATA]: data.subarray(2, 2 + (data[1] ?? 0)),
    },
    data,
  };
}

function open(ring: KeyRing, payload: Payload): Payload {
  const encoding = payload.metadata?.[METADATA_ENCODING_KEY];
  if (!encoding || Buffer.from(encoding).toString() !== SEALED_ENCODING) return payload;
  return PayloadProto.decode(unpack(ring.open(payload.data ?? new Uint8Array(), PURPOSE)));
}

function pack(plain: Uint8Array): Buffer {
  if (plain.length >= WORTH_DEFLATING_BYTES) {
    const deflated = deflateRawSync(plain);
    if (deflated.length < plain.length) return Buffer.concat([Buffer.from([DEFLATED]), deflated]);
  }
  return Buffer.concat([Buffer.from([RAW]), plain]);
}

function unpack(packed: Buffer): Uint8Array {
  const content = packed.subarray(1);
  return packed[0] === DEFLATED ? inflateRawSync(content, { maxOutputLength: MAX_PAYLOAD_BYTES }) : content;
}
