import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, createAsk } from '../contract/ask.js';
import { getToken } from '../support/tokens.js';

/** The limits of Business Central online (reference/business-central 8), lowered so that a test reaches them. */

let simulators: Simulators;
let ask: Ask;
let company: string;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 8, documents: 3 });
  const { connection, businessCentral } = simulators;
  const root = `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}/api/v2.0`;
  ask = createAsk(root, await getToken(connection, connection.businessCentralApp));
  company = `companies(${businessCentral.company.id})`;
  const lower = { pageSize: 2, batchOperations: 2, bodyBytes: 500 };
  await fetch(`${connection.businessCentral}/_sim/limits`, { method: 'POST', body: JSON.stringify(lower) });
});
afterAll(() => simulators.stop());

describe('limits of Business Central', () => {
  it('8: an answer has one page of entities, and a larger page is refused with 413', async () => {
    const { body } = await ask('GET', `${company}/customers?$select=number`);
    expect(body.value).toHaveLength(2);
    expect(body['@odata.nextLink']).toMatch(/aid=FIN&\$skiptoken=/);
    const refused = await ask('GET', `${company}/customers`, undefined, { prefer: 'odata.maxpagesize=3' });
    expect(refused.status).toBe(413);
  });

  it('8: more operations than the most are too many', async () => {
    const requests = ['1', '2', '3'].map((id) => ({ id, method: 'GET', url: `${company}/items?$top=1` }));
    expect((await ask('POST', '$batch', { requests: requests.slice(1) })).status).toBe(200);
    const { body } = await ask('POST', '$batch', { requests });
    expect(body.error.message).toContain("A maximum number of '2'");
  });

  it('8 and 10.4: a larger body is 413', async () => {
    const customer = { displayName: 'Large', website: 'x'.repeat(200) };
    expect((await ask('POST', `${company}/customers`, customer)).status).toBe(201);
    expect((await ask('POST', `${company}/customers`, { ...customer, city: 'y'.repeat(300) })).status).toBe(413);
  });
});
