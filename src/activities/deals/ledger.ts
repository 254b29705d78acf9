import type { Actor } from '../../deal/actor.js';
import { type Approval, type DraftFacts, findApproverMisfit } from '../../deal/approval.js';
import type { AuditAction } from '../../deal/audit-actions.js';
import type { ChangeHint } from '../../deal/change-hints.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import type { Problem } from '../../deal/holds.js';
import { writeKey } from '../../deal/ids.js';
import type { Notice } from '../../deal/notices.js';
import type { Replay } from '../../deal/replay.js';
import { type DealState, isFinal } from '../../deal/states.js';
import type { StepContext } from '../../deal/step-context.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { RecordChange } from '../../ledger/deals/record-changes.js';
import { type CustomerOfDeal, ENDED_IN_SALES } from '../../ledger/deals/records.js';
import type { WriteLedger } from '../../ledger/deals/write-ledger.js';
import type { LinkLedger } from '../../ledger/masters/link-ledger.js';
import type { DealRef } from '../documents/drafts.js';
import type { RulesOfRecords } from '../routing/rules-of-records.js';
import { checkDecision, type DecisionCheck } from './check-decision.js';
import type { ClaimAnswer, ClaimDeal, ClaimInput } from './claim.js';
import { recordOwnPosting } from './own-posting.js';
import { isUnknown, listProducts, type ProductPage, toProductPage } from './products.js';
import type { LoadProgress } from './progress.js';
import { toSellerNote } from './seller-note.js';

export interface StateChange {
  readonly recordId: string;
  readonly state: DealState;
  readonly problems?: readonly Problem[];
  /** The hold of before, found again: the trail has it already. */
  readonly isRepeated?: boolean;
  /** A decision that belongs into the audit trail: who, what, with which figures. */
  readonly decision?: {
    readonly actor: string | Actor;
    readonly action: AuditAction;
    readonly facts: Readonly<Record<string, unknown>>;
  };
  readonly carrierId?: string;
  readonly isClosed?: boolean;
  /** Several, with commas between them, when an order was invoiced in parts. */
  readonly invoiceNumber?: string;
  /** At which the deal is handed over, where a later one was read since. */
  readonly revision?: string;
  /** Who ended the deal, when no decision says so. */
  readonly endedBy?: string;
}

/** A confirmation that does not count is in the trail, and the deal stays as it was. */
export interface RecordedState {
  readonly isVoid: true;
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

export interface LedgerActivityDependencies {
  readonly ledger: DealLedger &
    AuditLedger &
    LinkLedger &
    Pick<WriteLedger, 'isWritten' | 'wasAsked' | 'recordOutcome'>;
  readonly rules: Pick<RulesOfRecords, 'withHash'>;
  /** What of a decision counts that nobody proved. */
  readonly decisions: DecisionCheck;
  readonly loadProgress: LoadProgress;
  readonly claimDeal: ClaimDeal;
  /** The one function that starts a deal, whoever asks for it. */
  readonly startDeal: (ref: RecordRef, hint?: ChangeHint) => Promise<unknown>;
}

/** Steps of a few milliseconds in our own database; they run as local activities. */
export function createLedgerActivities({
  ledger,
  startDeal,
  decisions,
  loadProgress,
  claimDeal,
  rules,
}: LedgerActivityDependencies) {
  const listAll = async ({ recordId, revision, mappingHash }: DealRef & { readonly mappingHash: string }) =>
    listProducts(await ledger.getDeal(recordId, revision), await rules.withHash(mappingHash));

  /** Its run may be ending at this moment: the hint tells it, or the one that comes after it, to read again. */
  async function wake({ table, recordId }: RecordRef): Promise<void> {
    await ledger.change(recordId, { kind: 'state', state: 'seen' });
    await startDeal({ table, recordId }, { at: 'dataverse' });
  }

  /** The carrier may have been cancelled after it was found to carry the deal: then it did not know whom to wake. */
  async function wakeIfReleased(recordId: string, carrierId: string): Promise<void> {
    const { state, endedBy } = await ledger.getRecord(carrierId);
    if (state === 'cancelled' && endedBy === ENDED_IN_SALES) await wake(await ledger.getRecord(recordId));
  }

  return {
    loadDealProgress: (ref: RecordRef) => loadProgress(ref),
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
    /**
     * Whether the seller is still to be told. An attempt or a run that died may have saved the notice before, so that only the note
     * in Sales says that he was.
     */
    async saveNotice({ recordId, notice }: { readonly recordId: string; readonly notice: Notice }): Promise<boolean> {
      // A step of a run that is done once more finds posted what was handed over before: that was nobody's hand.
      if (notice.kind === 'posted-by-hand') {
        if ((await ledger.getRecord(recordId)).isHandedOver) return false;
        if (await recordOwnPosting(ledger, recordId, notice.subject)) return false;
      }
      const audit = { actor: 'dealbridge', action: 'notice', facts: { ...notice } } as const;
      const isNew = await ledger.saveNotice(recordId, notice, audit);
      return isNew || !(await ledger.isWritten(toSellerNote({ recordId }, notice).writeKey));
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
          action: 'hold' as const,
          facts: { reasons: problems.map(({ reason }) => reason) },
        };
      await ledger.change(recordId, toChange(note), decision ? toEntry(decision) : held || undefined);
      if (note.state === 'already-handed-over' && note.carrierId) await wakeIfReleased(recordId, note.carrierId);
      return undefined;
    },
    /** What rules for several people ask of a draft, as it was read last. */
    async findDraftFacts({ draftId, ...of }: CustomerOfDeal & { readonly draftId: string }): Promise<DraftFacts> {
      const own = await ledger.findOwnDocument(draftId);
      const documents = await ledger.listDocuments(of.recordId);
      const current = documents.find(({ documentId }) => documentId === draftId)?.content;
      const isEdited = own !== undefined && current !== undefined && findDraftEdits(own, current).length > 0;
      const customerId = current?.customerId;
      return { isNewCustomer: await ledger.isNewCustomer({ ...of, customerId }), isEdited };
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
        const entry = { actor: checked.actor, action: 'confirmation is void' as const, facts: { ...facts, cause } };
        await ledger.audit({ recordId, ...toEntry(entry) });
        return 'void';
      }
      const confirmations = approval.by.length + 1;
      if (confirmations >= approval.needed) return 'last';
      const entry = { actor: proved, action: 'confirm as one of several' as const };
      await ledger.audit({
        recordId,
        ...toEntry({ ...entry, facts: { ...facts, confirmations, needed: approval.needed } }),
      });
      return 'counted';
    },
    async claimDeal({
      context,
      ...input
    }: ClaimInput & ProductPage & { readonly context: StepContext }): Promise<ClaimAnswer> {
      const { nextProduct, products } = input;
      const all = nextProduct === undefined ? products : await listAll({ ...input, ...context });
      return claimDeal({ ...input, context }, all);
    },
    /** The next page of a deal that has more of them than one; `unknown`: without those that are linked to an item. */
    async listProducts(
      input: StepContext & DealRef & { readonly from: number; readonly which: 'all' | 'unknown' },
    ): Promise<ProductPage> {
      const all = await listAll(input);
      if (input.which === 'all') return toProductPage(all, input.from);
      const ids = all.slice(input.from).map(({ productId }) => productId);
      const items = await ledger.findLinks('item', input.companyId, ids);
      return toProductPage(all, input.from, (product) => isUnknown(product, items));
    },
    releaseClaims: ({ recordId }: { readonly recordId: string }): Promise<void> => ledger.releaseClaims(recordId),
    /** The document of their lineage is gone: the records that ended because of it may carry the deal now. */
    async wakeSuperseded({ recordId }: { readonly recordId: string }): Promise<void> {
      for (const ended of await ledger.listAlreadyHandedOver(recordId)) await wake(ended);
    },
    async ensureDealRuns(ref: RecordRef): Promise<void> {
      await startDeal(ref);
    },
  };
}

function toChange(note: StateChange): RecordChange {
  const {
    state,
    problems = [],
    isRepeated = false,
    decision,
    carrierId,
    endedBy,
    isClosed,
    invoiceNumber,
    revision,
  } = note;
  const [reason, ...otherReasons] = new Set(problems.map((problem) => problem.reason));
  if (reason)
    return { kind: 'held', reason, otherReasons, text: problems.map(({ text }) => text).join('; '), isRepeated };
  if (isCarried(state) && carrierId) return { kind: 'carried', state, carrierId };
  const by = endedBy ?? (decision && nameOf(decision.actor));
  if (isFinal(state) && by) return { kind: 'ended', state, by };
  const found = { ...(invoiceNumber && { invoiceNumber }), ...(revision && { revision }) };
  return { kind: 'state', state, ...(isClosed && { isClosed }), ...found };
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
