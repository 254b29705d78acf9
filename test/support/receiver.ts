import { createServer, type IncomingHttpHeaders } from 'node:http';

/** Takes what is posted to it, and answers as it is told. */

export interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly posted: readonly Posted[];
  status: number;
  retryAfter?: string;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      const { status, retryAfter } = running;
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const running: Receiver = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/alerts`,
    posted,
    status: 202,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return running;
}
