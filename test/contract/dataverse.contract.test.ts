import { startSimulators } from '@dealbridge/simulators';
import { describe, it } from 'vitest';
import { getToken } from '../support/tokens.js';
import { testDataverse } from './dataverse/contract.js';

testDataverse('the simulator', async () => {
  const simulators = await startSimulators({ products: 20, accounts: 12, documents: 3 });
  const { connection, dataverse } = simulators;
  const price = dataverse.store.all('productpricelevel').next().value;
  if (!price) throw new Error('the seed holds no prices');
  return {
    root: `${connection.dataverse}/api/data/v9.2`,
    token: await getToken(connection, connection.dataverseApp),
    product: {
      id: String(price['productid']),
      unitId: String(price['uomid']),
      priceListId: String(price['pricelevelid']),
      currencyId: String(price['transactioncurrencyid']),
    },
    close: () => simulators.stop(),
  };
});

const { DATAVERSE_CONTRACT_ROOT, DATAVERSE_CONTRACT_TOKEN, DATAVERSE_CONTRACT_PRODUCT } = process.env;
if (DATAVERSE_CONTRACT_ROOT && DATAVERSE_CONTRACT_TOKEN && DATAVERSE_CONTRACT_PRODUCT) {
  // product,unit,price list,currency
  const [id = '', unitId = '', priceListId = '', currencyId = ''] = DATAVERSE_CONTRACT_PRODUCT.split(',');
  testDataverse('a real tenant', async () => ({
    root: DATAVERSE_CONTRACT_ROOT,
    token: DATAVERSE_CONTRACT_TOKEN,
    product: { id, unitId, priceListId, currencyId },
    isKept: true,
    close: async () => undefined,
  }));
} else {
  describe('Dataverse: a real tenant', () => {
    it.skip('not run: DATAVERSE_CONTRACT_ROOT, _TOKEN and _PRODUCT are not set', () => undefined);
  });
}
