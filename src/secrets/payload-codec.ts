import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  defaultPayloadConverter,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadCodec,
  type SerializationContext,
} from '@temporalio/common';
import proto from '@temporalio/proto';
import { toUnsealed } from '../deal/unsealed.js';
import { type KeyRing, readKeyId, SealError } from './key-ring.js';

/**
 * Temporal's history holds sealed payloads only (I7), each bound to namespace and workflow, and one of an activity to that
 * activity: whoever can write to Temporal's database cannot move what one deal said to another.
 */

const PayloadProto = proto.temporal.api.common.v1.Payload;

export const SEALED_ENCODING = 'binary/dealbridge-sealed';
export const KEY_ID_METADATA = 'dealbridge-key';
/** Where it belongs; empty for what the codec endpoint sealed, which is not told. */
const PLACE_METADATA = 'dealbridge-place';
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
    encode: async (payloads, context) => payloads.map((payload) => seal(ring, payload, context)),
    decode: async (payloads, context) => payloads.map((payload) => open(ring, payload, context)),
  };
}

function seal(ring: KeyRing, payload: Payload, context: SerializationContext | undefined): Payload {
  const place = context ? toPlace(context) : '';
  // Metadata and data together: the encoding of what is inside is nobody's business either.
  const data = ring.seal(pack(PayloadProto.encode(payload).finish()), toAssociatedData(place));
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: Buffer.from(SEALED_ENCODING),
      [KEY_ID_METADATA]: Buffer.from(readKeyId(data)),
      [PLACE_METADATA]: Buffer.from(place),
    },
    data,
  };
}

function open(ring: KeyRing, payload: Payload, context: SerializationContext | undefined): Payload {
  const encoding = payload.metadata?.[METADATA_ENCODING_KEY];
  if (!encoding || Buffer.from(encoding).toString() !== SEALED_ENCODING) return refuseUnsealed(payload, context);
  const data = payload.data ?? new Uint8Array();
  const place = Buffer.from(payload.metadata?.[PLACE_METADATA] ?? []).toString();
  const opened = PayloadProto.decode(unpack(ring.open(data, toAssociatedData(place))));
  if (context === undefined || place === toPlace(context)) return opened;
  if (context.type === 'activity') throw new SealError('does-not-open', readKeyId(data));
  // What a person typed through the codec endpoint names no place; what was sealed for another one is worth nothing here.
  return place === '' ? opened : toRefused(undefined);
}

/**
 * A workflow is told that its input is not sealed, and refuses it: an error here would stop the run for whatever anybody sent
 * it. An activity gets nothing from outside, so that there it is an error.
 */
function refuseUnsealed(payload: Payload, context: SerializationContext | undefined): Payload {
  // The codec endpoint only shows it.
  if (context === undefined) return payload;
  if (context.type === 'activity') throw new SealError('not-sealed');
  return toRefused(readUnsealed(payload));
}

function toRefused(content: unknown): Payload {
  return defaultPayloadConverter.toPayload(toUnsealed(content)) ?? {};
}

function readUnsealed(payload: Payload): unknown {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}

/** A schedule adds the time to the id of each run: what one run left to the next is at the same place. */
const SCHEDULED_AT = /-\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

function toPlace(context: SerializationContext): string {
  const { type, namespace, workflowId } = context;
  const activity = type === 'activity' ? [context.activityId ?? null, context.isLocal] : [];
  return JSON.stringify([type, namespace, workflowId?.replace(SCHEDULED_AT, '') ?? null, ...activity]);
}

function toAssociatedData(place: string): string {
  return `${PURPOSE} ${place}`;
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
