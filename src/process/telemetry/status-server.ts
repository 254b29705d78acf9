import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../../deal/errors.js';
import type { Readiness } from './readiness.js';

/** Where a process is watched: an address of its own, on this machine unless a setting says otherwise, without secrets. */

export interface StatusServerOptions {
  readonly host: string;
  readonly port: number;
  /** The setting that names the port, for whoever has to correct it. */
  readonly setting: string;
  readonly askReadiness: () => Promise<Readiness>;
  readonly readMetrics: () => Promise<string>;
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws ConfigError when nobody may listen there. */
export async function openStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { host, port, setting, askReadiness, readMetrics } = options;
  const answer = async (path: string, query: string, response: ServerResponse): Promise<void> => {
    if (path === '/livez') return end(response, 200, 'text/plain', 'ok\n');
    if (path === '/readyz') {
      const { isReady, takesRequests, checks } = await askReadiness();
      // As Kubernetes' own server has it.
      const isGood = query === 'exclude=signIn' ? takesRequests : isReady;
      return end(response, isGood ? 200 : 503, 'application/json', `${JSON.stringify(checks)}\n`);
    }
    if (path === '/metrics') return end(response, 200, 'text/plain; version=0.0.4', await readMetrics());
    return end(response, 404, 'text/plain', 'expected /livez, /readyz or /metrics\n');
  };
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'text/plain', 'GET\n');
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    answer(path, query, response).catch(() => end(response, 500, 'text/plain', 'not available right now\n'));
  });
  server.maxConnections = 50;
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ConfigError(
          `setting ${setting}: expected an address on which this process may listen, got ${host}:${port} (${error.code})`,
        ),
      ),
    );
    server.listen(port, host);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function end(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}
