import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { examineStarter } from '../../src/doctor/starter.js';
import { createStep, type Step } from '../../src/doctor/step.js';
import type { Config } from '../../src/process/config.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';

/** The examination finds the starter wherever it was told to listen. */

const toStep = <T>(value: T): Step<T> => createStep('given', {}, async () => ({ value, findings: [] }));

for (const [host, near] of [
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::1', '[::1]'],
] as const) {
  it(`that listens at ${host} answers at ${near}`, async () => {
    const server = createServer((_request, answer) => answer.end('{"status":"ok"}'));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    const config = { starter: { host, port }, codec: { token: undefined } } as unknown as Config;
    const ring = openKeyRing({ kind: 'text', text: createKeyLine() });
    const { findings } = await examineStarter(toStep(config), toStep(ring)).report();
    expect(findings[0]).toEqual({ check: 'health', result: 'ok', found: `http://${near}:${port} answers` });
    await new Promise((resolve) => server.close(resolve));
  });
}

it('that runs without CODEC_TOKEN is not said to lack a key', async () => {
  const server = createServer((request, answer) => {
    answer.statusCode = request.url === '/health' ? 200 : 404;
    answer.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = { starter: { host: '127.0.0.1', port }, codec: { token: 'a-token' } } as unknown as Config;
  const { findings } = await examineStarter(
    toStep(config),
    toStep(openKeyRing({ kind: 'text', text: createKeyLine() })),
  ).report();
  expect(findings[1]).toMatchObject({
    check: 'codec',
    result: 'wrong',
    advice: expect.stringContaining('CODEC_TOKEN'),
  });
  await new Promise((resolve) => server.close(resolve));
});
