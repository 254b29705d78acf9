import { createAuditActivities } from '../activities/audit/seal-audit.js';
import { createClaimDeal } from '../activities/deals/claim.js';
import { createLedgerActivities } from '../activities/deals/ledger.js';
import { createLoadProgress } from '../activities/deals/progress.js';
import { createResumeActivities } from '../activities/deals/resume-deals.js';
import { createDataverseActivities } from '../activities/deals/sales.js';
import { createSellerNoteActivities } from '../activities/deals/tell-sellers.js';
import { createHoldWatch } from '../activities/deals/watch-hold.js';
import { createWriteBackActivities } from '../activities/deals/write-back.js';
import { createConversionSteps } from '../activities/documents/conversion.js';
import { createDeletionSteps } from '../activities/documents/deletion.js';
import { createDraftSteps } from '../activities/documents/draft-steps.js';
import { createPostingSteps } from '../activities/documents/posting.js';
import { createInvoiceFeedActivities } from '../activities/feeds/invoice-feed.js';
import { createInvoiceSweepActivities, createInvoiceSweepLedgerSteps } from '../activities/feeds/invoice-sweep.js';
import { createReconcileSalesActivities } from '../activities/feeds/reconcile-sales.js';
import { createFeedSwitches, createSalesFeedActivities } from '../activities/feeds/sales-feed.js';
import { createSubscriptionActivities } from '../activities/feeds/subscriptions.js';
import { createFlowSteps } from '../activities/flows/flow-steps.js';
import { createFlows } from '../activities/flows/switched-on.js';
import { createMasterDataCreation, createMasterDataLookups } from '../activities/masters/deal-master-data.js';
import {
  createDriftBusinessCentral,
  createDriftDataverse,
  createDriftLedgerSteps,
} from '../activities/masters/drift.js';
import { createMasterLedgerActivities, type MasterLedgerDependencies } from '../activities/masters/master-ledger.js';
import {
  createMatchBusinessCentral,
  createMatchDataverse,
  createMatchLedgerSteps,
} from '../activities/masters/match-accounts.js';
import { createFindStrongCandidate } from '../activities/masters/strong-candidates.js';
import { createAccountReaders, createCustomerSteps } from '../activities/masters/sync-accounts.js';
import { createItemSteps, createProductReaders } from '../activities/masters/sync-products.js';
import type { Company } from '../activities/routing/companies.js';
import { routeByCompany, routeByContext } from '../activities/routing/route-steps.js';
import type { ChangeHint } from '../deal/change-hints.js';
import type { RecordRef } from '../deal/deal.js';
import type { DealLabel } from '../deal/run-summary.js';
import { createFindRunningDeals } from '../dispatch/running-deals.js';
import { startDeal } from '../dispatch/start-deal.js';
import { createTakeSalesChanges } from '../dispatch/take-changes.js';
import { createFindConcernedRows, createFollowMasters, createTakeMasters } from '../dispatch/take-master-changes.js';
import { createWakeWaitingDeals } from '../dispatch/wake-waiting-deals.js';
import { createDetections } from '../ledger/deals/detections.js';
import { createSellerNotes } from '../ledger/deals/seller-notes.js';
import { createWaiting } from '../ledger/deals/waiting.js';
import { createFlowLedger } from '../ledger/feeds/flows.js';
import { createFeedLedger } from '../ledger/feeds/sales-feeds.js';
import { createBackfill } from '../ledger/masters/backfill.js';
import { createDriftLedger } from '../ledger/masters/drift.js';
import { createMasterLedger } from '../ledger/masters/masters.js';
import { createMatchLedger } from '../ledger/masters/matching.js';
import { createFindAccountsWithNumbers } from '../mapping/plan/customer-identity.js';
import type { Config } from '../process/config.js';
import { createCredentialProvider, createNoticeSecrets, getNewestNoticeSecret } from '../process/credentials.js';
import { waitFor } from '../process/patient-start.js';
import type { Runtime } from '../process/runtime.js';
import { systemClock } from '../process/system-clock.js';
import { noteAt, openWitnesses } from '../process/witnesses.js';
import { createDecisionProofs } from '../secrets/decision-proof.js';
import { openAlerts } from './alerts.js';
import { logMoves } from './log-moves.js';
import type { Systems } from './systems.js';

/** Which activities poll which queue, and what each of them is given; nothing is decided here. */
export async function createActivities(config: Config, runtime: Runtime, systems: Systems) {
  const { database, log, ring, temporal, vault } = runtime;
  const ledger = logMoves(runtime.ledger, log);
  const { first, companies, dataverse, changes, dataverseMasters, dataverseFlows, rulesOfRecords } = systems;
  const { rules } = config;
  const { companyId } = first;
  const start = (ref: RecordRef, hint?: ChangeHint, label?: DealLabel) =>
    startDeal({ temporal, ledger }, ref, hint, label);
  const feeds = createFeedLedger(database);
  const detections = createDetections(database);
  const waiting = createWaiting(database);
  const wake = createWakeWaitingDeals({ startDeal: start, waiting });
  const follow = createFollowMasters(temporal, rules.masters);
  const followMaster: MasterLedgerDependencies['follow'] = (kind, rowId, isThorough) =>
    kind === 'product'
      ? follow.followProduct(rowId, { isThorough })
      : follow.followAccount(kind, rowId, { isThorough });
  const backfill = createBackfill(database);
  const { ambiguityWindowMs } = config.businessCentral;
  const dataverseWindow = { ambiguityWindowMs: config.dataverse.ambiguityWindowMs };
  const writeBack = { dataverse, ledger, feeds, clock: systemClock, ...dataverseWindow };
  const claimDeal = createClaimDeal({ ledger, lines: rules.lines });
  const loadProgress = createLoadProgress({
    ...{ ledger, companyId, rules, findLanes: systems.findLanes },
    takesUnsealedDecisions: config.unsealedDecisions,
  });
  const sales = createDataverseActivities({ ...writeBack, rules: rulesOfRecords, companies, claimDeal, loadProgress });
  const candidatesIn = (company: Company) =>
    createFindStrongCandidate({ ...company, matching: createMatchLedger(database, company.companyId), rules });
  const stepsIn = (company: Company) => ({
    ...company,
    ledger,
    clock: systemClock,
    ambiguityWindowMs,
    findStrongCandidate: candidatesIn(company),
    findAccountsWithNumbers: createFindAccountsWithNumbers(dataverse, rules),
  });
  const flowsIn = (company: Company) => {
    const flows = createFlowLedger(database, company.companyId);
    const dataverseAmbiguityMs = config.dataverse.ambiguityWindowMs;
    const { currencies } = rules.mapping.tables;
    const dependencies = {
      ...stepsIn(company),
      currencies,
      timeZone: rules.mapping.timeZone,
      lines: rules.lines,
      dataverse,
      dataverseFlows,
      dataverseAmbiguityMs,
      flows,
      feeds,
    };
    return createFlowSteps({ flows, switchedOn: createFlows(dependencies, rules.flows) });
  };
  const webhookSecrets = createCredentialProvider(vault, 'webhook', config.starter.webhookSecret);
  const noticeSecrets = createNoticeSecrets(webhookSecrets, config.businessCentral.clientState);
  await waitFor('PostgreSQL', () => getNewestNoticeSecret(noticeSecrets), { log });
  // Master data is kept in agreement with the default company alone.
  const masterDataDeps = {
    ...stepsIn(first),
    rules,
    dataverseMasters,
    masters: createMasterLedger(database, companyId),
    backfill,
    matching: createMatchLedger(database, companyId),
    drift: createDriftLedger(database, companyId),
  };

  return {
    alerts: openAlerts(config, runtime),
    /** Not of a queue: whoever keeps the pace of a full reading needs them. */
    backfill: { backfill, follow },
    deals: {
      ...createLedgerActivities({
        ...{ ledger, loadProgress, claimDeal, rules: rulesOfRecords, startDeal: start },
        decisions: { proofs: createDecisionProofs(ring, systemClock), unverified: config.unverifiedDecisions },
      }),
      ...createAuditActivities({ ledger, noteSeals: () => noteAt(database, openWitnesses(config, database)), log }),
      ...createFeedSwitches(feeds),
      ...createInvoiceSweepLedgerSteps({ ledger }),
      ...createMasterLedgerActivities({
        ...{ masters: masterDataDeps.masters, backfill, follow: followMaster },
        wake: (rowId) => wake.wakeDealsOf([rowId]),
      }),
      ...createMatchLedgerSteps(masterDataDeps),
      ...createDriftLedgerSteps({ ...masterDataDeps, follow: followMaster }),
    },
    dataverse: {
      ...sales,
      ...createWriteBackActivities({ ...writeBack, rules }),
      ...createSalesFeedActivities({
        changes,
        feeds,
        detections,
        rules,
        clock: systemClock,
        getOwnUserId: once(async () => (await dataverse.whoAmI()).userId),
        take: createTakeSalesChanges({
          startDeal: start,
          waiting: { ...waiting, findConcernedRows: createFindConcernedRows(waiting, rules.masters) },
          ...createTakeMasters({ wake, follow, backfill }),
        }),
      }),
      ...createReconcileSalesActivities({
        changes,
        feeds,
        detections,
        audit: ledger.audit,
        startDeal: start,
        rules,
        clock: systemClock,
      }),
      ...createSellerNoteActivities({
        ...{ dataverse, ledger, feeds, rules, clock: systemClock },
        notes: createSellerNotes(database),
      }),
      ...createResumeActivities({ ledger, findRunning: createFindRunningDeals(temporal), startDeal: start }),
      ...createAccountReaders(masterDataDeps),
      ...createProductReaders(masterDataDeps),
      ...createMatchDataverse(masterDataDeps),
      ...createDriftDataverse(masterDataDeps),
      ...routeByCompany(companies, (company) => ({ carryFlow: flowsIn(company).carryFlow })),
    },
    businessCentral: {
      ...routeByCompany(companies, (company) => createMasterDataLookups(stepsIn(company))),
      ...routeByContext(companies, rulesOfRecords, (company, wanted) =>
        createMasterDataCreation({
          ...stepsIn(company),
          rules: wanted,
          findAccountsWithNumbers: createFindAccountsWithNumbers(dataverse, wanted),
        }),
      ),
      ...routeByContext(companies, rulesOfRecords, (company, wanted) =>
        createDraftSteps({ ...stepsIn(company), rules: wanted }),
      ),
      ...routeByContext(companies, rulesOfRecords, (company, wanted) =>
        createConversionSteps({ ...stepsIn(company), rules: wanted, checkRecord: sales.checkRecord }),
      ),
      ...createHoldWatch({ dataverse, ledger, rules: rulesOfRecords, companies }),
      ...routeByCompany(companies, (company) => createDeletionSteps(stepsIn(company))),
      ...routeByCompany(companies, (company) =>
        createPostingSteps({ ...stepsIn(company), checkRecord: sales.checkRecord, loadProgress }),
      ),
      ...routeByCompany(companies, (company) =>
        createInvoiceFeedActivities({ ...stepsIn(company), invoiceFeed: rules.invoiceFeed, notifyDeal: start }),
      ),
      ...routeByCompany(companies, (company) =>
        createInvoiceSweepActivities({ ...stepsIn(company), invoiceFeed: rules.invoiceFeed, notifyDeal: start }),
      ),
      ...routeByCompany(companies, (company) =>
        createSubscriptionActivities({
          ...company,
          ledger,
          clock: systemClock,
          publicUrl: config.starter.publicUrl,
          getNoticeSecret: () => getNewestNoticeSecret(noticeSecrets),
        }),
      ),
      ...routeByCompany(companies, (company) => ({ collectFlow: flowsIn(company).collectFlow })),
      ...createCustomerSteps(masterDataDeps),
      ...createItemSteps(masterDataDeps),
      ...createMatchBusinessCentral(masterDataDeps),
      ...createDriftBusinessCentral(masterDataDeps),
    },
  };
}

/** Asks once and keeps the answer; a refusal is not kept. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}
