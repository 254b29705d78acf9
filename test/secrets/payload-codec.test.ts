import { defaultPayloadConverter, type Payload, type SerializationContext } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnsealed, takeUnsealed } from '../../src/deal/unsealed.js';
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

  it('passes through what was never sealed where it is only shown', async () => {
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

describe('a payload and its place', () => {
  const workflow = (workflowId: string, namespace = 'ns') => ({ type: 'workflow', namespace, workflowId }) as const;
  const activity = (workflowId: string, activityId = '1', isLocal = false) =>
    ({ type: 'activity', namespace: 'ns', workflowId, activityId, isLocal }) as const;
  const sealAt = async (value: unknown, context?: SerializationContext): Promise<Payload[]> =>
    codec.encode([toPayload(value)], context);
  const read = async (payloads: Payload[], context?: SerializationContext): Promise<unknown> =>
    defaultPayloadConverter.fromPayload((await codec.decode(payloads, context))[0] ?? {});

  it('opens where it was sealed, and for whoever shows it without knowing where', async () => {
    for (const place of [workflow('one'), activity('one'), activity('one', '1', true)]) {
      const sealed = await sealAt('content', place);
      expect(await read(sealed, place)).toBe('content');
      expect(await read(sealed)).toBe('content');
    }
  });

  it('is refused as input of any other workflow, namespace or kind, and its content is not shown', async () => {
    const sealed = await sealAt({ by: 'ann' }, workflow('one'));
    for (const place of [workflow('two'), workflow('one', 'other'), workflow('on'), workflow('one-2')]) {
      const refused = await read(sealed, place);
      expect(isUnsealed(refused)).toBe(true);
      expect(takeUnsealed(refused)).toBeNull();
    }
    expect(isUnsealed(await read(await sealAt('result', activity('one')), workflow('one')))).toBe(true);
  });

  it('is no argument or result of any other activity', async () => {
    const sealed = await sealAt('result', activity('one'));
    for (const place of [activity('two'), activity('one', '2'), activity('one', '1', true)]) {
      await expect(codec.decode(sealed, place)).rejects.toMatchObject({ code: 'does-not-open' });
    }
    await expect(codec.decode(await sealAt('x', workflow('one')), activity('one'))).rejects.toMatchObject({
      code: 'does-not-open',
    });
    await expect(codec.decode(await sealAt('x'), activity('one'))).rejects.toMatchObject({ code: 'does-not-open' });
  });

  it('cannot be given another place by whoever has no key', async () => {
    const [sealed] = await sealAt('content', workflow('one'));
    const [other] = await sealAt('content', workflow('two'));
    const moved = { ...sealed, metadata: { ...sealed?.metadata, ...other?.metadata } };
    await expect(codec.decode([moved], workflow('two'))).rejects.toMatchObject({ code: 'does-not-open' });
  });

  it('is the same for all runs of a schedule: one leaves its result to the next', async () => {
    const sealed = await sealAt('result', workflow('seal-audit-2026-03-01T09:30:00Z'));
    expect(await read(sealed, workflow('seal-audit-2026-03-01T09:31:00Z'))).toBe('result');
    expect(await read(await sealAt('input', workflow('seal-audit')), workflow('seal-audit-2026-03-01T09:31:00Z'))).toBe(
      'input',
    );
  });

  it('counts in every workflow when a person typed it through the codec endpoint, which knows no place', async () => {
    expect(await read(await sealAt({ by: 'ann' }), workflow('one'))).toEqual({ by: 'ann' });
  });

  it('was never sealed: a workflow is told so and gets it apart, an activity does not run', async () => {
    const given = await read([toPayload({ by: 'ann' })], workflow('one'));
    expect(isUnsealed(given)).toBe(true);
    expect(given).not.toHaveProperty('by');
    expect(takeUnsealed(given)).toEqual({ by: 'ann' });
    const unreadable = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"by') };
    expect(takeUnsealed(await read([unreadable], workflow('one')))).toBeNull();
    await expect(codec.decode([toPayload('x')], activity('one'))).rejects.toMatchObject({ code: 'not-sealed' });
  });
});
