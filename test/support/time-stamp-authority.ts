import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A time-stamping authority over real HTTP: OpenSSL signs its answers, with keys that are made afresh. */

const EXTENSIONS = `[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = one
[one]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384
ess_cert_id_alg = sha256
`;

export type Answer = (reply: Buffer, query: Buffer) => { readonly status?: number; readonly body: Buffer };

export interface TestAuthority {
  readonly url: string;
  /** PEM of the CA, and of the authority itself. */
  readonly certificates: { readonly ca: string; readonly own: string };
  readonly asked: () => number;
  /** The next requests are answered so; undefined ends it. */
  answerWith(answer: Answer | undefined): void;
  stop(): Promise<void>;
}

export async function startTimeStampAuthority(key: 'rsa' | 'ec' = 'rsa'): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-tsa-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  writeFileSync(join(folder, 'conf'), EXTENSIONS);
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const common = ['-nodes', '-config', 'conf'];
  const ca = ['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2', '-extensions', 'ca'];
  openssl('req', '-x509', ...ec, ...common, ...ca);
  const newKey = key === 'ec' ? ec : ['-newkey', 'rsa:2048'];
  openssl('req', ...newKey, ...common, '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=tsa');
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', 'tsa.csr', ...by, '-extfile', 'conf', '-extensions', 'stamps', '-out', 'tsa.pem');

  let asked = 0;
  let answer: Answer | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked += 1;
    const query = Buffer.concat(chunks);
    writeFileSync(join(folder, 'query'), query);
    const signed = ['-signer', 'tsa.pem', '-inkey', 'tsa.key'];
    openssl('ts', '-reply', '-config', 'conf', '-queryfile', 'query', ...signed, '-out', 'reply');
    const reply = readFileSync(join(folder, 'reply'));
    const { status = 200, body } = answer?.(reply, query) ?? { body: reply };
    response.writeHead(status, { 'content-type': 'application/timestamp-reply' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    certificates: { ca: read('ca.pem'), own: read('tsa.pem') },
    asked: () => asked,
    answerWith(next) {
      answer = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
