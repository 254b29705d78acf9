export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape is what a contract test looks into
  readonly body: any;
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

export function createAsk(base: string, token: string): Ask {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(/^https?:/.test(path) ? path : `${base}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'accept-language': 'en-US',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return readAnswer(response);
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
  return readAnswer(await fetch(url, { headers, ...(fields && { method: 'POST', body: form }) }));
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
