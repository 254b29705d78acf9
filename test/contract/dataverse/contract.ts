import { describe } from 'vitest';
import { testActivities } from './activities.js';
import { testCustomizing } from './customizing.js';
import { testDocuments } from './documents.js';
import { testFetch } from './fetch.js';
import { testMetadata } from './metadata.js';
import { testOperations } from './operations.js';
import { testQueries } from './queries.js';
import { type DataverseUnderTest, openRequests } from './requests.js';
import { testRows } from './rows.js';
import { testSql } from './sql.js';
import { testValues } from './values.js';

/** What any Dataverse with Sales must do for our client and others. */
export function testDataverse(name: string, open: () => Promise<DataverseUnderTest>): void {
  describe(`Dataverse: ${name}`, () => {
    const requests = openRequests(open);
    testRows(requests);
    testValues(requests);
    testDocuments(requests);
    testQueries(requests);
    testMetadata(requests);
    testOperations(requests);
    testFetch(requests);
    testActivities(requests);
    testCustomizing(requests);
    testSql(requests);
  });
}
