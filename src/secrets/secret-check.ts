import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../deal/clock.js';
import type { Credential } from './credential.js';

const KEEP_MS = 30_000;
const KEEP_AFTER_MISS_MS = 1_000;

export type SecretCheck = (given: string) => Promise<boolean>;

/** Compares in constant time with every secret that is valid; a new one is known at once, an ended one for seconds. */
export function createSecretCheck(find: () => Promise<readonly Credential[]>, clock: Clock): SecretCheck {
  let known: readonly Buffer[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  const read = async (): Promise<void> => {
    const found = await find();
    known = found.flatMap((credential) => (credential.kind === 'secret' ? [digest(credential.secret)] : []));
    readAt = clock.now().getTime();
  };
  const isKnown = (given: Buffer): boolean => known.filter((secret) => timingSafeEqual(secret, given)).length > 0;
  return async (text) => {
    const given = digest(text);
    if (clock.now().getTime() - readAt > KEEP_MS) await read();
    if (isKnown(given)) return true;
    if (clock.now().getTime() - readAt < KEEP_AFTER_MISS_MS) return false;
    await read();
    return isKnown(given);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
