import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { WonDeal } from '../../deal/deal.js';
import type { Lookups } from '../../mapping/fields/resolve.js';

/** What the mapping asks Business Central: reads only, most of them answered from memory. */
export function createLookups(businessCentral: BusinessCentralClient, sets: ReferenceSets, deal: WonDeal): Lookups {
  const number = deal.customer?.number;
  const items = new Map<string, Promise<ReadonlyMap<string, string>>>();
  let ofCustomer: Promise<ReadonlyMap<string, string>> | undefined;
  async function findDimensionValue(dimension: string, value: string): Promise<'found' | 'no-dimension' | 'no-value'> {
    const found = await sets.find('dimensions', dimension);
    if (!found) return 'no-dimension';
    return found.values?.includes(value.toUpperCase()) ? 'found' : 'no-value';
  }

  return {
    async findCode(set, code, itemNumber) {
      switch (set) {
        case 'customers': {
          const customer = await businessCentral.findCustomer(code);
          return customer && { id: customer.id, code: customer.number };
        }
        case 'shortcutDimension1':
        case 'shortcutDimension2': {
          const dimension = await sets.find('shortcutDimensions', set.at(-1) ?? '');
          const isKnown = dimension && (await findDimensionValue(dimension.name, code)) === 'found';
          return isKnown ? { id: dimension.id, code: code.toUpperCase() } : undefined;
        }
        default:
          return sets.find(set, code, itemNumber);
      }
    },
    findDimensionValue,
    async shortcutNames() {
      const found = await Promise.all(['1', '2'].map((position) => sets.find('shortcutDimensions', position)));
      return found.map((dimension) => dimension?.name ?? '');
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
