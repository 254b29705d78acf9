import type { Dispatcher } from 'undici';

/**
 * The whole body of an answer; undefined, with the connection given up, as soon as it is known to be larger. A limit of time alone
 * lets a fast sender fill the memory.
 */
export async function readAtMost(
  { headers, body }: Pick<Dispatcher.ResponseData, 'headers' | 'body'>,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = Number(headers['content-length'] ?? 0);
  if (size <= maxBytes) {
    size = 0;
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  }
  if (size <= maxBytes) return Buffer.concat(chunks);
  // The body's stream reports that it was given up; nobody waits for it.
  body.on('error', () => undefined).destroy();
  return undefined;
}

/** As {@link readAtMost}, in words. */
export async function readTextAtMost(
  answer: Pick<Dispatcher.ResponseData, 'headers' | 'body'>,
  maxBytes: number,
): Promise<string | undefined> {
  const bytes = await readAtMost(answer, maxBytes);
  // Leaves out the mark that may stand before UTF-8.
  return bytes && new TextDecoder().decode(bytes);
}
