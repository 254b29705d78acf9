import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * HTTPS in front of the simulators, for clients that refuse plain HTTP or have Microsoft's addresses built in. Addresses
 * in bodies and headers are translated as by any reverse proxy; the clients stay unmodified.
 */
export interface HttpsFront {
  /** `https://localhost:…` in front of the origin. */
  address(origin: string): string;
  /** A proxy that leads `login.microsoftonline.com` to the simulated Entra. */
  readonly proxy: string;
  /** The certificate to trust. */
  readonly certificate: string;
  close(): Promise<void>;
}

const SIGN_IN = 'login.microsoftonline.com';

export async function openHttpsFront(entra: string, others: readonly string[]): Promise<HttpsFront> {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-front-'));
  const [key, cert] = [join(folder, 'front.key'), join(folder, 'front.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', `subjectAltName=DNS:localhost,DNS:${SIGN_IN}`],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'pipe' },
  );
  const addresses = new Map<string, string>();
  const servers: (Server | SecureServer)[] = [];
  for (const origin of [entra, ...others]) {
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (incoming, outgoing) =>
      pass(origin, addresses, incoming, outgoing),
    );
    addresses.set(origin, `https://localhost:${await listen(server)}`);
    servers.push(server);
  }
  const proxy = createServer();
  const sockets = new Set<Socket>();
  proxy.on('connect', (asked: IncomingMessage, socket: Socket) => {
    const port = asked.url === `${SIGN_IN}:443` ? new URL(addresses.get(entra) ?? '').port : undefined;
    if (port === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('error', () => one.destroy());
    }
  });
  const proxyPort = await listen(proxy);
  servers.push(proxy);
  return {
    address: (origin) => addresses.get(origin) ?? '',
    proxy: `http://127.0.0.1:${proxyPort}`,
    certificate: cert,
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server | SecureServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function translate(text: string, pairs: readonly (readonly [from: string, to: string])[]): string {
  let translated = text;
  for (const [from, to] of pairs) {
    translated = translated.replaceAll(from, to).replaceAll(encodeURIComponent(from), encodeURIComponent(to));
  }
  return translated;
}

function pass(
  origin: string,
  addresses: ReadonlyMap<string, string>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const inwards = [...addresses].map(([behind, front]) => [front, behind] as const);
  const outwards = [...addresses];
  const parts: Buffer[] = [];
  incoming.on('data', (part: Buffer) => parts.push(part));
  incoming.on('end', () => {
    const body = Buffer.from(translate(Buffer.concat(parts).toString(), inwards));
    const { 'accept-encoding': _encoding, 'transfer-encoding': _chunks, ...headers } = incoming.headers;
    const upstream = request(
      new URL(translate(incoming.url ?? '/', inwards), origin),
      { method: incoming.method, headers: { ...headers, host: new URL(origin).host, 'content-length': body.length } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.from(translate(Buffer.concat(chunks).toString(), outwards));
          outgoing.statusCode = answer.statusCode ?? 500;
          for (const [name, value] of Object.entries(answer.headers)) {
            if (value === undefined || name === 'content-length' || name === 'transfer-encoding') continue;
            outgoing.setHeader(name, typeof value === 'string' ? translate(value, outwards) : value);
          }
          outgoing.end(text);
        });
      },
    );
    upstream.on('error', () => outgoing.destroy());
    upstream.end(body);
  });
}
