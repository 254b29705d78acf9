import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A storage that checks what a real one checks: signature, hash of the body, object lock. Written from the description alone. */

export const BUCKET_KEY = {
  accessKeyId: 'AKIDTRAIL',
  secretAccessKey: 'a-secret/for+the trail',
  region: 'eu-central-1',
};

interface Stored {
  readonly body: string;
  readonly lockedUntil: string;
}

export async function startBucket({ pageSize = 1_000 } = {}) {
  const objects = new Map<string, Stored>();
  /** Names that somebody deleted without naming a version: what is locked stays, behind a marker. */
  const deleted = new Set<string>();
  const refusals: string[] = [];
  let isDown = false;
  const server = createServer((request, response) => {
    void handle(request, response);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' }).end(text);
    };
    const refuse = (status: number, code: string): void => {
      refusals.push(code);
      answer(status, `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
    };
    if (isDown) return refuse(503, 'SlowDown');
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    if (request.headers['x-amz-content-sha256'] !== sha256(body)) return refuse(400, 'XAmzContentSHA256Mismatch');
    if (request.headers.authorization !== toAuthorization(request, url, sha256(body))) {
      return refuse(403, 'SignatureDoesNotMatch');
    }
    const [, bucket, name] = url.pathname.split('/');
    if (bucket !== 'trail') return refuse(404, 'NoSuchBucket');
    if (request.method === 'PUT' && name) {
      const md5 = createHash('md5').update(body).digest('base64');
      if (request.headers['content-md5'] !== md5) return refuse(400, 'InvalidRequest');
      if (request.headers['x-amz-object-lock-mode'] !== 'COMPLIANCE') return refuse(400, 'InvalidRequest');
      const lockedUntil = String(request.headers['x-amz-object-lock-retain-until-date']);
      if (!(Date.parse(lockedUntil) > Date.now())) return refuse(400, 'InvalidArgument');
      objects.set(name, { body, lockedUntil });
      return answer(200, '');
    }
    if (request.method !== 'GET' || !url.searchParams.has('versions')) return refuse(405, 'MethodNotAllowed');
    answer(200, toList(url.searchParams));
  }

  /** Each version of an object and each marker of a deletion, the newest of a name first. */
  function toList(query: URLSearchParams): string {
    const [key, version] = [query.get('key-marker') ?? '', query.get('version-id-marker')];
    const all = [...objects.keys()]
      .sort()
      .flatMap((name) => [
        ...(deleted.has(name) ? [{ name, kind: 'DeleteMarker', id: 'v2' }] : []),
        { name, kind: 'Version', id: 'v1' },
      ]);
    const following = all.filter(
      ({ name, id }) =>
        name.startsWith(query.get('prefix') ?? '') &&
        (name > key || (name === key && version !== null && id < version)),
    );
    const page = following.slice(0, pageSize);
    const isTruncated = following.length > pageSize;
    const last = page.at(-1);
    const lines = page.map(({ name, kind, id }) => `<${kind}><Key>${name}</Key><VersionId>${id}</VersionId></${kind}>`);
    const next = `<NextKeyMarker>${last?.name}</NextKeyMarker><NextVersionIdMarker>${last?.id}</NextVersionIdMarker>`;
    return `<?xml version="1.0"?><ListVersionsResult><IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? next : ''}${lines.join('')}</ListVersionsResult>`;
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/trail`,
    objects,
    deleted,
    refusals,
    setDown: (down: boolean) => {
      isDown = down;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function toAuthorization({ method, headers }: IncomingMessage, url: URL, bodyHash: string): string {
  const time = String(headers['x-amz-date']);
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const query = [...url.searchParams.entries()]
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`);
  const canonical = `${method}\n${url.pathname}\n${query}\n${lines.join('')}\n${signed}\n${bodyHash}`;
  const scope = `${time.slice(0, 8)}/${BUCKET_KEY.region}/s3/aws4_request`;
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const day = hmac(`AWS4${BUCKET_KEY.secretAccessKey}`, time.slice(0, 8));
  const key = hmac(hmac(hmac(day, BUCKET_KEY.region), 's3'), 'aws4_request');
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${BUCKET_KEY.accessKeyId}/${scope},SignedHeaders=${signed},Signature=${signature}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
