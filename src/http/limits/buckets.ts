/** How often each source may do something: tokens that come back with time. */
export interface Buckets {
  /** Takes one token; the milliseconds until there is one, when there is none. */
  take(source: string): number;
  isEmpty(source: string): boolean;
  readonly size: number;
}

/** More sources than this are not remembered: the one that was quiet longest starts afresh. */
const MAX_SOURCES = 10_000;

export function createBuckets(perSecond: number, burst: number, now: () => number, most = MAX_SOURCES): Buckets {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const left = (source: string, at: number): number => {
    const last = buckets.get(source) ?? { tokens: burst, at };
    return Math.min(burst, last.tokens + (Math.max(0, at - last.at) / 1_000) * perSecond);
  };
  return {
    take(source) {
      const at = now();
      const tokens = left(source, at);
      const isFree = tokens >= 1;
      // Taken out and put in again, a source moves to the end: the first one is the one that was quiet longest.
      buckets.delete(source);
      buckets.set(source, { tokens: isFree ? tokens - 1 : tokens, at });
      if (buckets.size > most) for (const [oldest] of buckets) if (buckets.delete(oldest)) break;
      return isFree ? 0 : ((1 - tokens) / perSecond) * 1_000;
    },
    isEmpty: (source) => left(source, now()) < 1,
    get size() {
      return buckets.size;
    },
  };
}
