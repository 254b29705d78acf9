/** The longest wait that a server's word is taken for: an hour is a fault of the server, not a throttle. */
const MAX_MS = 3_600_000;

/**
 * Milliseconds to wait by a Retry-After header: whole seconds or an HTTP date (RFC 9110, 10.2.3).
 * Never 0, because Temporal reads a zero delay as "do not retry"; undefined when the header says nothing usable.
 */
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
