/** The longest wait that a server's word is taken for: an hour is a fault of the server, not a throttle. */
const MAX_MS = 3_600_000;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Milliseconds to wait by a Retry-After header: whole seconds or an HTTP date (RFC 9110, 10.2.3), which is meant by the clock of the
 * server. Never 0, because Temporal reads a zero delay as "do not retry"; undefined when the header says nothing usable.
 */
export function readRetryAfter(headers: Headers): number | undefined {
  const serverNow = parseHttpDate(firstOf(headers['date']) ?? '');
  return parseRetryAfter(firstOf(headers['retry-after']), Number.isNaN(serverNow) ? Date.now() : serverNow);
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1_000 : parseHttpDate(text) - now;
  if (!Number.isFinite(milliseconds)) return undefined;
  return Math.min(Math.max(milliseconds, 1_000), MAX_MS);
}

function parseHttpDate(text: string): number {
  return /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
}
