import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect } from 'vitest';
import type { ClaimAnswer } from '../../src/activities/deals/claim.js';
import type { LedgerActivities, StateChange } from '../../src/activities/deals/ledger.js';
import type { DealProgress, InvoiceProgress } from '../../src/activities/deals/progress.js';
import type { DataverseActivities, DealSummary } from '../../src/activities/deals/sales.js';
import type { HoldWatch } from '../../src/activities/deals/watch-hold.js';
import type { WriteBackActivities } from '../../src/activities/deals/write-back.js';
import type { PostOutcome } from '../../src/activities/documents/confirmed-write.js';
import type { ConversionSteps } from '../../src/activities/documents/conversion.js';
import type { DeletionSteps } from '../../src/activities/documents/deletion.js';
import type { DraftSteps } from '../../src/activities/documents/draft-steps.js';
import type { Draft } from '../../src/activities/documents/drafts.js';
import type { OrderProgress, PostingSteps } from '../../src/activities/documents/posting.js';
import type { MasterDataCreation, MasterDataLookups } from '../../src/activities/masters/deal-master-data.js';
import type { Figures, Policy, QuoteSuccessor, RecordRef } from '../../src/deal/deal.js';
import { NOTHING_SEEN, REFUSED, STILL_HELD } from '../../src/deal/failure-types.js';
import type { Problem } from '../../src/deal/holds.js';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import type { DealState } from '../../src/deal/states.js';
import type { handOverDeal } from '../../src/workflows/deals/hand-over-deal.js';
import {
  type ConfirmInput,
  confirmUpdate,
  type DealStatus,
  type HandOverInput,
  type ReplayInput,
  replayUpdate,
  statusQuery,
} from '../../src/workflows/deals/messages.js';
import type { TimeSkipping } from './time-skipping.js';

type Activities = LedgerActivities &
  DataverseActivities &
  WriteBackActivities &
  MasterDataLookups &
  MasterDataCreation &
  DraftSteps &
  ConversionSteps &
  DeletionSteps &
  PostingSteps &
  HoldWatch;

const ANN = 'ann';

const POLICY: Policy = {
  confirmation: { by: 'person' },
  createCustomers: false,
  createItems: false,
  createContacts: false,
  writeOpportunityColumns: false,
  documentKind: 'invoice',
  orderPosting: 'ship-and-invoice',
};

/**
 * One deal with Sales, Business Central and the ledger around it, each as small as the story of a deal needs it. A test
 * changes what stands there, and reads what the deal has done.
 */
export function makeDealWorld(skipping: TimeSkipping, policy: Partial<Policy> = {}) {
  const ref: RecordRef = { table: 'salesorder', recordId: randomUUID() };
  const { recordId } = ref;
  /** The record in Sales: every change makes a revision. */
  const record = {
    version: 1,
    state: 'won' as DealSummary['state'],
    price: '100.00',
    settleMs: 0,
    descendants: [] as RecordRef[],
    problems: [] as DealSummary['problems'],
    /** The company that the rules choose. */
    companyId: 'company-1',
  };
  const books = {
    draft: undefined as Draft | undefined,
    made: 0,
    deleted: [] as string[],
    posted: [] as Figures[],
    invoices: [] as { id: string; number: string; status: InvoiceProgress['status']; isGone?: true }[],
    order: { shippedQuantity: '0', invoicedQuantity: '0', etag: '1' } as OrderProgress,
    isItemBlocked: false,
    /** What the quote became, by us or by hand. */
    became: undefined as Draft['became'],
    /** What will differ in it. */
    convertsWith: [] as string[],
    /** Whether holds are watched; without it their steps are repeated. */
    isWatched: false,
    /** Whether drafts are made without any doubt on the way. */
    isCertain: false,
    isNewCustomer: false,
    /** Whether somebody changed the draft by hand. */
    isEdited: false,
    /** A draft stands there of which the ledger, restored since, knows nothing. */
    isForgotten: false,
  };
  /** Of the draft as it was read last. */
  let seenEtag: string | undefined;
  const trail: NonNullable<StateChange['decision']>[] = [];
  const states: DealState[] = [];
  const calls: (keyof Activities)[] = [];
  const notices: string[] = [];
  const rows: string[] = [];
  const progress = {
    state: 'seen' as DealState,
    companyId: 'company-1',
    isHandedOver: false,
    revision: undefined as string | undefined,
    documentId: undefined as string | undefined,
    isClosed: false,
    /** The record is an order that is set to invoiced in Sales. */
    closesOrder: false,
    /** The record is an opportunity that has columns for its invoice. */
    writesColumns: false,
    isUnread: false,
    /** A request for a draft has no answer yet. */
    isDraftUnanswered: false,
    takesUnsealedDecisions: false,
  };
  const dealPolicy: Policy = { ...POLICY, ...policy };
  const revision = () => `W/"${record.version}"`;

  function summary(): DealSummary {
    return {
      ...ref,
      revision: revision(),
      state: record.state,
      number: 'SO-1',
      ancestors: [],
      descendants: record.descendants,
      customer: { accountId: 'account-1', number: 'C-1', name: 'Alder Maschinenbau' },
      products: [{ productId: 'product-1', number: 'P-1' }],
      total: record.price,
      currency: 'EUR',
      problems: record.problems,
      policy: dealPolicy,
      settleMs: record.settleMs,
      fingerprint: record.price,
      mapping: 'mapping-1',
      context: { companyId: progress.companyId, mappingHash: 'mapping-1' },
      nextCompanyId: record.companyId,
      ...(books.isForgotten && record.state !== 'won' && { mayHaveDocument: true as const }),
    };
  }

  /** What exists under the deal's key is adopted, with what it was made of. */
  function makeOrAdoptDraft(): Draft {
    if (books.draft) return books.draft;
    books.made += 1;
    const draft: Draft = {
      id: `draft-${books.made}`,
      etag: '1',
      figures: { documentNumber: `D-${books.made}`, totalIncludingTax: record.price, currency: 'EUR' },
      customerNumber: 'C-1',
      missingDiscount: undefined,
      discount: '0',
      difference: undefined,
      made: { mapping: 'mapping-1', fingerprint: record.price },
      ...(books.isCertain && { isCertain: true }),
    };
    books.draft = draft;
    progress.documentId = draft.id;
    return draft;
  }

  function post(draft: Draft): PostOutcome {
    if (books.draft?.etag !== draft.etag) return 'conflict';
    books.posted.push(draft.figures);
    books.invoices.push({ id: draft.id, number: `INV-${books.invoices.length + 1}`, status: 'open' });
    books.draft = undefined;
    progress.isHandedOver = true;
    progress.isUnread = true;
    return 'posted';
  }

  /** The quote is gone, and its document has another id. */
  function convert(into: QuoteSuccessor): void {
    if (!books.draft || books.became) return;
    books.became = { kind: into, differences: books.convertsWith };
    books.draft = { ...books.draft, id: `${books.draft.id}-${into}`, etag: '1', became: books.became };
    progress.documentId = books.draft.id;
  }

  const deleteDraft = async ({ draftId }: { readonly draftId: string }): Promise<'deleted' | 'posted'> => {
    books.deleted.push(draftId);
    books.draft = undefined;
    books.became = undefined;
    progress.documentId = undefined;
    return 'deleted';
  };

  const loadProgress = async (): Promise<DealProgress> => {
    const { draft } = books;
    return {
      ...progress,
      documentKind: books.became?.kind ?? dealPolicy.documentKind,
      draftVersion: Math.max(books.made, 1),
      settleMs: 0,
      ...(draft &&
        !progress.isHandedOver && {
          draft: {
            kind: books.became?.kind ?? dealPolicy.documentKind,
            documentId: draft.id,
            ...(books.became && { isFromQuote: true as const }),
          },
        }),
      ...(books.isForgotten && { mayHaveDocument: true as const }),
      ...(progress.isDraftUnanswered && { draft: { kind: dealPolicy.documentKind } }),
      invoices: books.invoices.map((invoice) => ({
        ...invoice,
        missing: rows.includes(invoice.id) ? 'nothing' : 'row',
      })),
    };
  };

  async function readDeal(): Promise<DealSummary> {
    progress.revision = revision();
    return summary();
  }

  const byDefault = {
    loadDealProgress: loadProgress,
    async recordState({ state, decision, isClosed, revision: handedOver }) {
      if (handedOver) progress.revision = handedOver;
      // Its row in Sales has recorded the same before.
      if (state !== 'written-back' || states.at(-1) !== state) states.push(state);
      if (!(progress.isHandedOver && state !== 'held' && !HANDED_OVER.has(state))) progress.state = state;
      if (HANDED_OVER.has(state)) progress.isHandedOver = true;
      if (isClosed) progress.isClosed = true;
      if (decision) trail.push(decision);
    },
    findDraftFacts: async () => ({ isNewCustomer: books.isNewCustomer, isEdited: books.isEdited }),
    async recordApproval({ actor, figures, note, approval }) {
      if (approval.by.length + 1 >= approval.needed) return 'last';
      trail.push({ actor, action: 'confirm as one of several', facts: { figures, note } });
      return 'counted';
    },
    async beginReplay({ replay }) {
      trail.push({ actor: replay.actor, action: 'replay', facts: {} });
    },
    claimDeal: async (): Promise<ClaimAnswer> => ({
      kind: 'carrier',
      masters: { customer: { id: 'customer-1', number: 'C-1' }, unknownProducts: summary().products },
    }),
    releaseClaims: async () => undefined,
    wakeSuperseded: async () => undefined,
    ensureDealRuns: async () => undefined,
    async saveNotice({ notice }) {
      const isNew = !notices.includes(notice.kind);
      if (isNew) notices.push(notice.kind);
      return isNew;
    },
    readDeal,
    async beginDeal() {
      const known = await loadProgress();
      return known.draft || known.isHandedOver ? { progress: known } : { progress: known, deal: await readDeal() };
    },
    checkRecord: async ({ revision: known }) => {
      if (record.state !== 'won') return { revision: revision(), found: 'ended' };
      return { revision: revision(), found: known === revision() ? 'same' : 'changed' };
    },
    findCustomer: async () => ({ id: 'customer-1', number: 'C-1' }),
    findItems: async ({ products }) => ({ missing: [], blocked: books.isItemBlocked ? products : [] }),
    findMappingProblems: async () => [],
    createItem: async () => undefined,
    listProducts: async () => ({ products: [] }),
    async createDraft() {
      const draft = makeOrAdoptDraft();
      seenEtag = draft.etag;
      return draft;
    },
    async setDiscount() {
      const { draft } = books;
      if (!draft || draft.isPosted) return undefined;
      books.draft = { ...draft, missingDiscount: undefined };
      return books.draft;
    },
    isAsConfirmed: async ({ draft }) => seenEtag === draft.etag && books.draft?.etag === seenEtag,
    async readDraft({ kind }) {
      seenEtag = books.draft?.etag;
      if (!books.draft || kind === 'quote') return books.draft;
      const { became: _known, ...draft } = books.draft;
      return draft;
    },
    async convertQuote({ draft, into }) {
      if (!books.became && books.draft?.etag !== draft.etag) return 'conflict';
      convert(into);
      return 'converted';
    },
    deleteDraft,
    findUnansweredDraft: async () => undefined,
    async adoptForgotten() {
      if (books.isForgotten) makeOrAdoptDraft();
      return books.isForgotten;
    },
    post: async ({ draft }) => post(draft),
    shipAndInvoice: async ({ draft }) => post(draft),
    async readPosted({ invoiceId }) {
      progress.isUnread = false;
      const posted = { id: invoiceId, number: 'INV-1', status: 'Open', total: record.price };
      return { ...posted, differences: [], progress: await loadProgress() };
    },
    readOrderInvoices: async () =>
      books.invoices.map(({ id, number, status }) => ({ id, number, status, total: '1', remaining: '1' })),
    readOrderProgress: async () => books.order,
    async createInvoiceRow({ invoiceId, hasMore }) {
      rows.push(invoiceId);
      if (!hasMore) states.push('written-back');
      progress.state = hasMore ? 'posted' : 'written-back';
      return { invoiceId, number: 'INV-1', total: record.price, etag: '1', statecode: 0, statuscode: 1 };
    },
    hasInvoiceRow: async ({ invoiceId }) => rows.includes(invoiceId),
    async forgetWriteBack({ invoiceId }) {
      rows.splice(rows.indexOf(invoiceId), 1);
    },
    reportInvoice: async ({ invoiceId }) => books.invoices.find(({ id }) => id === invoiceId)?.status ?? 'open',
    writeOpportunityColumns: async () => undefined,
    setOrderInvoiced: async () => undefined,
    writeNote: async () => undefined,
    async watchHold({ seen }) {
      // The test server forgets to skip time when a run ends while one of its steps is asked again: most tests do without.
      if (!books.isWatched) return NOTHING_SEEN;
      const holds = states.filter((state) => state === 'held').length;
      const sees = JSON.stringify([progress.state, holds, record, books.isItemBlocked, books.draft]);
      if (sees === seen) throw ApplicationFailure.create({ type: STILL_HELD, message: 'nothing has changed' });
      return sees;
    },
  } satisfies Partial<Activities>;
  const standIns: Pick<Activities, keyof typeof byDefault> = byDefault;
  /** Steps that refuse until a test lets them, and steps that wait. */
  const refusals = new Map<keyof Activities, Problem>();
  const blocks = new Map<keyof Activities, Promise<void>>();
  // A test may put another answer in the place of each at any time.
  const answers = Object.fromEntries(
    Object.keys(standIns).map((name) => [
      name,
      async (...args: never[]) => {
        const activity = name as keyof Activities;
        calls.push(activity);
        await blocks.get(activity);
        const problem = refusals.get(activity);
        if (problem) throw ApplicationFailure.nonRetryable(problem.text, REFUSED, problem);
        return (standIns[activity as keyof typeof standIns] as (...given: never[]) => unknown)(...args);
      },
    ]),
  );

  async function start(input: Omit<HandOverInput, keyof RecordRef> = {}): Promise<DealRun> {
    skipping.answerWith(answers);
    const handle = await skipping.env.client.workflow.start<typeof handOverDeal>('handOverDeal', {
      taskQueue: TASK_QUEUES.deals,
      workflowId: recordId,
      args: [{ ...ref, ...input }],
    });
    const status = (): Promise<DealStatus> => handle.query(statusQuery);
    const until = async (state: DealState): Promise<DealStatus> => {
      await expect.poll(async () => (await status()).state, { timeout: 10_000, interval: 10 }).toBe(state);
      return status();
    };
    return {
      handle,
      firstRunId: handle.firstExecutionRunId,
      status,
      until,
      figures: async () => {
        const { figures } = await status();
        if (!figures) throw new Error('the deal shows no figures');
        return figures;
      },
      async confirm(seen = {}) {
        const { figures } = await status();
        const input = { by: ANN, figures: { ...figures, ...seen } } as ConfirmInput;
        return handle.executeUpdate(confirmUpdate, { args: [input] });
      },
      async replay(input) {
        const { runId } = await handle.describe();
        await handle.executeUpdate(replayUpdate, { args: [input] });
        await expect.poll(async () => (await handle.describe()).runId).not.toBe(runId);
      },
    };
  }

  return {
    ref,
    recordId,
    record,
    books,
    progress,
    trail,
    states,
    calls,
    notices,
    rows,
    revision,
    standIns,
    start,
    convert,
    /** A change in Sales: the record has a new revision. */
    changeRecord(change: Partial<typeof record>): string {
      Object.assign(record, change);
      record.version += 1;
      return revision();
    },
    /** From here on the step refuses with this problem; undefined ends it. */
    refuse(name: keyof Activities, problem: Problem | undefined): void {
      if (problem) refusals.set(name, problem);
      else refusals.delete(name);
    },
    /** The step does not end before it is released. */
    block(name: keyof Activities): { readonly release: () => void } {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      blocks.set(name, ended);
      return {
        release: () => {
          blocks.delete(name);
          end();
        },
      };
    },
    countOf: (name: keyof Activities) => calls.filter((call) => call === name).length,
  };
}

export type DealWorld = ReturnType<typeof makeDealWorld>;

export interface DealRun {
  readonly handle: WorkflowHandle<typeof handOverDeal>;
  readonly firstRunId: string;
  status(): Promise<DealStatus>;
  /** Waits until the deal shows this state. */
  until(state: DealState): Promise<DealStatus>;
  figures(): Promise<Figures>;
  /** By somebody who has read the figures that are shown, but for those that are given. */
  confirm(seen?: Partial<Figures>): Promise<DealStatus>;
  /** Until the new run has begun: a query to the one before would wait for ever, since the test server forgets it. */
  replay(input: ReplayInput): Promise<void>;
}

const HANDED_OVER: ReadonlySet<DealState> = new Set(['awaiting-shipment', 'posted', 'written-back', 'settled']);
