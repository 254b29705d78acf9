import { InternalError } from '../../deal/errors.js';

/** Rows by the stamp of their last change, as every feed of Business Central reads them. */

interface Stamped {
  readonly lastModified: string;
}

/** A page of Business Central holds no more (reference/business-central 6.3). */
const MAX_PAGE_ROWS = 20_000;
/** By so much Business Central itself goes back when it names a moment (reference/business-central 6.3). */
const ROUNDING_MS = 50;

/**
 * A page that ends later than it begins, so that the next one gets further: for rows that share a moment it grows. The
 * next one begins somewhat before the end of this one, for stamps that are the same or were rounded.
 */
export async function readGrowingPage<Page extends { readonly hasMore: boolean }>(
  read: (since: Date, size: number) => Promise<Page>,
  lastOf: (page: Page) => Stamped | undefined,
  since: Date,
  pageSize: number,
): Promise<{ readonly page: Page; readonly next: string | undefined }> {
  for (let size = pageSize; ; size = Math.min(2 * size, MAX_PAGE_ROWS)) {
    const page = await read(since, size);
    if (!page.hasMore) return { page, next: undefined };
    const last = lastOf(page);
    if (!last) throw new InternalError('a page of changes is empty, and yet there are said to be more');
    const next = new Date(Date.parse(last.lastModified) - ROUNDING_MS);
    if (next > since) return { page, next: next.toISOString() };
    if (size === MAX_PAGE_ROWS) throw new InternalError(`more than ${size} rows were changed at ${last.lastModified}`);
  }
}

/**
 * Where a reading goes on, or begins. One that is further than the ledger knows began before the ledger was restored: what lies
 * between is not known to anybody any more.
 */
export function findPlace(next: string | undefined, watermark: Date, overlapMs: number): Date {
  const place = next === undefined ? undefined : new Date(next);
  return place && place <= watermark ? place : new Date(watermark.getTime() - overlapMs);
}

/**
 * The stamp that was read last; at the end also the time itself, or the last rows before a quiet weekend would be read
 * every few seconds until Monday.
 * @param began of a reading that has reached its end
 * @param ambiguityWindowMs how long a transaction may be open: what commits later bears a stamp that is older by as much
 */
export function findReached(
  last: Stamped | undefined,
  began: string | undefined,
  ambiguityWindowMs: number,
): Date | undefined {
  const stamps = last ? [Date.parse(last.lastModified)] : [];
  if (began !== undefined) stamps.push(Date.parse(began) - ambiguityWindowMs);
  return stamps.length > 0 ? new Date(Math.max(...stamps)) : undefined;
}
