import { describe } from 'vitest';
import { testCredentials } from './credentials.js';
import { testDocuments } from './documents.js';
import { type EntraUnderTest, openRequests } from './requests.js';

/** What any Entra must do for our client and others. */
export function testEntra(name: string, open: () => Promise<EntraUnderTest>): void {
  describe(`Entra: ${name}`, () => {
    const requests = openRequests(open);
    testDocuments(requests);
    testCredentials(requests);
  });
}
