import { findCreated, recordExchange, recordLeft, skipWriting } from './record.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape is what a contract test looks into
  readonly body: any;
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

export interface Asking {
  readonly ask: Ask;
  /** Says that a row was created where the answer does not tell, as upserts do not. */
  made(path: string): void;
  /** Takes away what was created, the newest first; what stays is recorded. Rows that go with another one are gone by then. */
  clear(): Promise<void>;
}

export function createAsk(base: string, token: string): Ask {
  return openAsking(base, token).ask;
}

export function openAsking(base: string, token: string): Asking {
  const created = new Set<string>();
  const urlOf = (path: string): string => (/^https?:/.test(path) ? path : `${base}/${path}`);
  const send = (method: string, url: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
    fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'accept-language': 'en-US',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    async ask(method, path, body, headers = {}) {
      skipWriting(method);
      const answer = await readAnswer(await send(method, urlOf(path), body, headers));
      recordExchange(method, path, answer);
      for (const url of findCreated(method, urlOf(path), answer)) created.add(url);
      return answer;
    },
    made(path) {
      created.add(urlOf(path));
    },
    async clear() {
      for (const url of [...created].reverse()) {
        const { status } = await send('DELETE', urlOf(url), undefined, { 'if-match': '*' });
        if (status >= 400 && status !== 404) recordLeft(url, status);
      }
    },
  };
}

/** A form by POST, or a GET; fields that are undefined are left out. */
export async function askForm(
  url: string,
  fields?: Readonly<Record<string, string | undefined>>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields ?? {})) if (value !== undefined) form.set(name, value);
  const method = fields ? 'POST' : 'GET';
  const answer = await readAnswer(await fetch(url, { headers, method, ...(fields && { body: form }) }));
  recordExchange(method, new URL(url).pathname, answer);
  return answer;
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
  };
}
