import { randomBytes } from 'node:crypto';
import { isSameSecret } from './same-secret.js';

/** Without an issuer: whoever reads what the process prints may sign in, once for each link, on this machine. */
export interface OneTimeLink {
  /** Makes another one; the one before is worth nothing any more. */
  renew(): string;
  /** True once. */
  take(token: string): boolean;
}

const LIFETIME_MS = 15 * 60_000;

export function createOneTimeLink(now: () => Date): OneTimeLink {
  let current: { readonly token: string; readonly expiresAt: number } | undefined;
  return {
    renew() {
      const token = randomBytes(24).toString('base64url');
      current = { token, expiresAt: now().getTime() + LIFETIME_MS };
      return token;
    },
    take(token) {
      if (!current || current.expiresAt <= now().getTime() || !isSameSecret(token, current.token)) return false;
      current = undefined;
      return true;
    },
  };
}
