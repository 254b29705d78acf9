import { randomUUID } from 'node:crypto';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import { DataverseError, type Store } from './store.js';

/** `$batch` as multipart/mixed with atomic change sets (reference/dataverse-sales 9). */

interface Part {
  readonly contentId: string | undefined;
  readonly request: SimRequest;
}

type Item = { readonly kind: 'one'; readonly part: Part } | { readonly kind: 'set'; readonly parts: readonly Part[] };

export interface BatchRun {
  readonly store: Store;
  readonly request: SimRequest;
  readonly handle: (request: SimRequest) => SimResponse;
  /** The same, but a refusal is thrown, so that a change set can be undone. */
  readonly attempt: (request: SimRequest) => SimResponse;
  readonly toAnswer: (error: unknown) => SimResponse;
}

const MOST = 1_000;
const CRLF = '\r\n';

export function runBatch(run: BatchRun): SimResponse {
  const { request, store } = run;
  const items = readItems(request.headers['content-type'] ?? '', request.body.toString('utf8'), request);
  const count = items.reduce((sum, item) => sum + (item.kind === 'one' ? 1 : item.parts.length), 0);
  if (count > MOST)
    throw new DataverseError(400, '0x80060888', `The batch holds ${count} operations; at most ${MOST} are allowed.`);
  const goesOn = /odata\.continue-on-error(?!=false)/i.test(request.headers['prefer'] ?? '');
  const boundary = `batchresponse_${randomUUID()}`;
  const sections: string[] = [];
  let failed: SimResponse | undefined;
  for (const item of items) {
    if (item.kind === 'one') {
      const answer = run.handle(item.part.request);
      sections.push(section(answer, item.part.contentId));
      if (answer.status >= 400) failed = answer;
    } else {
      const { text, failure } = runChangeSet(run, store, item.parts);
      sections.push(text);
      failed = failure ?? failed;
    }
    if (failed && !goesOn) break;
  }
  const body = `${sections.map((text) => `--${boundary}${CRLF}${text}`).join('')}--${boundary}--${CRLF}`;
  const status = failed && !goesOn ? failed.status : 200;
  const headers = {
    'content-type': `multipart/mixed; boundary=${boundary}`,
    'odata-version': '4.0',
    ...(goesOn && { 'preference-applied': 'odata.continue-on-error' }),
  };
  return { status, headers, body };
}

/** All or nothing; `$1` stands for the row that an earlier part created. */
function runChangeSet(run: BatchRun, store: Store, parts: readonly Part[]): { text: string; failure?: SimResponse } {
  const made = new Map<string, string>();
  const boundary = `changesetresponse_${randomUUID()}`;
  try {
    const texts = store.transact(() =>
      parts.map((part) => {
        if (part.request.method === 'GET')
          throw new DataverseError(400, '0x80060888', 'GET requests are not allowed in a change set.');
        const answer = run.attempt(resolveReferences(part.request, made));
        const location = answer.headers?.['odata-entityid'] ?? answer.headers?.['location'];
        if (part.contentId && location) made.set(part.contentId, location);
        return `--${boundary}${CRLF}${section(answer, part.contentId)}`;
      }),
    );
    const text = `Content-Type: multipart/mixed; boundary=${boundary}${CRLF}${CRLF}${texts.join('')}--${boundary}--${CRLF}`;
    return { text };
  } catch (error) {
    const failure = run.toAnswer(error);
    return { text: section(failure, undefined), failure };
  }
}

function resolveReferences(request: SimRequest, made: ReadonlyMap<string, string>): SimRequest {
  const replace = (text: string): string =>
    text.replace(/\$(\d+)(?=[/"(?]|$)/g, (whole, id: string) => {
      const location = made.get(id);
      if (!location)
        throw new DataverseError(
          400,
          '0x80060888',
          `Content-ID Reference: '${whole}' does not exist in the batch context.`,
        );
      return location;
    });
  const rawUrl = /(?:^|\/)\$\d+/.test(request.rawUrl)
    ? replace(request.rawUrl.replace(/^\/(?:api\/data\/v9\.\d\/)?(?=\$\d)/, '')).replace(/^https?:\/\/[^/]+/, '')
    : request.rawUrl;
  const body = request.body
    .toString('utf8')
    .replace(
      /("[^"]+@odata\.bind"\s*:\s*")(\$\d+)(")/g,
      (_all, before: string, reference: string, after: string) => before + replace(reference) + after,
    );
  return { ...request, rawUrl, body: Buffer.from(body) };
}

function section(answer: SimResponse, contentId: string | undefined): string {
  const body =
    answer.body === undefined ? '' : typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  const names: Record<string, string> = {
    'odata-entityid': 'OData-EntityId',
    location: 'Location',
    'content-type': 'Content-Type',
    'odata-version': 'OData-Version',
    'retry-after': 'Retry-After',
    'preference-applied': 'Preference-Applied',
  };
  const headers = Object.entries(answer.headers ?? {}).flatMap(([name, value]) =>
    names[name] ? [`${names[name]}: ${value}`] : [],
  );
  const reason = REASONS[answer.status] ?? 'Answer';
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId ? [`Content-ID: ${contentId}`] : []),
    '',
    `HTTP/1.1 ${answer.status} ${reason}`,
    ...headers,
    '',
    body,
    '',
  ].join(CRLF);
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  412: 'Precondition Failed',
  429: 'Too Many Requests',
};

function readItems(contentType: string, text: string, outer: SimRequest): Item[] {
  const items: Item[] = [];
  for (const { headers, body } of readParts(contentType, text)) {
    const type = headers['content-type'] ?? '';
    if (/multipart\/mixed/i.test(type)) {
      items.push({ kind: 'set', parts: readParts(type, body).map((part) => toPart(part.headers, part.body, outer)) });
    } else if (/application\/http/i.test(type)) {
      items.push({ kind: 'one', part: toPart(headers, body, outer) });
    } else throw bad(`a part of type '${type}' cannot be read`);
  }
  return items;
}

function readParts(contentType: string, text: string): { headers: Record<string, string>; body: string }[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!/multipart\/mixed/i.test(contentType) || !boundary)
    throw bad('the content type must be multipart/mixed with a boundary');
  const pieces = text.replaceAll('\r\n', '\n').split(`--${boundary}`);
  return pieces
    .slice(1)
    .filter((piece) => !piece.startsWith('--'))
    .map((piece) => {
      const trimmed = piece.replace(/^\n/, '');
      const end = trimmed.indexOf('\n\n');
      const head = end < 0 ? trimmed : trimmed.slice(0, end);
      return { headers: readHeaders(head.split('\n')), body: end < 0 ? '' : trimmed.slice(end + 2) };
    });
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const mark = line.indexOf(':');
    if (mark > 0) headers[line.slice(0, mark).trim().toLowerCase()] = line.slice(mark + 1).trim();
  }
  return headers;
}

function toPart(headers: Readonly<Record<string, string>>, text: string, outer: SimRequest): Part {
  const [start = '', ...rest] = text.replace(/^\n+/, '').split('\n');
  // Spaces that are not encoded are taken, as Microsoft's SDK sends them (PowerPlatform-DataverseClient-Python,
  // data/_odata_base.py, _build_get_entity).
  const found = /^(GET|POST|PATCH|PUT|DELETE) (\S+(?: .*?)??)(?: HTTP\/\d\.\d)?$/.exec(start.trim());
  if (!found) throw bad(`'${start.slice(0, 80)}' is no request line`);
  const blank = rest.indexOf('');
  const inner = readHeaders(blank < 0 ? rest : rest.slice(0, blank));
  const body =
    blank < 0
      ? ''
      : rest
          .slice(blank + 1)
          .join('\n')
          .trim();
  const url = (found[2] as string).replace(/^https?:\/\/[^/]+/, '');
  const rawUrl = url.startsWith('/') || url.startsWith('$') ? url : `/api/data/v9.2/${url}`;
  return {
    contentId: headers['content-id'] ?? inner['content-id'],
    request: {
      method: found[1] as string,
      rawUrl,
      headers: { ...inner, authorization: outer.headers['authorization'], host: outer.headers['host'] },
      body: Buffer.from(body),
    },
  };
}

function bad(text: string): DataverseError {
  return new DataverseError(400, '0x80060888', `The batch is malformed: ${text}.`);
}
