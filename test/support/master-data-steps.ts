import type { Simulators } from '@dealbridge/simulators';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import { createDataverseActivities } from '../../src/activities/deals/sales.js';
import { createHoldWatch } from '../../src/activities/deals/watch-hold.js';
import { createMasterDataCreation, createMasterDataLookups } from '../../src/activities/masters/deal-master-data.js';
import { createMatchBusinessCentral, createMatchDataverse } from '../../src/activities/masters/match-accounts.js';
import { createAccountReaders, createCustomerSteps } from '../../src/activities/masters/sync-accounts.js';
import { createItemSteps, createProductReaders } from '../../src/activities/masters/sync-products.js';
import { createRulesOfRecords } from '../../src/activities/routing/rules-of-records.js';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import { createDataverseMasters } from '../../src/clients/dataverse/masters.js';
import type { Database } from '../../src/ledger/database.js';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { createBackfill } from '../../src/ledger/masters/backfill.js';
import { createMasterLedger } from '../../src/ledger/masters/masters.js';
import { createMatchLedger } from '../../src/ledger/masters/matching.js';
import { masterColumns } from '../../src/mapping/fields/master-fields.js';
import { createFindAccountsWithNumbers } from '../../src/mapping/plan/customer-identity.js';
import { createPreviewer } from '../../src/operations/deals/previewer.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { openSubscriptions } from './business-central.js';
import { loadProgressOf } from './posting.js';
import { createSimulatedTokens } from './tokens.js';

/** The steps of customers and items over the simulators, of a deal and of the rows' own sync, without Temporal. */
export function openMasterDataSteps(simulators: Simulators, database: Database, yaml: string) {
  const { connection, businessCentral: bc } = simulators;
  const { id: companyId } = bc.company;
  const rules = parseRules(yaml);
  const ofSales = {
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 10_000,
  };
  const businessCentral = createBusinessCentralClient({
    environmentUrl: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}`,
    companyId,
    tokens: createSimulatedTokens(connection, connection.businessCentralApp),
    timeoutMs: 10_000,
  });
  const dataverse = createDataverseClient(ofSales);
  const columns = {
    account: masterColumns('customer', rules.mapping),
    contact: masterColumns('contact', rules.mapping),
    product: masterColumns('item', rules.mapping),
  };
  const dataverseMasters = createDataverseMasters(ofSales, { columns, withContacts: rules.masters.contacts });
  const ledger = createLedger(database);
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, sets, subscriptions: openSubscriptions(simulators) };
  const findAccountsWithNumbers = createFindAccountsWithNumbers(dataverse, rules);
  const masters = createMasterLedger(database, companyId);
  const matching = createMatchLedger(database, companyId);
  const common = { ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
  const dependencies = {
    ...common,
    ...company,
    rules,
    findAccountsWithNumbers,
    dataverseMasters,
    masters,
    backfill: createBackfill(database),
    matching,
    findStrongCandidate: undefined,
  };
  const companies = { choose: async () => company, withId: async () => company };
  const rulesOfRecords = createRulesOfRecords({
    today: rules,
    findMapping: async () => undefined,
    withMappingOf: () => rules,
  });
  return {
    ledger,
    masters,
    matching,
    companyId,
    businessCentral,
    previewer: createPreviewer({ dataverse, companyOf: async () => businessCentral, ledger }, rules),
    ...createDataverseActivities({
      ...{ ...common, dataverse, companies, rules: rulesOfRecords, feeds: createFeedLedger(database) },
      claimDeal: createClaimDeal({ ledger }),
      loadProgress: loadProgressOf({ ledger, companyId }),
    }),
    ...createHoldWatch({ dataverse, ledger, companies, rules: rulesOfRecords }),
    ...createMasterDataLookups(dependencies),
    ...createMasterDataCreation(dependencies),
    ...createAccountReaders(dependencies),
    ...createCustomerSteps(dependencies),
    ...createProductReaders(dependencies),
    ...createItemSteps(dependencies),
    ...createMatchBusinessCentral(dependencies),
    ...createMatchDataverse(dependencies),
    close: () => Promise.all([businessCentral, dataverse, dataverseMasters].map((client) => client.close())),
  };
}
