import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTokenSource } from '../../src/clients/entra/tokens.js';
import { createBucket } from '../../src/clients/object-storage/bucket.js';
import { BUCKET_KEY } from '../support/bucket.js';

/** What answers without end fills nobody's memory: its size is limited, not its time alone. */

const PIECE = Buffer.alloc(1024 * 1024, ' ');
let server: Server;
let url: string;

/** Far more than any limit, and then nothing, so that a client without one fails by its time and not by the memory of the machine. */
const MAX_PIECES = 128;

function sendForEver(response: ServerResponse): void {
  let sent = 0;
  const more = (): void => {
    while (!response.destroyed && sent < MAX_PIECES) {
      sent += 1;
      if (!response.write(PIECE)) return;
    }
  };
  response.on('drain', more);
  more();
}

beforeAll(async () => {
  server = createServer((_request, response) => sendForEver(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('a token endpoint', async () => {
  const source = createTokenSource(
    { tenantId: 'contoso', clientId: 'dealbridge', scope: 'https://contoso.example/.default', loginOrigin: url },
    async () => [{ kind: 'secret', secret: 'a-secret-of-tests' }],
  );
  await expect(source.getToken()).rejects.toMatchObject({
    code: 'unavailable',
    message: 'ask for a token: unavailable (ANSWER_OVER_1_MIB)',
  });
});

it('an object storage', async () => {
  const bucket = createBucket({ ...BUCKET_KEY, url: `${url}/trail`, timeoutMs: 45_000 });
  const listing = bucket.listAfter('seal-', '').next();
  await expect(listing).rejects.toThrow('list seal-: the answer has more than 16 MiB');
  await expect(bucket.putLocked('seal-1', 'x', new Date())).rejects.toThrow(
    'put seal-1: the answer has more than 16 MiB',
  );
});
