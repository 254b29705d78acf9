import { mkdirSync, writeFileSync } from 'node:fs';
import type { PayloadCodec } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { createPayloadCodec, SEALED_ENCODING } from '../../src/secrets/payload-codec.js';
import type { Stage } from './processes.js';

/**
 * With RECORD_HISTORIES=1 the run of a deal is saved for the replay test (I9). Its payloads are opened, because the keys
 * of a test are gone after it; names of the machine and its folders do not belong into a recorded history.
 */
export async function keepHistory(stage: Stage, recordId: string, name: string, runId?: string): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const history = await stage.temporal.workflow.getHandle(recordId, runId).fetchHistory();
  const opened = await openPayloads(createPayloadCodec(stage.ring), JSON.parse(historyToJSON(history)));
  const text = JSON.stringify(opened, withoutMachine, 1);
  mkdirSync('test/histories', { recursive: true });
  writeFileSync(`test/histories/${name}.json`, `${text}\n`);
}

const sealedPayload = z.object({
  metadata: z.record(z.string(), z.string()).refine((metadata) => fromBase64(metadata['encoding']) === SEALED_ENCODING),
  data: z.string(),
});

/** Every sealed payload of a history in JSON, wherever it stands, in clear. */
export async function openPayloads(codec: PayloadCodec, value: unknown): Promise<unknown> {
  const sealed = sealedPayload.safeParse(value);
  if (sealed.success) {
    const { metadata, data } = sealed.data;
    const bytes = Object.entries(metadata).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const);
    const [opened] = await codec.decode([{ metadata: Object.fromEntries(bytes), data: Buffer.from(data, 'base64') }]);
    const plain = Object.entries(opened?.metadata ?? {}).map(([key, text]) => [key, toBase64(text)] as const);
    return { metadata: Object.fromEntries(plain), data: toBase64(opened?.data ?? new Uint8Array()) };
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => openPayloads(codec, item)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await openPayloads(codec, inner)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const fromBase64 = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();

const ELSEWHERE: ReadonlySet<string> = new Set(['identity', 'stackTrace', 'processId', 'workerInstanceKey']);

/** `4711@host…`: how workers and clients call themselves. */
const PROCESS_NAME = /\d+@[^\s"]+/g;

function withoutMachine(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return ELSEWHERE.has(key) ? '' : value.replace(PROCESS_NAME, 'worker');
}
