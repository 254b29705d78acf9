import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { describe, it } from 'vitest';
import { getToken } from '../support/tokens.js';
import { testBusinessCentral } from './business-central/contract.js';

async function open() {
  const simulators: Simulators = await startSimulators({ products: 20, accounts: 12, documents: 3 });
  const { connection, businessCentral } = simulators;
  return {
    root: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}/api/v2.0`,
    companyId: businessCentral.company.id,
    token: await getToken(connection, connection.businessCentralApp),
    itemNumber: 'EQ-1001',
    customerNumber: 'C10001',
    close: () => simulators.stop(),
  };
}

testBusinessCentral('the simulator', open);

const { BC_CONTRACT_ROOT, BC_CONTRACT_COMPANY_ID, BC_CONTRACT_TOKEN, BC_CONTRACT_ITEM, BC_CONTRACT_CUSTOMER } =
  process.env;
if (BC_CONTRACT_ROOT && BC_CONTRACT_COMPANY_ID && BC_CONTRACT_TOKEN && BC_CONTRACT_ITEM && BC_CONTRACT_CUSTOMER) {
  testBusinessCentral('a real tenant', async () => ({
    root: BC_CONTRACT_ROOT,
    companyId: BC_CONTRACT_COMPANY_ID,
    token: BC_CONTRACT_TOKEN,
    itemNumber: BC_CONTRACT_ITEM,
    customerNumber: BC_CONTRACT_CUSTOMER,
    isKept: true,
    close: async () => undefined,
  }));
} else {
  describe('Business Central: a real tenant', () => {
    it.skip('not run: BC_CONTRACT_ROOT, _COMPANY_ID, _TOKEN, _ITEM and _CUSTOMER are not set', () => undefined);
  });
}
