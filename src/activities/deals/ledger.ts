import type { Actor } from '../../deal/actor.js';
import { type Approval, type DraftFacts, findApproverMisfit } from '../../deal/approval.js';
import { readStatus } from '../../deal/business-central-document.js';
import type { DocumentKind, Figures, RecordRef } from '../../deal/deal.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import { InternalError } from '../../deal/errors.js';
import { findHandOverDifferences } from '../../deal/hand-over-differences.js';
import type { Problem } from '../../deal/holds.js';
import { writeKey } from '../../deal/ids.js';
import type { LanesByCompany } from '../../deal/lanes.js';
import type { Notice } from '../../deal/notices.js';
import { type InvoiceStatus, isSamePaymentStatus, toPaymentStatus } from '../../deal/payment-status.js';
import type { Replay } from '../../deal/replay.js';
import { type DealState, isFinal } from '../../deal/states.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { StoredDocument } from '../../ledger/deals/documents.js';
import type { KnownDraft } from '../../ledger/deals/intents.js';
import type { RecordChange } from '../../ledger/deals/record-changes.js';
import type { CustomerOfDeal, SourceRecord } from '../../ledger/deals/records.js';
import type { LinkLedger } from '../../ledger/masters/link-ledger.js';
import type { Rules } from '../../mapping/rules/rules.js';
import type { ProductRef } from '../masters/deal-master-data.js';
import { checkDecision, type DecisionCheck } from './check-decision.js';

export interface StateChange {
  readonly recordId: string;
  readonly state: DealState;
  readonly problems?: readonly Problem[];
  /** The hold of before, found again: the trail has it already. */
  readonly isRepeated?: boolean;
  /** A decision that belongs into the audit trail: who, what, with which figures. */
  readonly decision?: {
    readonly actor: string | Actor;
    readonly action: string;
    readonly facts: Readonly<Record<string, unknown>>;
  };
  readonly carrierId?: string;
  readonly isClosed?: boolean;
  /** Several, with commas between them, when an order was invoiced in parts. */
  readonly invoiceNumber?: string;
  /** Who ended the deal, when no decision says so. */
  readonly endedBy?: string;
}

/** A confirmation that does not count is in the trail, and the deal stays as it was. */
export interface RecordedState {
  readonly isVoid: true;
}

export interface Masters {
  readonly customer: { readonly id: string; readonly number: string } | undefined;
  readonly unknownProducts: readonly ProductRef[];
}

export interface ClaimInput extends CompanyContext {
  readonly recordId: string;
  readonly revision: string;
  readonly ancestors: readonly string[];
  readonly accountId: string;
  readonly products: readonly ProductRef[];
}

/** Where a deal stands when a run of it begins or wakes. */
export interface DealProgress {
  readonly state: DealState;
  /** Where its document is, or would be. */
  readonly companyId: string;
  readonly isHandedOver: boolean;
  readonly revision: string | undefined;
  readonly documentId: string | undefined;
  readonly documentKind: DocumentKind;
  /** No further invoice will come. */
  readonly isClosed: boolean;
  readonly draftVersion: number;
  readonly settleMs: number;
  /** The draft that the next step goes on with; undefined when there is none, or only one that is finished. */
  readonly draft?: KnownDraft;
  /** The posted invoices of the deal, each with what Sales still has to learn. */
  readonly invoices: readonly InvoiceProgress[];
  readonly writesColumns: boolean;
  readonly closesOrder: boolean;
  /** Whether decisions by signal count that nobody sealed. */
  readonly takesUnsealedDecisions: boolean;
  /** Of the companies with an app registration of their own; absent where there is none. */
  readonly lanes?: LanesByCompany;
}

export interface InvoiceProgress {
  readonly id: string;
  readonly number: string;
  readonly status: InvoiceStatus;
  /** `row`: Sales has no row of it yet; `update`: it has an older one; `nothing`: all is reported. */
  readonly missing: 'row' | 'update' | 'nothing';
}

/** One of several confirmations of the same figures. */
export interface GivenApproval {
  readonly recordId: string;
  readonly actor: Actor;
  readonly figures: Figures;
  readonly note: string;
  /** Before this one. */
  readonly approval: Approval;
}

export type ClaimAnswer =
  | { readonly kind: 'carrier'; readonly masters: Masters }
  | { readonly kind: 'superseded'; readonly by: string }
  | {
      readonly kind: 'already-handed-over';
      readonly by: string;
      /** What this record would hand over otherwise: money that would never be invoiced, or was invoiced too much. */
      readonly differences: readonly string[];
    };

export interface LedgerActivityDependencies {
  readonly ledger: DealLedger & LinkLedger & AuditLedger;
  /** The company of records that no rule sends elsewhere. */
  readonly companyId: string;
  readonly rules: Pick<Rules, 'settleMs' | 'hasOpportunityColumns' | 'closeOrders'>;
  /** What of a decision counts that nobody proved. */
  readonly decisions: DecisionCheck;
  /** Whether decisions by signal count that nobody sealed. */
  readonly takesUnsealedDecisions: boolean;
  /** Undefined where all companies share one app registration. */
  readonly findLanes: () => Promise<LanesByCompany | undefined>;
  /** The one function that starts a deal, whoever asks for it. */
  readonly startDeal: (ref: RecordRef) => Promise<unknown>;
}

/** Steps of a few milliseconds in our own database; they run as local activities. */
export function createLedgerActivities(dependencies: LedgerActivityDependencies) {
  const { ledger, companyId: ofTheRest, rules, startDeal, decisions, takesUnsealedDecisions } = dependencies;

  async function findMasters({ companyId, accountId, products }: ClaimInput): Promise<Masters> {
    const productIds = products.map((product) => product.productId);
    const [customers, items] = await Promise.all([
      ledger.findLinks('customer', companyId, [accountId]),
      productIds.length > 0 ? ledger.findLinks('item', companyId, productIds) : new Map(),
    ]);
    const customer = customers.get(accountId);
    return {
      customer: customer && { id: customer.bcId, number: customer.bcNumber },
      unknownProducts: products.filter((product) => !items.has(product.productId)),
    };
  }

  /** The content of both records, each at the revision that is handed over. */
  async function compareWith(carrierId: string, { recordId, revision }: ClaimInput): Promise<string[]> {
    const { revision: handedOver } = await ledger.getRecord(carrierId);
    if (handedOver === undefined) throw new InternalError(`record ${carrierId} drafts without a revision`);
    return findHandOverDifferences(
      await ledger.getDeal(carrierId, handedOver),
      await ledger.getDeal(recordId, revision),
    );
  }

  return {
    async loadDealProgress({ recordId, table }: RecordRef): Promise<DealProgress> {
      const [record, documents] = await Promise.all([ledger.getRecord(recordId), ledger.listDocuments(recordId)]);
      const posted = documents.filter((document): document is StoredInvoice => isPosted(record, document));
      const lanes = await dependencies.findLanes();
      const draft = record.isHandedOver ? undefined : await ledger.findDraft(recordId, record.draftVersion);
      return {
        state: record.state,
        companyId: record.companyId ?? ofTheRest,
        isHandedOver: record.isHandedOver,
        revision: record.revision,
        documentId: record.documentId,
        documentKind: record.documentKind,
        isClosed: record.isClosed,
        draftVersion: record.draftVersion,
        // An order shows by its state whether it is locked, so it is read first.
        settleMs: table === 'salesorder' ? 0 : rules.settleMs,
        ...(draft && { draft }),
        invoices: posted.map(toInvoiceProgress),
        writesColumns: table === 'opportunity' && rules.hasOpportunityColumns,
        closesOrder: table === 'salesorder' && rules.closeOrders,
        takesUnsealedDecisions,
        ...(lanes && { lanes }),
      };
    },
    /** A deal that ended without a document begins again; any other goes on where it is. */
    async beginReplay({ recordId, replay }: { readonly recordId: string; readonly replay: Replay }): Promise<void> {
      const record = await ledger.getRecord(recordId);
      const { state } = record;
      const beginsAgain = isFinal(state) && !record.isHandedOver;
      if (beginsAgain) await ledger.releaseClaims(recordId);
      const { revision, mapping } = replay;
      const { actor } = checkDecision(recordId, { actor: replay.actor, action: 'replay', facts: {} }, decisions);
      const facts = { state, ...(revision !== undefined && { revision }), ...(mapping !== undefined && { mapping }) };
      const changes: RecordChange[] = [{ kind: 'wanted-mapping', mapping }];
      if (beginsAgain) changes.push({ kind: 'state', state: 'seen' });
      await ledger.change(recordId, changes, { actor, action: 'replay', facts });
    },
    forgetWriteBack: ({ recordId, invoiceId }: { readonly recordId: string; readonly invoiceId: string }) =>
      ledger.forgetWriteBack(invoiceId, writeKey(recordId, `sales-invoice-${invoiceId}`)),
    /** False when the same was noticed before: then there is nothing to report. */
    async saveNotice({ recordId, notice }: { readonly recordId: string; readonly notice: Notice }): Promise<boolean> {
      // A step of a run that is done once more finds posted what was handed over before: that was nobody's hand.
      if (notice.kind === 'posted-by-hand' && (await ledger.getRecord(recordId)).isHandedOver) return false;
      const isNew = await ledger.saveNotice(recordId, notice);
      if (isNew) await ledger.audit({ recordId, actor: 'dealbridge', action: 'notice', facts: { ...notice } });
      return isNew;
    },
    async recordState(note: StateChange): Promise<RecordedState | undefined> {
      const { recordId, problems = [] } = note;
      // A run that Temporal took up from an older copy confirms once more what was posted long ago: the ledger's state counts.
      if (note.state === 'confirmed' && (await ledger.getRecord(recordId)).isHandedOver) return undefined;
      const decision = note.decision && checkDecision(recordId, note.decision, decisions);
      if (decision?.isRefused) {
        const { actor, facts } = decision;
        const why = { ...facts, cause: 'nobody proved who it is' };
        await ledger.audit({ recordId, ...toEntry({ actor, action: 'confirmation is void', facts: why }) });
        return { isVoid: true };
      }
      const held = problems.length > 0 &&
        !note.isRepeated && {
          actor: 'dealbridge',
          action: 'hold',
          facts: { reasons: problems.map(({ reason }) => reason) },
        };
      await ledger.change(recordId, toChanges(note), decision ? toEntry(decision) : held || undefined);
      return undefined;
    },
    /** What rules for several people ask of a draft, as it was read last. */
    async findDraftFacts({ draftId, ...of }: CustomerOfDeal & { readonly draftId: string }): Promise<DraftFacts> {
      const own = await ledger.findOwnDocument(draftId);
      const documents = await ledger.listDocuments(of.recordId);
      const current = documents.find(({ documentId }) => documentId === draftId)?.content;
      const isEdited = own !== undefined && current !== undefined && findDraftEdits(own, current).length > 0;
      return { isNewCustomer: await ledger.isNewCustomer(of), isEdited };
    },
    /** `last`: it is the last one that was missing, and goes into the trail with the state that it leads to. */
    async recordApproval(given: GivenApproval): Promise<'counted' | 'last' | 'void'> {
      const { recordId, actor, figures, note, approval } = given;
      const facts = { figures, note };
      const checked = checkDecision(recordId, { actor, action: 'confirm', facts }, decisions);
      const proved = typeof checked.actor === 'string' ? undefined : checked.actor;
      const misfit = proved && findApproverMisfit(proved, approval);
      if (!proved || checked.isRefused || misfit !== undefined) {
        const cause = proved?.isVerified ? 'the same person twice' : 'nobody proved who it is';
        const entry = { actor: checked.actor, action: 'confirmation is void', facts: { ...facts, cause } };
        await ledger.audit({ recordId, ...toEntry(entry) });
        return 'void';
      }
      const confirmations = approval.by.length + 1;
      if (confirmations >= approval.needed) return 'last';
      const entry = { actor: proved, action: 'confirm as one of several' };
      await ledger.audit({
        recordId,
        ...toEntry({ ...entry, facts: { ...facts, confirmations, needed: approval.needed } }),
      });
      return 'counted';
    },
    /** Whose deal is it (I1)? The carrier also learns what is known of customer and items without asking anybody. */
    async claimDeal(input: ClaimInput): Promise<ClaimAnswer> {
      const claim = await ledger.claim(input.recordId, input.ancestors);
      switch (claim.kind) {
        case 'carrier':
          return { kind: 'carrier', masters: await findMasters(input) };
        case 'superseded':
          return claim;
        case 'already-handed-over':
          return { ...claim, differences: await compareWith(claim.by, input) };
      }
    },
    releaseClaims: ({ recordId }: { readonly recordId: string }): Promise<void> => ledger.releaseClaims(recordId),
    /** The document of their lineage is gone: the records that ended because of it may carry the deal now. */
    async wakeSuperseded({ recordId }: { readonly recordId: string }): Promise<void> {
      for (const { table, recordId: endedId } of await ledger.listAlreadyHandedOver(recordId)) {
        await ledger.change(endedId, { kind: 'state', state: 'seen' });
        await startDeal({ table, recordId: endedId });
      }
    },
    async ensureDealRuns(ref: RecordRef): Promise<void> {
      await startDeal(ref);
    },
  };
}

function toChanges(note: StateChange): readonly RecordChange[] {
  const { isClosed, invoiceNumber } = note;
  return [
    toStateChange(note),
    ...(isClosed ? [{ kind: 'closed' } as const] : []),
    ...(invoiceNumber ? [{ kind: 'invoiced', invoiceNumber } as const] : []),
  ];
}

function toStateChange({ state, problems = [], decision, carrierId, endedBy }: StateChange): RecordChange {
  const [first] = problems;
  if (first) return { kind: 'held', reason: first.reason, text: problems.map(({ text }) => text).join('; ') };
  if (isCarried(state) && carrierId) return { kind: 'carried', state, carrierId };
  const by = endedBy ?? (decision && nameOf(decision.actor));
  return isFinal(state) && by ? { kind: 'ended', state, by } : { kind: 'state', state };
}

function isCarried(state: DealState): state is 'superseded' | 'already-handed-over' {
  return state === 'superseded' || state === 'already-handed-over';
}

function nameOf(actor: string | Actor): string {
  return typeof actor === 'string' ? actor : actor.name;
}

/** What a person typed may name people: it stands apart, where it can be erased. */
function toEntry({ actor, action, facts }: NonNullable<StateChange['decision']>) {
  const { note, reason, ...rest } = facts;
  const personal = { ...(note ? { note } : {}), ...(reason ? { reason } : {}) };
  return { actor, action, facts: rest, ...(Object.keys(personal).length > 0 && { personal }) };
}

export type LedgerActivities = ReturnType<typeof createLedgerActivities>;

type StoredInvoice = Extract<StoredDocument, { readonly kind: 'invoice' }>;

/** A draft that was posted behind our back says so by its status, or by another number; an invoice that came from the order was posted when it was made. */
function isPosted(record: SourceRecord, document: StoredDocument): document is StoredInvoice {
  if (document.kind !== 'invoice') return false;
  const { documentId, content } = document;
  if (documentId !== record.documentId) return record.documentKind === 'order' && content.orderId === record.documentId;
  return record.isHandedOver || readStatus(content.status) === 'posted' || content.number !== record.draftNumber;
}

function toInvoiceProgress({ documentId, content, reportedToSales: reported }: StoredInvoice): InvoiceProgress {
  const payment = toPaymentStatus(content);
  const missing = reported === undefined ? 'row' : isSamePaymentStatus(reported, payment) ? 'nothing' : 'update';
  return { id: documentId, number: payment.number, status: payment.status, missing };
}
