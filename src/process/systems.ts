import {
  type BusinessCentralClient,
  createBusinessCentralClient,
  findCompanyId,
} from '../clients/business-central/client.js';
import { createDataverseChanges, type DataverseChanges } from '../clients/dataverse/changes.js';
import { createDataverseClient, type DataverseClient } from '../clients/dataverse/client.js';
import { createDataverseFlows, type DataverseFlows } from '../clients/dataverse/flows.js';
import { type CompanyPlace, findCompanyRule, placeName, toPlace } from '../deal/companies.js';
import type { WonDeal } from '../deal/deal.js';
import type { Rules } from '../mapping/rules/rules.js';
import type { AllAccess } from './access.js';
import type { Config } from './config.js';
import { systemClock } from './system-clock.js';

/** Both systems, for whoever only reads: each company is opened once, when the first deal needs it. */
export interface Systems {
  readonly dataverse: DataverseClient;
  readonly dataverseFlows: Pick<DataverseFlows, 'findColumn'>;
  readonly changes: Pick<DataverseChanges, 'readRecords'>;
  /** The company that the rules choose for the deal. */
  readonly companyOf: (deal: WonDeal, rules: Rules) => Promise<BusinessCentralClient>;
  /** By its id in Business Central: the default company, or one that only rules name. */
  findCompany(companyId: string): Promise<BusinessCentralClient | undefined>;
  /** All that settings and rules name. */
  openCompanies(): Promise<readonly BusinessCentralClient[]>;
  close(): Promise<void>;
}

export function openSystems(config: Config, access: AllAccess): Systems {
  const first = config.businessCentral;
  const opened = new Map<string, BusinessCentralClient>();
  const dataverse = createDataverseClient(access.dataverse);
  const dataverseFlows = createDataverseFlows(access.dataverse);
  const changes = createDataverseChanges(access.dataverse, systemClock);
  const openCompany = async (place: CompanyPlace): Promise<BusinessCentralClient> => {
    const known = opened.get(placeName(place));
    if (known) return known;
    const options = access.businessCentralOf(place);
    const companyId = await findCompanyId({ ...options, companyName: place.company });
    const company = createBusinessCentralClient({ ...options, companyId });
    // Two may have asked for it at once.
    const other = opened.get(placeName(place));
    if (other) {
      await company.close();
      return other;
    }
    opened.set(placeName(place), company);
    return company;
  };
  return {
    dataverse,
    dataverseFlows,
    changes,
    async companyOf(deal, { companies }) {
      const rule = findCompanyRule(deal, companies);
      return openCompany(rule ? toPlace(rule, first) : first);
    },
    async findCompany(companyId) {
      // One that cannot be reached is no hindrance to finding another.
      let failure: unknown;
      for (const place of [first, ...first.furtherCompanies]) {
        const company = await openCompany(place).catch((error: unknown) => {
          failure ??= error;
          return undefined;
        });
        if (company?.companyId === companyId) return company;
      }
      if (failure !== undefined) throw failure;
      return undefined;
    },
    async openCompanies() {
      const companies: BusinessCentralClient[] = [];
      for (const place of [first, ...first.furtherCompanies]) companies.push(await openCompany(place));
      return companies;
    },
    async close() {
      await Promise.all([dataverse, dataverseFlows, changes, ...opened.values()].map((client) => client.close()));
    },
  };
}
