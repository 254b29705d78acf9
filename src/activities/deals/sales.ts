import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Invoice } from '../../clients/business-central/client.js';
import type { DataverseClient, DataverseInvoiceStage, DataverseInvoiceState } from '../../clients/dataverse/client.js';
import { isMissingRow } from '../../clients/dataverse/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import type { Clock } from '../../deal/clock.js';
import type { Policy, RecordRef, RecordState, WonDeal } from '../../deal/deal.js';
import { carrierTables, findEvent, maySettle, toRecordState } from '../../deal/events.js';
import type { Problem } from '../../deal/holds.js';
import { type SourceTable, writeKey } from '../../deal/ids.js';
import { namedAtMost } from '../../deal/many-problems.js';
import { findProblems } from '../../deal/problems.js';
import { withSalesNumbers, withStoredSalesNumbers } from '../../deal/sales-numbers.js';
import { DEAD_STATE_CODES } from '../../deal/state-codes.js';
import type { StepContext } from '../../deal/step-context.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { Reading } from '../../ledger/deals/record-changes.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { WriteLedger } from '../../ledger/deals/write-ledger.js';
import { findNumberProblems, withOurNumbers } from '../../mapping/fields/masters.js';
import { findLocalProblems } from '../../mapping/fields/resolve.js';
import { askedOfRecord } from '../../mapping/plan/asked-of-record.js';
import { documentRuleOf } from '../../mapping/rules/document-rule.js';
import type { DocumentRule, Rules } from '../../mapping/rules/rules.js';
import { toFingerprint } from '../documents/fingerprint.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import type { Companies } from '../routing/companies.js';
import type { RulesOfRecords } from '../routing/rules-of-records.js';
import type { ClaimAnswer, ClaimDeal } from './claim.js';
import { listProducts, type ProductPage, toProductPage } from './products.js';
import type { DealProgress, LoadProgress } from './progress.js';
import { salesInvoiceId, toReported, toSalesInvoice } from './sales-invoice.js';
import { unlessGone } from './write-back.js';
import { type RecordWriteDependencies, writeRecordColumns } from './write-record.js';

/** What the workflow learns of a deal: ids, numbers and figures; the content stays in the ledger. */
export interface DealSummary extends RecordRef, DealPlace, ProductPage {
  readonly revision: string;
  /** When it was read, before the request left; absent when it is handed over as it was read once. */
  readonly readAt?: string;
  readonly state: RecordState;
  readonly number: string;
  readonly ancestors: readonly string[];
  readonly descendants: readonly RecordRef[];
  readonly customer:
    | { readonly accountId: string; readonly number: string | undefined; readonly name: string }
    | undefined;
  readonly total: string;
  readonly currency: string | undefined;
  readonly problems: readonly Problem[];
  readonly policy: Policy;
  /** How long one click in Sales may still be changing the record; 0 when it is locked. */
  readonly settleMs: number;
  /** Of everything that reaches a document: the same for two revisions that differ in something else. */
  readonly fingerprint: string;
  /** The mapping that its document is made by. */
  readonly mapping: string;
  /** It is not won, and a ledger that was restored may have forgotten that it was and has a document. */
  readonly mayHaveDocument?: true;
  /** Whose deal it is, where that was asked together with the reading. */
  readonly claim?: ClaimAnswer;
}

interface DealPlace {
  /** Where its steps belong; while there is a draft, that is the company of the draft. */
  readonly context: StepContext;
  /** The company that the rules choose now: the next draft belongs there, once the one before is gone. */
  readonly nextCompanyId: string;
}

/** What the first run of a deal begins with. */
export interface DealBeginning {
  readonly progress: DealProgress;
  /** The record as it is; absent when something was made of it before, or when it is to settle first. */
  readonly deal?: DealSummary;
}

/** How a record of a document that is out of our hands stands in Sales. */
export interface RecordCheck {
  readonly revision: string;
  readonly found: 'same' | 'changed' | 'ended' | 'deleted';
}

export interface WriteBack {
  readonly ref: RecordRef;
  readonly revision: string;
  /** A posted invoice that the ledger has read. */
  readonly invoiceId: string;
  /** The row is not all that Sales is told: should the run end before the rest, the next one begins with a deal that is posted. */
  readonly hasMore?: boolean;
}

/** With the stage of one that was found, of which nobody knows what it says: it is to be reported next. */
export interface WrittenInvoiceRow extends DataverseInvoiceState {
  readonly stage?: DataverseInvoiceStage;
}

export interface DataverseActivityDependencies extends RecordWriteDependencies {
  readonly dataverse: DataverseClient;
  readonly ledger: DealLedger & WriteLedger & AuditLedger;
  readonly clock: Clock;
  readonly rules: Pick<RulesOfRecords, 'toHandOver' | 'ofDocument' | 'today'>;
  readonly companies: Pick<Companies, 'choose'>;
  readonly claimDeal: ClaimDeal;
  readonly loadProgress: LoadProgress;
  /** Dataverse ends a request after two minutes; a write may land until then. */
  readonly ambiguityWindowMs: number;
}

export function createDataverseActivities(dependencies: DataverseActivityDependencies) {
  const { dataverse, ledger, companies, ambiguityWindowMs } = dependencies;
  type Mapped = { readonly deal: WonDeal; readonly problems: Problem[] };
  type FetchedDeal = {
    readonly rules: Rules;
    readonly readAt: string;
    readonly read: Mapped | undefined;
    /** When the record had changed last before. */
    readonly unchangedSince: Date | undefined;
  };

  const readMapped = async (rules: Rules, table: SourceTable, recordId: string): Promise<Mapped> => {
    return toMapped(rules, await dataverse.readDeal(table, recordId, askedOfRecord(rules, table)));
  };

  /** @param read with the numbers that it has in Sales */
  const toMapped = async (rules: Rules, read: WonDeal): Promise<Mapped> => {
    const deal = withStoredSalesNumbers(read, await withOurNumbers(read, rules.mapping, rules.masters.items));
    const { mapping, lines } = rules;
    const { kind } = documentRuleOf(deal, rules);
    const problems = await findNumberProblems(read, mapping, lines);
    return { deal, problems: [...problems, ...(await findLocalProblems(deal, mapping, lines, kind))] };
  };

  /** Stores what was read, and says where the deal belongs. */
  const save = async (
    rules: Rules,
    deal: WonDeal,
    how: Pick<Reading, 'isRecalled' | 'unchangedSince'>,
  ): Promise<DealPlace> => {
    // One more request when it is the first deal of a company.
    const { companyId: nextCompanyId } = await companies.choose(deal);
    const companyId = await ledger.saveDeal(deal, { mapping: rules.mappingHash, companyId: nextCompanyId, ...how });
    return { context: { companyId, mappingHash: rules.mappingHash }, nextCompanyId };
  };

  /** A record that is gone by now, or that a hint named and nobody ever had, counts as dead. */
  const fetchDeal = async (
    { table, recordId }: RecordRef,
    reading: Promise<SourceRecord | undefined> = ledger.findRecord(recordId),
  ): Promise<FetchedDeal> => {
    const record = await reading;
    const rules = await dependencies.rules.toHandOver(record);
    const readAt = dependencies.clock.now().toISOString();
    const read = await toTemporalFailures(async () => {
      try {
        return await readMapped(rules, table, recordId);
      } catch (error) {
        if (!isGone(error)) throw error;
        const before = await findLastRead(ledger, recordId);
        return before && { deal: { ...before, stateCode: DEAD_STATE_CODES[table] }, problems: [] };
      }
    });
    return { rules, readAt, read, unchangedSince: record?.changedAt };
  };

  /** One that is won, stands still and is the last of its lineage is claimed in the same step, if `claims` says so. */
  const keepDeal = async (
    ref: RecordRef,
    { rules, readAt, read, unchangedSince }: FetchedDeal,
    claims: boolean,
  ): Promise<DealSummary> => {
    if (!read) return toNothing(ref, rules);
    const place = await save(rules, read.deal, { unchangedSince });
    const deal = { ...toSummary(read.deal, rules, read.problems, place), readAt };
    if (deal.state !== 'won' && (await ledger.mayHaveForgotten(deal.recordId)))
      return { ...deal, mayHaveDocument: true };
    if (!claims || !canBeClaimed(deal)) return deal;
    return { ...deal, claim: await dependencies.claimDeal(deal, listProducts(read.deal, rules)) };
  };

  return {
    async readDeal({ claims = false, ...ref }: RecordRef & { readonly claims?: boolean }): Promise<DealSummary> {
      return keepDeal(ref, await fetchDeal(ref), claims);
    },

    /** The ledger and the record in one step, for a deal of which the ledger knew nothing when its run was started. */
    async beginDeal(ref: RecordRef): Promise<DealBeginning> {
      const reading = ledger.getRecord(ref.recordId);
      const [progress, fetched] = await Promise.all([dependencies.loadProgress(ref, reading), fetchDeal(ref, reading)]);
      const isUntouched = !progress.isHandedOver && !progress.draft && progress.settleMs === 0;
      return isUntouched ? { progress, deal: await keepDeal(ref, fetched, true) } : { progress };
    },

    /** The deal as it was read once; its numbers by the mapping that it is handed over by. */
    async recallDeal({ recordId, revision }: RecordRef & { readonly revision: string }): Promise<DealSummary> {
      const record = await ledger.findRecord(recordId);
      const rules = await dependencies.rules.toHandOver(record);
      const { deal, problems } = await toMapped(rules, withSalesNumbers(await ledger.getDeal(recordId, revision)));
      const place = await save(rules, deal, { isRecalled: true, unchangedSince: record?.changedAt });
      return { ...toSummary(deal, rules, problems, place), settleMs: 0 };
    },

    async hasInvoiceRow({ invoiceId }: { readonly invoiceId: string }): Promise<boolean> {
      return (await toTemporalFailures(() => dataverse.findInvoice(salesInvoiceId(invoiceId)))) !== undefined;
    },

    /** Compares the record with what was confirmed; the deal stays as it stands. */
    async checkRecord({ ref, revision }: { readonly ref: RecordRef; readonly revision: string }): Promise<RecordCheck> {
      const rules = await dependencies.rules.ofDocument(await ledger.findRecord(ref.recordId));
      return toTemporalFailures(async () => {
        try {
          const { deal } = await readMapped(rules, ref.table, ref.recordId);
          await ledger.saveRevision(deal);
          const state = toRecordState(ref.table, deal.stateCode, rules.events);
          const confirmed = await ledger.getDeal(ref.recordId, revision);
          const isSame = toFingerprint(deal) === toFingerprint(confirmed);
          return { revision: deal.revision, found: state !== 'won' ? 'ended' : isSame ? 'same' : 'changed' };
        } catch (error) {
          if (isGone(error)) return { revision: 'deleted', found: 'deleted' };
          throw error;
        }
      });
    },

    /** The invoice row under the order or opportunity; its GUID is ours, so a repeat finds it. */
    async createInvoiceRow({ ref, revision, invoiceId, hasMore = false }: WriteBack): Promise<WrittenInvoiceRow> {
      const [invoice, deal, record] = await Promise.all([
        ledger.getInvoice(invoiceId),
        ledger.getDeal(ref.recordId, revision),
        ledger.findRecord(ref.recordId),
      ]);
      const [rules, handedOver] = await Promise.all([
        dependencies.rules.ofDocument(record),
        record?.documentId === undefined ? undefined : ledger.findOwnDocument(record.documentId),
      ]);
      const row = toSalesInvoice(deal, invoice, rules, handedOver);
      return writeOnce<WrittenInvoiceRow>(dependencies, {
        recordId: ref.recordId,
        writeKey: writeKey(ref.recordId, `sales-invoice-${invoice.id}`),
        action: 'create invoice row in Sales',
        result: invoiceRow,
        ambiguityWindowMs,
        find: () => dataverse.findInvoice(row.invoiceId),
        write: async (context) => {
          try {
            return await dataverse.createInvoice(row, context);
          } catch (error) {
            // The record was deleted in Sales after it was posted: the invoice still belongs to its account.
            if (!isMissingRow(error, ref.recordId)) throw error;
            return dataverse.createInvoice({ ...row, source: undefined }, context);
          }
        },
        outcome: (result) => ({
          change: { kind: 'state', state: hasMore || result.stage ? 'posted' : 'written-back' },
          writeBack: {
            invoiceId,
            salesInvoiceId: result.invoiceId,
            etag: result.etag,
            // As it is there; what is paid or cancelled by now is told by the next step.
            reportedToSales: toReported(invoice, result.stage),
          },
          facts: { invoiceId: result.invoiceId, number: result.number, total: result.total },
        }),
      });
    },

    /** Writes the configured columns; the same values twice are the same, so no intent is needed. */
    async writeOpportunityColumns({ ref, invoiceId }: WriteBack): Promise<void> {
      const findColumns = async () =>
        toColumns(dependencies.rules.today.opportunityColumns, await ledger.getInvoice(invoiceId));
      const columns = await findColumns();
      /** An attempt that was taken for dead must not write over what a later one has written. */
      const isNewest = async () => isDeepStrictEqual(await findColumns(), columns);
      const receipt = await toTemporalFailures(() =>
        unlessGone(() => writeRecordColumns(dependencies, ref, columns, isNewest)),
      );
      if (!receipt) return;
      await ledger.audit({
        recordId: ref.recordId,
        actor: 'dealbridge',
        action: 'write columns of the opportunity in Sales',
        requestId: receipt.requestId,
        correlationId: receipt.correlationId,
        facts: { invoiceId },
        after: columns,
      });
    },
  };
}

export type DataverseActivities = ReturnType<typeof createDataverseActivities>;

function toSummary(deal: WonDeal, rules: Rules, ofMapping: readonly Problem[], place: DealPlace): DealSummary {
  const { lineage, table, stateCode } = deal;
  const tables = carrierTables(rules.events);
  const event = findEvent(table, stateCode, rules.events);
  const { kind, becomes } = event ? rules.documents[event] : NO_RULE;
  return {
    table: deal.table,
    recordId: deal.recordId,
    revision: deal.revision,
    state: toRecordState(table, stateCode, rules.events),
    number: deal.number,
    ancestors: [lineage.opportunityId, lineage.quoteId].filter((id) => id !== undefined),
    descendants: lineage.descendants.filter((other) => tables.includes(other.table)),
    customer: deal.customer && {
      accountId: deal.customer.accountId,
      number: deal.customer.number,
      name: deal.customer.name,
    },
    ...toProductPage(listProducts(deal, rules)),
    total: deal.total,
    currency: deal.currency,
    problems: namedAtMost([...findProblems(deal, rules.lines), ...ofMapping]),
    policy: {
      ...rules.policy,
      writeOpportunityColumns: table === 'opportunity' && rules.hasOpportunityColumns,
      createContacts: rules.createContacts,
      documentKind: kind,
      ...(becomes && { quoteBecomes: becomes }),
      orderPosting: rules.orderPosting,
    },
    settleMs: maySettle(table, stateCode) ? rules.settleMs : 0,
    fingerprint: toFingerprint(deal),
    mapping: rules.mappingHash,
    ...place,
  };
}

/** Of a record that is not won. */
const NO_RULE: DocumentRule = { kind: 'invoice' };

/** Nothing was ever read of it, so nothing is kept: it ends as a dead record without customer, lines or company. */
function toNothing({ table, recordId }: RecordRef, rules: Rules): DealSummary {
  const nothing: WonDeal = {
    table,
    recordId,
    revision: '',
    number: '',
    name: '',
    stateCode: DEAD_STATE_CODES[table],
    lineage: { descendants: [] },
    customer: undefined,
    currency: undefined,
    currencyId: undefined,
    priceListId: undefined,
    lines: [],
    headerDiscount: '0',
    freight: '0',
    tax: '0',
    totalLessFreight: '0',
    total: '0',
    pricingErrorCode: 0,
    requestedDelivery: undefined,
    shipTo: undefined,
    extra: { record: {}, account: {}, contact: {}, owner: {}, lines: {}, products: {} },
  };
  const place = { context: { companyId: '', mappingHash: rules.mappingHash }, nextCompanyId: '' };
  return toSummary(nothing, rules, [], place);
}

/** An order that is still being changed is read until it stands still. */
function canBeClaimed({ state, descendants, table, settleMs }: DealSummary): boolean {
  return state === 'won' && descendants.length === 0 && (table !== 'salesorder' || settleMs === 0);
}

function isGone(error: unknown): boolean {
  return error instanceof RemoteApiError && error.code === 'not-found';
}

async function findLastRead(ledger: DealLedger, recordId: string): Promise<WonDeal | undefined> {
  const revision = (await ledger.findRecord(recordId))?.revision;
  return revision === undefined ? undefined : ledger.getDeal(recordId, revision);
}

/** As Dataverse left it when it was created, or has it where it was found. */
const invoiceRow = z.object({
  invoiceId: z.string(),
  number: z.string(),
  total: z.string(),
  etag: z.string(),
  stage: z.enum(['billed', 'part-paid', 'paid', 'cancelled']).exactOptional(),
});

function toColumns(columns: Rules['opportunityColumns'], invoice: Invoice): Record<string, string> {
  const values = { invoiceNumber: invoice.number, status: invoice.status, total: invoice.includingTax };
  const named: Record<string, string> = {};
  for (const key of ['invoiceNumber', 'status', 'total'] as const) {
    const column = columns[key];
    if (column) named[column] = values[key];
  }
  return named;
}
