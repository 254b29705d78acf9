import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PayloadCodec } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { createPayloadCodec, SEALED_ENCODING } from '../../src/secrets/payload-codec.js';
import type * as workflows from '../../src/workflows/index.js';
import type { Stage } from './processes.js';

/** The histories of the replay test (I9), by workflow type: the compiler asks for one of every type. */
export const HISTORIES = {
  applyMatches: ['match-applied'],
  checkTrail: ['trail-checked'],
  reconcileSales: ['reconcile-sales'],
  handOverDeal: [
    'won-opportunity',
    'won-quote',
    'won-salesorder',
    'confirmed-by-update',
    'rejected-by-signal',
    'cancelled',
    'changed-while-it-waited',
    'cancelled-in-sales-while-it-waited',
    'draft-touched-after-confirmation',
    'posted-by-hand',
    'period-closed-then-opened',
    'totals-differ-then-corrected',
    'woken-while-looking',
    'order-settled',
    'changed-after-posting',
    'replayed-after-rejection',
    'replayed-while-waiting',
    'worker-killed-at-post',
    'answer-lost-at-create-draft',
  ],
  carryFlow: ['flow-carried'],
  invoiceFeed: ['invoice-feed-refused-once'],
  keepSubscriptions: ['subscriptions-renewed-lost-refused'],
  matchAccounts: ['accounts-matched'],
  reportDrift: ['drift-repaired'],
  resumeDeals: ['deals-resumed'],
  salesFeed: ['sales-feed-refused-then-paused'],
  sealAudit: ['audit-sealed'],
  sendAlerts: ['alerts-sent'],
  sweepInvoices: ['invoices-swept'],
  syncAccount: ['account-changed', 'account-in-conflict-then-retried', 'accounts-merged'],
  syncProduct: ['item-created'],
  tellSellers: ['sellers-told'],
} as const satisfies Record<keyof typeof workflows, readonly [string, ...string[]]>;

type HistoryName = (typeof HISTORIES)[keyof typeof HISTORIES][number];

/**
 * With RECORD_HISTORIES=1 a run is saved for the replay test. Its payloads are opened, because the keys of a test are
 * gone after it; names of the machine, its folders and its builds do not belong into a recorded history.
 */
export async function keepHistory(
  stage: Pick<Stage, 'temporal' | 'ring'>,
  workflowId: string,
  name: HistoryName,
  runId?: string,
): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const history = await stage.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
  const opened = await openPayloads(createPayloadCodec(stage.ring), JSON.parse(historyToJSON(history)));
  const text = JSON.stringify(opened, withoutMachine, 1);
  mkdirSync(HISTORY_FOLDER, { recursive: true });
  writeFileSync(join(HISTORY_FOLDER, `${name}.json`), `${text}\n`);
}

export const HISTORY_FOLDER = 'test/histories';

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

/** Fields that tell of the machine or of the build that recorded a run; replaying needs none of them. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'identity',
  'stackTrace',
  'stack_trace',
  'processId',
  'workerInstanceKey',
  'buildId',
  'binaryChecksum',
]);

/** `4711@host…`: how workers and clients call themselves. */
const PROCESS_NAME = /\d+@[^\s"]+/g;

function withoutMachine(key: string, value: unknown): unknown {
  if (isJsonPayload(value)) return { ...value, data: scrubJson(value.data) };
  if (typeof value !== 'string') return value;
  return ELSEWHERE.has(key) ? '' : value.replace(PROCESS_NAME, 'worker');
}

const jsonPayload = z.object({
  metadata: z.record(z.string(), z.string()).refine(({ encoding }) => fromBase64(encoding) === 'json/plain'),
  data: z.string(),
});

function isJsonPayload(value: unknown): value is z.infer<typeof jsonPayload> {
  return jsonPayload.safeParse(value).success;
}

/** What failed tells its stack trace within a payload. */
function scrubJson(data: string): string {
  return toBase64(Buffer.from(JSON.stringify(JSON.parse(fromBase64(data)), withoutMachine)));
}
