import { describe } from 'vitest';
import { testActions } from './actions.js';
import { testDimensions } from './dimensions.js';
import { testDocuments } from './documents.js';
import { testFiles } from './files.js';
import { testLines } from './lines.js';
import { testMasterData } from './master-data.js';
import { testQueries } from './queries.js';
import { type BusinessCentralUnderTest, openRequests } from './requests.js';
import { testValues } from './values.js';

/** What any Business Central must do for our client and others. */
export function testBusinessCentral(name: string, open: () => Promise<BusinessCentralUnderTest>): void {
  describe(`Business Central: ${name}`, () => {
    const requests = openRequests(open);
    testMasterData(requests);
    testDocuments(requests);
    testLines(requests);
    testActions(requests);
    testFiles(requests);
    testQueries(requests);
    testDimensions(requests);
    testValues(requests);
  });
}
