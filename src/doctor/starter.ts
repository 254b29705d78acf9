import { request } from 'undici';
import { z } from 'zod';
import { readTextAtMost } from '../clients/http/read-at-most.js';
import type { Config } from '../process/config.js';
import { toNearOrigin } from '../process/near-origin.js';
import type { KeyRing } from '../secrets/key-ring.js';
import { createPayloadCodec } from '../secrets/payload-codec.js';
import { type Finding, notChecked, ok, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** The starter answers, and its codec endpoint opens what this ring seals. */

const TIMEOUT_MS = 5_000;
const WORD = 'dealbridge doctor';

export function examineStarter(configuration: Step<Config>, ring: Step<KeyRing>): Step<true> {
  return createStep('starter', { config: configuration, ring }, async ({ config, ring: keys }) => {
    const { host, port } = config.starter;
    const near = toNearOrigin(host, port);
    const health = await ask(`${near}/health`).catch(() => undefined);
    if (health?.status !== 200) {
      const advice = 'Start the starter, or run this where STARTER_HOST and STARTER_PORT lead to it.';
      return {
        findings: [
          wrong('health', `${near} does not answer`, advice),
          notChecked('codec', 'the starter does not answer'),
        ],
      };
    }
    return { value: true, findings: [ok('health', `${near} answers`), await examineCodec(near, config, keys)] };
  });
}

const answer = z.object({ payloads: z.array(z.object({ data: z.string() })).min(1) });

async function examineCodec(near: string, { codec }: Config, ring: KeyRing): Promise<Finding> {
  if (codec.token === undefined) {
    const advice = 'For Web UI and command line to read payloads set CODEC_TOKEN (docs/security.md).';
    return notChecked('codec', 'CODEC_TOKEN is not set: there is no endpoint', advice);
  }
  const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(WORD)) };
  const [sealed] = await createPayloadCodec(ring).encode([plain]);
  const metadata = Object.entries(sealed?.metadata ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  const body = JSON.stringify({
    payloads: [{ metadata: Object.fromEntries(metadata), data: Buffer.from(sealed?.data ?? []).toString('base64') }],
  });
  const { status, text } = await ask(`${near}/codec/decode`, codec.token, body);
  if (status === 401) return wrong('codec', 'it takes another token', 'Give starter and doctor the same CODEC_TOKEN.');
  if (status === 404) {
    return wrong(
      'codec',
      'the starter has no such endpoint',
      'Start the starter with the same CODEC_TOKEN as the doctor.',
    );
  }
  const parsed = status === 200 ? answer.safeParse(JSON.parse(text)) : undefined;
  const opened = Buffer.from(parsed?.data?.payloads[0]?.data ?? '', 'base64').toString('utf8');
  if (opened === JSON.stringify(WORD)) return ok('codec', 'opens what this key ring seals');
  return wrong(
    'codec',
    `it does not open it (${status})`,
    'Give the starter the same keys as worker and command line.',
  );
}

/** Another server may stand at the address. */
const MAX_ANSWER_BYTES = 1024 * 1024;

async function ask(url: string, token?: string, body?: string): Promise<{ status: number; text: string }> {
  const response = await request(url, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { body }),
    headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.statusCode, text: (await readTextAtMost(response, MAX_ANSWER_BYTES)) ?? '' };
}
