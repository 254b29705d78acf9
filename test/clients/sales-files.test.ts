import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataverseFlows, type DataverseFlows } from '../../src/clients/dataverse/flows.js';

/** What stands where a file of Sales was asked for. */

let body = '';
const server = createServer((_request, response) => response.end(body));
let flows: DataverseFlows;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  flows = createDataverseFlows({
    environmentUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: { getToken: async () => 'token' },
    timeoutMs: 10_000,
  });
});
afterAll(async () => {
  await flows.close();
  await new Promise((resolve) => server.close(resolve));
});

it('is the file', async () => {
  body = JSON.stringify({ documentbody: Buffer.from('of Ann').toString('base64') });
  expect(String(await flows.downloadFile('1', 100))).toBe('of Ann');
});

it.each(['', '<html>page of a proxy for Ann</html>', '{"error":{"code":"0x1","message":"of Ann"}'])(
  '%j is an unreadable answer, of which no error quotes a word',
  async (answer) => {
    body = answer;
    const error = await flows.downloadFile('1', 100).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ api: 'dataverse', code: 'unreadable' });
    expect(String(error)).not.toContain('Ann');
  },
);
