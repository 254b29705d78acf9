import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The proxy without which a network lets nothing out: tunnels for https, whole addresses for http. It alone knows the hosts
 * behind it, and ends their TLS.
 */
export interface ForwardProxy {
  readonly address: string;
  /** The certificate of all hosts behind it, as a file. */
  readonly certificate: string;
  /** Its key, likewise. */
  readonly key: string;
  /** `CONNECT host:port` or `GET http://…`, with those that were refused. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** @param hosts by their names the origins that answer for them. @param user `name:password` that it wants */
export async function openForwardProxy(hosts: Readonly<Record<string, string>>, user?: string): Promise<ForwardProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-proxy-'));
  const [key, certificate] = [join(folder, 'hosts.key'), join(folder, 'hosts.pem')];
  const names = Object.keys(hosts).map((host) => `DNS:${host}`);
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=hosts', '-addext', `subjectAltName=${names.join(',')}`, '-keyout', key, '-out', certificate],
    ],
    { stdio: 'pipe' },
  );
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const isLetIn = ({ headers }: IncomingMessage): boolean =>
    user === undefined || headers['proxy-authorization'] === `Basic ${Buffer.from(user).toString('base64')}`;
  const hand = (host: string, path: string, incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { hostname, port } = new URL(hosts[host] ?? '');
    const { 'proxy-authorization': _ours, ...headers } = incoming.headers;
    const onward = request({ hostname, port, path, method: incoming.method, headers }, (answer) => {
      const { connection: _itsOwn, ...passedOn } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, passedOn);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  };
  const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (incoming, outgoing) =>
    hand(String(incoming.headers.host), String(incoming.url), incoming, outgoing),
  );
  const proxy = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { host, pathname, search } = new URL(String(incoming.url));
    const status = isLetIn(incoming) ? (host in hosts ? undefined : 502) : 407;
    if (status === undefined) hand(host, pathname + search, incoming, outgoing);
    else outgoing.writeHead(status).end();
  });
  proxy.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.on('error', () => undefined);
    const [host = '', port] = String(incoming.url).split(':');
    const status = isLetIn(incoming) ? (host in hosts && port === '443' ? undefined : 403) : 407;
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
      return;
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    secure.emit('connection', socket);
  });
  proxy.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://${user === undefined ? '' : `${user}@`}127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    certificate,
    key,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
