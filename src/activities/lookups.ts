import type { BusinessCentralClient } from '../clients/business-central/client.js';
import type { ReferenceSets } from '../clients/business-central/reference-sets.js';
import type { WonDeal } from '../deal/deal.js';
import type { Lookups } from '../mapping/resolve.js';

/** What the mapping asks Business Central: reads only, most of them answered from memory. */
export function createLookups(businessCentral: BusinessCentralClient, sets: ReferenceSets, deal: WonDeal): Lookups {
  const number = deal.customer?.number;
  const items = new Map<string, Promise<ReadonlyMap<string, string>>>();
  let ofCustomer: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    findCode: (set, code, itemNumber) => sets.find(set, code, itemNumber),
    async findDimensionValue(dimension, value) {
      const found = await sets.find('dimensions', dimension);
      if (!found) return 'no-dimension';
      return found.values?.includes(value.toUpperCase()) ? 'found' : 'no-value';
    },
    customerDimensions() {
      ofCustomer ??= number ? businessCentral.readDefaultDimensions('customers', number) : Promise.resolve(new Map());
      return ofCustomer;
    },
    itemDimensions(item) {
      const known = items.get(item) ?? businessCentral.readDefaultDimensions('items', item);
      items.set(item, known);
      return known;
    },
  };
}
