import { createHash } from 'node:crypto';
import type { Clock } from '../deal/clock.js';
import type { KeyRing } from '../secrets/key-ring.js';
import { createSecretCheck, type SecretCheck } from '../secrets/secret-check.js';

/** Who may have payloads opened: whoever has the token, and a browser that showed it here a while ago. */
export interface SignIn {
  readonly isToken: SecretCheck;
  /** A cookie's worth: sealed, so that nobody but us can make one, and worth nothing after the hours. */
  createSession(): string;
  isSession(text: string): boolean;
}

export const SESSION_SECONDS = 12 * 3_600;

export function createSignIn(ring: KeyRing, token: string, clock: Clock): SignIn {
  // Another token ends the sessions of the one before.
  const purpose = `codec session ${createHash('sha256').update(token).digest('hex')}`;
  return {
    isToken: createSecretCheck(async () => [{ kind: 'secret', secret: token }], clock),
    createSession() {
      const expiresAt = clock.now().getTime() + SESSION_SECONDS * 1_000;
      return ring.seal(Buffer.from(String(expiresAt)), purpose).toString('base64url');
    },
    isSession(text) {
      try {
        return Number(ring.open(Buffer.from(text, 'base64url'), purpose).toString()) > clock.now().getTime();
      } catch {
        return false;
      }
    },
  };
}
