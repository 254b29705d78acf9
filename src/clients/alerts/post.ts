import { request } from 'undici';
import { readRetryAfter } from '../http/retry-after.js';
import { AlertError, codeOf, SEND_LIMIT_MS } from './channel.js';

/** One POST of JSON; anything but 2xx is a refusal. Redirects are not followed: they would carry a signature elsewhere. */
export async function postJson(
  by: string,
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<undefined> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(SEND_LIMIT_MS),
  }).catch((error: unknown) => {
    throw new AlertError(by, codeOf(error));
  });
  await answer.body.dump();
  if (answer.statusCode < 200 || answer.statusCode > 299) {
    throw new AlertError(by, `HTTP ${answer.statusCode}`, readRetryAfter(answer.headers));
  }
}
