import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** TLS, client certificates and API keys in front of a Temporal server that knows none of them, as in Temporal Cloud. */

export interface Certificates {
  /** The path of a file: `ca.pem`, and `server`, `client`, `old` (version 1), `stranger` with `.pem` and `.key`. */
  path(name: string): string;
  remove(): void;
}

/** Made afresh: certificates that stand in a repository expire. The stranger's is of another CA. */
export function createCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-tls-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const days = ['-days', '2'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const ca of ['ca', 'other-ca'])
    openssl('req', '-x509', ...newKey, ...days, '-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.pem`);
  // With extensions it is of version 3; the worker's TLS takes no other.
  writeFileSync(join(folder, 'server.ext'), 'subjectAltName=DNS:temporal.test\n');
  writeFileSync(join(folder, 'client.ext'), 'extendedKeyUsage=clientAuth\n');
  const issue = (name: string, ca: string, extensions?: string) => {
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const more = extensions === undefined ? [] : ['-extfile', extensions];
    const by = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, ...days, '-out', `${name}.pem`, ...more);
  };
  issue('server', 'ca', 'server.ext');
  issue('client', 'ca', 'client.ext');
  issue('old', 'ca');
  issue('stranger', 'other-ca', 'client.ext');
  return {
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface TlsFront {
  readonly address: string;
  /** Requests that came with the key and were passed on. */
  readonly passed: () => number;
  close(): Promise<void>;
}

export interface TlsFrontOptions {
  readonly behind: string;
  readonly certificates: Certificates;
  /** Whoever does not present this key is refused as Temporal Cloud refuses. */
  readonly apiKey?: string;
  readonly asksForCertificate?: boolean;
}

export async function openTlsFront(options: TlsFrontOptions): Promise<TlsFront> {
  const { certificates, behind, apiKey, asksForCertificate = false } = options;
  const read = (name: string) => readFileSync(certificates.path(name));
  const server: Http2SecureServer = createSecureServer({
    key: read('server.key'),
    cert: read('server.pem'),
    ca: read('ca.pem'),
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
  });
  const sessions = new Set<Http2Session>();
  const upstream = connect(`http://${behind}`);
  let passed = 0;
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  // A client that breaks off the handshake is what some tests are about.
  server.on('sessionError', () => undefined);
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
      const refusal = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized.' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
      return;
    }
    passed += 1;
    const { authorization: _ours, ...passedOn } = headers;
    const request = upstream.request(passedOn);
    request.on('error', () => stream.close());
    stream.on('close', () => request.close(constants.NGHTTP2_CANCEL));
    stream.pipe(request);
    request.on('response', (answer, flags) => {
      if (stream.closed) return;
      // An error of gRPC is an answer of headers alone.
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) return stream.respond(answer, { endStream: true });
      let trailers: IncomingHttpHeaders = {};
      request.on('trailers', (sent) => {
        trailers = sent;
      });
      stream.respond(answer, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      request.pipe(stream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: () => passed,
    async close() {
      upstream.destroy();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
