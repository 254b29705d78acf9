import type { Bucket } from '../clients/object-storage/bucket.js';
import type { KnownSeal } from '../ledger/audit/seals.js';
import type { Witness } from '../ledger/audit/witnesses.js';

/** Each seal an object that nobody can delete; its name has number and hash, so that a list of names is the whole testimony. */

const DAY_MS = 86_400_000;
const DIGITS = 15;
const NAME = /(\d{15})-([0-9a-f]{64})\.json$/;
const PREFIX = 'dealbridge-seal-';

export function createWitnessBucket(bucket: Bucket, options: { name: string; retentionDays: number }): Witness {
  const list = (after: string) => readNames(bucket, after);
  return {
    name: options.name,
    async findLast(newest) {
      // Most often it has the newest but one; the further it is behind, the longer the steps back.
      for (let step = 1n; ; step *= 10n) {
        const from = BigInt(newest) - step;
        let last: KnownSeal | undefined;
        for await (const seal of list(from > 0n ? toStart(from) : PREFIX)) last = seal;
        if (last || from <= 0n) return last;
      }
    },
    async append(seals) {
      for (const { number, sealHash, at } of seals) {
        // From when it is put: a seal that comes late is kept as long as the others.
        const until = new Date(Date.now() + options.retentionDays * DAY_MS);
        await bucket.putLocked(
          `${toStart(BigInt(number))}-${sealHash}.json`,
          `${JSON.stringify({ number, sealHash, at })}\n`,
          until,
        );
      }
    },
    list: () => list(PREFIX),
  };
}

async function* readNames(bucket: Bucket, after: string): AsyncGenerator<KnownSeal> {
  for await (const name of bucket.listAfter(PREFIX, after)) {
    const [, number, sealHash] = NAME.exec(name) ?? [];
    if (number !== undefined && sealHash !== undefined) yield { number: String(BigInt(number)), sealHash };
  }
}

/** All names of a number follow this one. */
function toStart(number: bigint): string {
  return PREFIX + String(number).padStart(DIGITS, '0');
}
