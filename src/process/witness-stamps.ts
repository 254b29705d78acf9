import type { TimeStampAuthority } from '../clients/time-stamp/authority.js';
import { TimeStampError } from '../clients/time-stamp/error.js';
import { findNewestStamp, readStamps, type StampedSeal, saveStamp, toStampedDigest } from '../ledger/audit/stamps.js';
import type { TestifiedSeal, Witness } from '../ledger/audit/witnesses.js';
import type { Queryable } from '../ledger/database.js';

/** An authority signs when it saw a seal; the ledger keeps its tokens, which nobody but the authority can make. */

export function createWitnessStamps(
  db: Queryable,
  findAuthority: () => Promise<TimeStampAuthority>,
  name: string,
): Witness {
  const testify = async ({ number, sealHash, token }: StampedSeal): Promise<TestifiedSeal> => {
    const authority = await findAuthority();
    try {
      authority.check(token, toStampedDigest({ number, sealHash }));
      return { number, sealHash };
    } catch (error) {
      if (!(error instanceof TimeStampError)) throw error;
      return { number, sealHash, fault: `its time stamp does not prove it (${error.message})` };
    }
  };
  return {
    name,
    async findLast() {
      const newest = await findNewestStamp(db);
      return newest && testify(newest);
    },
    async append(seals) {
      // A seal chains all before it: after an outage one stamp is enough.
      const newest = seals.at(-1);
      if (!newest) return;
      const { number, sealHash } = newest;
      const authority = await findAuthority();
      await saveStamp(db, { number, sealHash, token: await authority.stamp(toStampedDigest(newest)) });
    },
    async *list() {
      for await (const stamp of readStamps(db)) yield await testify(stamp);
    },
  };
}
