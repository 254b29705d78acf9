import { isSameCode, toCode } from '../../deal/codes.js';
import { type CompanyCurrency, toCompanyCurrency } from '../../deal/currency.js';
import type { WonDeal } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { toCurrencyCode } from '../fields/fields.js';
import type { Lookups } from '../fields/resolve.js';
import type { CodeSet } from '../fields/targets.js';
import type { CodeTables } from '../rules/mapping.js';

/** As much of Business Central as a plan reads. */
export interface CompanyReader {
  findCustomer(number: string): Promise<{ readonly id: string; readonly number: string } | undefined>;
  /** Code to value. */
  readDefaultDimensions(set: 'customers' | 'items', number: string): Promise<ReadonlyMap<string, string>>;
}

interface Code {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly values?: readonly string[] | undefined;
  /** Of a currency. */
  readonly decimals?: number | undefined;
}

/** The codes of the company, as they were read last. */
export interface CodeReader {
  find(set: ReadableSet, code: string, itemNumber?: string): Promise<Code | undefined>;
  codes(set: 'unitsOfMeasure'): Promise<ReadonlySet<string>>;
}

type ReadableSet = Exclude<CodeSet, 'customers' | 'shortcutDimension1' | 'shortcutDimension2'> | OfDimensions;
type OfDimensions = 'dimensions' | 'ledgerSetup';

/** In the general ledger setup; the two global dimensions stand there under `1` and `2`. */
const LOCAL_CURRENCY = 'LCY';

/**
 * A currency of the company. The local one normally has no row among the others (reference/business-central 2.5), and where
 * it has one that is not what decides about it.
 */
export async function findCurrency(
  sets: Pick<CodeReader, 'find'>,
  code: string,
): Promise<Pick<Code, 'id' | 'code' | 'decimals'> | undefined> {
  const local = await sets.find('ledgerSetup', LOCAL_CURRENCY);
  const isLocal = local && local.name.toUpperCase() === code.trim().toUpperCase();
  return isLocal ? { id: local.id, code: local.name } : sets.find('currencies', code);
}

/** The currency of a deal as the company has it, by the table of the rules; undefined when it has no such currency. */
export async function findCompanyCurrency(
  iso: string,
  { currencies }: Pick<CodeTables, 'currencies'>,
  find: (code: string) => Promise<Pick<Code, 'code' | 'decimals'> | undefined>,
): Promise<CompanyCurrency | undefined> {
  const found = await find(toCurrencyCode(iso, currencies));
  return found && toCompanyCurrency(iso, found);
}

/** As much as rows of their own need, beside any deal: codes that the company has. */
export function createCodeLookups(sets: Pick<CodeReader, 'find'>): Pick<Lookups, 'findCode'> {
  return {
    async findCode(set, code, itemNumber) {
      if (set === 'currencies') return findCurrency(sets, code);
      if (set === 'customers' || set === 'shortcutDimension1' || set === 'shortcutDimension2') {
        throw new InternalError(`${set} are looked up for a deal only`);
      }
      return sets.find(set, code, itemNumber);
    },
  };
}

/** The number of the customer that stands for an account, where one is linked. */
export type FindCustomerNumber = (accountId: string) => Promise<string | undefined>;

/** What the mapping asks Business Central: reads only, most of them answered from memory. */
export function createLookups(
  businessCentral: CompanyReader,
  sets: CodeReader,
  deal: WonDeal,
  findCustomerNumber: FindCustomerNumber,
): Lookups & { readonly findCustomerNumber: FindCustomerNumber } {
  const items = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const customers = new Map<string, Promise<ReadonlyMap<string, string>>>();
  async function findCustomerOfDeal(): Promise<string | undefined> {
    const { customer } = deal;
    return customer && ((await findCustomerNumber(customer.accountId)) ?? customer.number);
  }
  async function findDimensionValue(dimension: string, value: string): Promise<'found' | 'no-dimension' | 'no-value'> {
    const found = await sets.find('dimensions', dimension);
    if (!found) return 'no-dimension';
    return found.values?.some((one) => isSameCode(one, value)) ? 'found' : 'no-value';
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
          const dimension = await sets.find('ledgerSetup', set.at(-1) ?? '');
          const isKnown = dimension && (await findDimensionValue(dimension.name, code)) === 'found';
          return isKnown ? { id: dimension.id, code: toCode(code) } : undefined;
        }
        default:
          return createCodeLookups(sets).findCode(set, code, itemNumber);
      }
    },
    findCustomerNumber,
    findDimensionValue,
    async shortcutNames() {
      const found = await Promise.all(['1', '2'].map((position) => sets.find('ledgerSetup', position)));
      return found.map((dimension) => dimension?.name ?? '');
    },
    async customerDimensions(billToNumber) {
      const number = billToNumber ?? (await findCustomerOfDeal());
      if (!number) return new Map();
      const known = customers.get(number) ?? businessCentral.readDefaultDimensions('customers', number);
      customers.set(number, known);
      return known;
    },
    itemDimensions(item) {
      const known = items.get(item) ?? businessCentral.readDefaultDimensions('items', item);
      items.set(item, known);
      return known;
    },
  };
}
