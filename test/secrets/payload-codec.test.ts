import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createPayloadCodec, KEY_ID_METADATA, SEALED_ENCODING } from '../../src/secrets/payload-codec.js';

const line = createKeyLine();
const ring = openKeyRing({ kind: 'text', text: line });
const codec = createPayloadCodec(ring);
const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

async function seal(value: unknown): Promise<Payload> {
  const [sealed] = await codec.encode([toPayload(value)]);
  if (!sealed) throw new Error('nothing came back');
  return sealed;
}

describe('the payload codec', () => {
  it('gives back every value, several at once and in their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), async (values) => {
        const opened = await codec.decode(await codec.encode(values.map(toPayload)));
        expect(opened.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(
          values.map((value) => JSON.parse(JSON.stringify(value))),
        );
      }),
    );
  });

  it('shows the name of the encoding and the id of the key, and nothing of the content', async () => {
    const sealed = await seal({ customer: 'Kranich Hydraulik GmbH' });
    expect(text(sealed.metadata?.['encoding'])).toBe(SEALED_ENCODING);
    expect(text(sealed.metadata?.[KEY_ID_METADATA])).toBe(line.slice(0, line.indexOf(':')));
    expect(text(sealed.data)).not.toMatch(/Kranich|json/);
  });

  it('deflates what becomes smaller and leaves alone what does not', async () => {
    const long = await seal({ text: 'the same words, '.repeat(500) });
    expect(long.data?.length).toBeLessThan(400);
    const short = await seal('few');
    expect(short.data?.length).toBeLessThan(120);
    const [opened] = await codec.decode([long]);
    expect(text(opened?.data)).toContain('the same words, the same words');
  });

  it('passes through what was never sealed: words typed by hand', async () => {
    const plain = toPayload({ by: 'ann' });
    expect(await codec.decode([plain])).toEqual([plain]);
  });

  it('refuses a payload that was changed, one without content and one under a foreign key', async () => {
    const sealed = await seal('content');
    const changed = Buffer.from(sealed.data ?? []);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toMatchObject({ code: 'does-not-open' });
    await expect(codec.decode([{ metadata: sealed.metadata ?? {} }])).rejects.toMatchObject({ code: 'not-sealed' });
    const stranger = createPayloadCodec(openKeyRing({ kind: 'text', text: createKeyLine() }));
    await expect(stranger.decode([sealed])).rejects.toMatchObject({ code: 'unknown-key' });
  });

  it('opens no credential: what was sealed for another purpose stays closed', async () => {
    const credential = ring.seal(Buffer.from('{"kind":"secret","secret":"s"}'), 'credential/tenant/dataverse/1/secret');
    const dressed = { metadata: { encoding: Buffer.from(SEALED_ENCODING) }, data: credential };
    await expect(codec.decode([dressed])).rejects.toMatchObject({ code: 'does-not-open' });
  });
});
