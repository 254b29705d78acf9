import { RemoteApiError } from '../../src/clients/errors.js';
import type { WonDeal } from '../../src/deal/deal.js';
import type { PostingPeriod } from '../../src/deal/posting-period.js';
import type { DeskDependencies } from '../../src/http/desk-dependencies.js';
import type { PreviewCompany } from '../../src/operations/deals/previewer.js';

/** Sales and one company of Business Central as a preview reads them, without a server. */
export interface DeskSystems extends Pick<DeskDependencies, 'dataverse' | 'companyOf' | 'findPostingPeriod'> {
  /** Of the company. */
  period: PostingPeriod;
  /** What was asked of Business Central, in order. */
  readonly asked: string[];
  /** What somebody has done to a record in Sales. */
  change: (deal: WonDeal) => WonDeal;
  /** Before a record is read in Sales. */
  beforeReading: () => Promise<void>;
  /** As when Sales is down. */
  fail(): never;
}

const CUSTOMER_ID = '0b0b0000-0000-4000-8000-0000000c0001';
const ITEM_ID = '0b0b0000-0000-4000-8000-000000000101';
const TERMS = {
  '14 DAYS': '0b0b0000-0000-4000-8000-000000000014',
  '30 DAYS': '0b0b0000-0000-4000-8000-000000000030',
} as const;

export function createDeskSystems(companyId: string, findDeal: (recordId: string) => WonDeal): DeskSystems {
  const asked: string[] = [];
  const toCodes = (codes: Readonly<Record<string, string>>) =>
    Object.entries(codes).map(([code, id]) => ({ id, code, name: code }));
  const company: PreviewCompany = {
    companyId,
    findCustomer: async (number) => ({ id: CUSTOMER_ID, number }),
    readDefaultDimensions: async () => new Map(),
    async findWholeRows(set, numbers) {
      asked.push(set);
      const blocked = set === 'customers' ? '_x0020_' : false;
      return numbers.map((number) => ({
        id: set === 'customers' ? CUSTOMER_ID : ITEM_ID,
        ...{ number, displayName: `${set} ${number}`, blocked, directPosting: true, baseUnitOfMeasureCode: 'PCS' },
      }));
    },
    async readCodes(set) {
      asked.push(set);
      if (set === 'ledgerSetup') return [{ id: 'setup', code: 'LCY', name: 'EUR' }];
      if (set === 'paymentTerms') return toCodes(TERMS);
      return set === 'unitsOfMeasure' ? toCodes({ PCS: '0b0b0000-0000-4000-8000-00000000000c' }) : [];
    },
  };
  const systems: DeskSystems = {
    period: { from: undefined, to: undefined },
    asked,
    change: (deal) => deal,
    beforeReading: async () => undefined,
    fail() {
      throw new RemoteApiError('dataverse', 'unavailable', 'read the deal', { status: 503 });
    },
    dataverse: {
      async readDeal(_table, recordId) {
        await systems.beforeReading();
        return systems.change(findDeal(recordId));
      },
      findRecordIds: async () => [],
      findAccountsWithNumbers: async () => [],
    },
    companyOf: async () => company,
    findPostingPeriod: async () => systems.period,
  };
  return systems;
}
