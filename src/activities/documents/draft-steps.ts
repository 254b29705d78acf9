import { z } from 'zod';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { Invoice, Order } from '../../deal/business-central-document.js';
import type { DocumentKind } from '../../deal/deal.js';
import { toDiscount } from '../../deal/document.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import { DRAFT_STEPS, documentKey, writeKey } from '../../deal/ids.js';
import type { CompanyContext, StepContext } from '../../deal/step-context.js';
import type { SeenDiscount } from '../../deal/totals.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { planDocument, toSentNotes } from '../../mapping/plan/plan-document.js';
import { cutsOf } from '../masters/create/creation.js';
import { refuse, refuseAll } from '../remote/failures.js';
import { deletion } from '../remote/results.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import type { CompanyDependencies, DocumentDependencies } from './dependencies.js';
import { createDocumentPorts, type DocumentPort } from './document-kinds.js';
import { createDocumentLookups } from './document-lookups.js';
import {
  createDraftReader,
  type DealRef,
  type Draft,
  type DraftProvenance,
  deleteOnce,
  discountWithFreshEtag,
  draftProvenance,
  ensureCompanyStands,
  undefinedIfNotFound,
  withProvenance,
} from './drafts.js';
import { toFingerprint } from './fingerprint.js';

/** The steps of a draft, the same for invoices and orders; `kind` chooses the entity of Business Central. */

interface OfKind {
  readonly kind: DocumentKind;
}

interface OfDraft extends OfKind {
  readonly draftId: string;
}

export function createDraftSteps(dependencies: DocumentDependencies) {
  const { businessCentral, ledger, rules, ambiguityWindowMs, sets } = dependencies;
  const ports = createDocumentPorts(businessCentral);
  const { toDraft, findCurrency } = createDraftReader({ rules, sets });

  return {
    /**
     * The one document of the deal, lines and all, in one request (I1, I3). Undefined when a record further down the
     * lineage took the deal over in the meantime; from here on none can.
     */
    async createDraft(
      input: StepContext & DealRef & OfKind & { readonly customerId: string; readonly draftVersion: number },
    ): Promise<Draft | undefined> {
      const { recordId, revision, draftVersion } = input;
      const port: DocumentPort = ports[input.kind];
      await ensureCompanyStands(dependencies, input);
      const deal = await ledger.getDeal(recordId, revision);
      const plan = await toTemporalFailures(() => planDocument(deal, rules, createDocumentLookups(dependencies, deal)));
      if (plan.problems.length > 0) throw refuseAll(plan.problems);
      if (!(await ledger.startDrafting(recordId))) return undefined;
      const key = documentKey(recordId);
      const made: DraftProvenance = { mapping: rules.mappingHash, fingerprint: toFingerprint(deal) };
      const document = await writeOnce(dependencies, {
        recordId,
        writeKey: writeKey(recordId, DRAFT_STEPS[port.kind], draftVersion),
        startedFrom: made,
        action:
          port.kind === 'invoice' ? 'create draft invoice in Business Central' : 'create order in Business Central',
        result: port.content.and(z.object({ made: draftProvenance.exactOptional() })),
        ambiguityWindowMs,
        sentFacts: cutsOf(toSentNotes(plan.notes, port.kind)),
        find: async ({ startedFrom }) => withProvenance(await port.find(key), startedFrom),
        write: async (context) => {
          const there = await port.findBeforeCreating(key, draftVersion);
          // Of what it was made is not asked any more.
          if (there) return { ...there, requestId: '', correlationId: '' };
          return { ...(await port.create(plan.toDraft(input.customerId), context)), made };
        },
        outcome: ({ made: of, ...draft }) => ({
          change: {
            kind: 'drafted',
            documentId: draft.id,
            documentKind: port.kind,
            mapping: of?.mapping,
            draftVersion,
            draftNumber: draft.number,
            customerNumber: draft.customerNumber,
          },
          document: { kind: port.kind, content: draft },
          facts: {
            documentId: draft.id,
            draftNumber: draft.number,
            totalIncludingTax: draft.includingTax,
            ...(of && { mapping: of.mapping }),
          },
        }),
      });
      return { ...(await toDraft(deal, document)), ...(document.made && { made: document.made }) };
    },

    /**
     * The header discount, after the lines exist (reference/business-central 3.7). Setting the same amount twice is
     * harmless.
     */
    async setDiscount(
      input: StepContext & DealRef & OfDraft & { readonly etag: string; readonly discount: string },
    ): Promise<Draft> {
      const port: DocumentPort = ports[input.kind];
      const deal = await ledger.getDeal(input.recordId, input.revision);
      const wanted = toDiscount(deal, await findCurrency(deal));
      return toTemporalFailures(async () => {
        const { before, answer } = await discountWithFreshEtag(
          input,
          (etag) => port.setDiscount(input.draftId, etag, wanted, REPEATABLE),
          () => port.get(input.draftId),
        );
        const { requestId, correlationId, ...document } = answer;
        await ledger.recordOutcome({
          recordId: input.recordId,
          document: { kind: port.kind, content: document },
          audit: {
            actor: 'dealbridge',
            action: `set ${port.name} discount in Business Central`,
            requestId,
            correlationId,
            facts: { documentId: document.id, totalIncludingTax: document.includingTax },
            before: { discount: before },
            after: { discount: document.discount },
          },
        });
        return toDraft(deal, document, { missing: undefined, found: before });
      });
    },

    /** As it stands now; undefined when it is gone: deleted, or in the case of an order perhaps posted. */
    async readDraft(
      input: StepContext & DealRef & OfDraft & { readonly seen?: SeenDiscount },
    ): Promise<Draft | undefined> {
      const port: DocumentPort = ports[input.kind];
      const deal = await ledger.getDeal(input.recordId, input.revision);
      const document = await toTemporalFailures(() => undefinedIfNotFound(port.get(input.draftId)));
      if (!document) return undefined;
      // What a later posting compares with: quantities and lines that belong to the etag that is confirmed next.
      await ledger.saveDocument(input.recordId, port.kind, document);
      return toDraft(deal, document, input.seen ?? { missing: undefined, found: document.discount });
    },
  };
}

export type DraftSteps = ReturnType<typeof createDraftSteps>;

/** Deleting a draft needs no mapping: what nobody can read any more can still be cancelled. */
export function createDeletionSteps(dependencies: CompanyDependencies) {
  const { businessCentral, ledger } = dependencies;
  const ports = createDocumentPorts(businessCentral);
  return {
    /** @param input `evenIfEdited`: a person wants it gone; else what somebody changed in it is a question (I14) */
    async deleteDraft(
      input: CompanyContext & OfDraft & { readonly recordId: string; readonly evenIfEdited: boolean },
    ): Promise<void> {
      const { recordId, draftId, evenIfEdited } = input;
      const port: DocumentPort = ports[input.kind];
      await writeOnce(dependencies, {
        recordId,
        // The intent tells a repeat that a draft which is gone was deleted by us: without it nothing would (I4).
        writeKey: writeKey(recordId, `delete-${draftId}`),
        action:
          port.kind === 'invoice' ? 'delete draft invoice in Business Central' : 'delete order in Business Central',
        result: deletion,
        // Deleting again is harmless, so there is no outcome to wait for.
        ambiguityWindowMs: 0,
        find: async () =>
          (await undefinedIfNotFound(port.get(draftId))) === undefined ? { wasThere: true } : undefined,
        write: (context) =>
          deleteOnce(async () => {
            const draft = await port.get(draftId);
            if (!evenIfEdited) await ensureUnedited(ledger, draft);
            return port.delete(draftId, draft.etag, context);
          }),
        outcome: ({ wasThere }) => ({
          change: { kind: 'draft-gone' },
          facts: { documentId: draftId, ...(!wasThere && { alreadyGone: true }) },
        }),
      });
    },
  };
}

async function ensureUnedited(ledger: DealLedger, draft: Invoice | Order): Promise<void> {
  const own = await ledger.findOwnDocument(draft.id);
  const edits = own ? findDraftEdits(own, draft) : [];
  if (edits.length > 0) throw refuse('draft-edited', edits.join('; '));
}

export type DeletionSteps = ReturnType<typeof createDeletionSteps>;
