import type { Issuer } from '../../src/http/authentication/issuer.js';
import type { Role } from '../../src/identity/permissions.js';

/** Says of everybody what the test says next; the real one is tried in desk-sign-in.db.test.ts. */
export interface TestIssuer extends Issuer {
  next: { readonly name: string; readonly roles: readonly Role[] };
}

export function createTestIssuer(): TestIssuer {
  const issuer: TestIssuer = {
    next: { name: 'Paula Stein', roles: ['Approver'] },
    async begin(redirectUri) {
      return { url: new URL(`${redirectUri}?code=one&state=s`), attempt: { state: 's', nonce: 'n', verifier: 'v' } };
    },
    async finish() {
      return { ...issuer.next, subject: issuer.next.name, isVerified: true };
    },
    async readToken() {
      return { ...issuer.next, subject: issuer.next.name, isVerified: true };
    },
  };
  return issuer;
}
