import type { z } from 'zod';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { RemoteWrite } from '../../deal/audit-actions.js';
import {
  type Invoice,
  isExpired,
  isQuote,
  kindOf,
  type Order,
  type SalesDocument,
} from '../../deal/business-central-document.js';
import type { DocumentKind, WonDeal } from '../../deal/deal.js';
import { toDiscount } from '../../deal/document.js';
import { toExternalNumber } from '../../deal/document-number.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import { DRAFT_STEPS, writeKey } from '../../deal/ids.js';
import { listedAtMost } from '../../deal/many-problems.js';
import type { StepContext } from '../../deal/step-context.js';
import type { SeenDiscount } from '../../deal/totals.js';
import { planDocument, toSentNotes } from '../../mapping/plan/plan-document.js';
import { cutsOf } from '../masters/create/creation.js';
import { refuseAll } from '../remote/failures.js';
import { isRepeated, temporalNow } from '../remote/temporal-time.js';
import { type SafeWrite, toTemporalFailures, writeOnce } from '../remote/write-once.js';
import { adoptSuccessor, findQuoteOrSuccessor, findToday, toExpiredText } from './conversion.js';
import type { CompanyDependencies, DocumentDependencies } from './dependencies.js';
import { createDocumentPorts, type DocumentPort } from './document-kinds.js';
import { createDocumentLookups } from './document-lookups.js';
import {
  createDraftReader,
  type DealRef,
  type Draft,
  type DraftProvenance,
  discountWithFreshEtag,
  ensureCompanyStands,
  madeOf,
  withProvenance,
} from './drafts.js';
import { toFingerprint } from './fingerprint.js';
import { changeUnlessTaken, findDraftOrGone } from './gone.js';
import { compareWithKnown } from './posted-comparison.js';
import { listRelatives, refuseDocumentsOfRelatives } from './restored-lineage.js';

export type MadeDocument = SalesDocument & { readonly made?: DraftProvenance };

/** Draft and the look-up for it, as every attempt at this version means them. */
export function toDraftWrite(
  { ambiguityWindowMs }: Pick<CompanyDependencies, 'ambiguityWindowMs'>,
  port: DocumentPort,
  { recordId, draftVersion }: { readonly recordId: string; readonly draftVersion: number },
): Omit<SafeWrite<MadeDocument>, 'write'> {
  return {
    recordId,
    writeKey: writeKey(recordId, DRAFT_STEPS[port.kind], draftVersion),
    action: CREATE_ACTIONS[port.kind],
    result: madeDocument(port.content),
    ambiguityWindowMs,
    find: async ({ startedFrom }) => withProvenance(await port.find(recordId), startedFrom),
    outcome: ({ made, ...draft }) => ({
      change: {
        kind: 'drafted',
        documentId: draft.id,
        documentKind: kindOf(draft),
        mapping: made?.mapping,
        draftVersion,
        draftNumber: draft.number,
        customerNumber: draft.customerNumber,
      },
      document: { kind: kindOf(draft), content: draft },
      facts: {
        documentId: draft.id,
        draftNumber: draft.number,
        totalIncludingTax: draft.includingTax,
        ...(made && { mapping: made.mapping }),
      },
    }),
  };
}

const CREATE_ACTIONS: Readonly<Record<DocumentKind, RemoteWrite>> = {
  invoice: 'create draft invoice in Business Central',
  order: 'create order in Business Central',
  quote: 'create quote in Business Central',
};

function madeDocument(content: z.ZodType<SalesDocument>): z.ZodType<MadeDocument> {
  return content.and(madeOf);
}

/** The steps of a draft, the same for invoices, orders and quotes; `kind` chooses the entity of Business Central. */

interface OfKind {
  readonly kind: DocumentKind;
}

interface OfDraft extends OfKind {
  readonly draftId: string;
}

export function createDraftSteps(dependencies: DocumentDependencies) {
  const { businessCentral, ledger, clock, rules, sets } = dependencies;
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
      const [deal] = await Promise.all([ledger.getDeal(recordId, revision), ensureCompanyStands(dependencies, input)]);
      const plan = await toTemporalFailures(() => planDocument(deal, rules, createDocumentLookups(dependencies, deal)));
      if (plan.problems.length > 0) throw refuseAll(plan.problems);
      const made: DraftProvenance = { mapping: rules.mappingHash, fingerprint: toFingerprint(deal) };
      const safely = { ...toDraftWrite(dependencies, port, input), startedFrom: made };
      const wanted = toExternalNumber(deal, rules.externalDocumentNumber);
      const relatives = listRelatives(deal.lineage).map((relative) => relative.recordId);
      const started = await ledger.startDrafting(
        { carrierId: recordId, relatives, externalNumber: wanted, ...safely },
        temporalNow(dependencies.clock),
      );
      if (!started) return undefined;
      const { externalNumber, intent, isRestored } = started;
      let isFirst = false as boolean;
      const document = await writeOnce(dependencies, {
        ...safely,
        intent,
        find: async (earlier) => {
          const found = await safely.find(earlier);
          if (!found && isRestored) await refuseDocumentsOfRelatives(businessCentral, deal);
          return found;
        },
        sentFacts: cutsOf(toSentNotes(plan.notes, port.kind)),
        write: async (context) => {
          const there = await port.findBeforeCreating(recordId, draftVersion);
          // Of what it was made is not asked any more.
          if (there) return { ...there, requestId: '', correlationId: '' };
          const created = { ...(await port.create(plan.toDraft(input.customerId, externalNumber), context)), made };
          isFirst = draftVersion === 1 && !isRepeated();
          return created;
        },
      });
      const kind = kindOf(document);
      const wasPosted = !isFirst && (await toTemporalFailures(() => ports[kind].isPosted(document, document.number)));
      return {
        ...(await toDraft(deal, document)),
        ...(document.made && { made: document.made }),
        ...(kind !== port.kind && kind !== 'quote' && { became: { kind, differences: [] } }),
        ...(isFirst && { isCertain: true as const }),
        ...(wasPosted && POSTED),
      };
    },

    /**
     * The header discount, after the lines exist (reference/business-central 3.7). Setting the same amount twice is
     * harmless. Undefined when somebody has posted or converted the draft in this moment.
     */
    async setDiscount(
      input: StepContext & DealRef & OfDraft & { readonly etag: string; readonly discount: string },
    ): Promise<Draft | undefined> {
      const port: DocumentPort = ports[input.kind];
      const deal = await ledger.getDeal(input.recordId, input.revision);
      const wanted = toDiscount(deal, await findCurrency(deal));
      const readFrom = clock.now();
      return toTemporalFailures(async () => {
        const changed = await changeUnlessTaken(dependencies, port, input, () =>
          discountWithFreshEtag(
            input,
            (etag) => port.setDiscount(input.draftId, etag, wanted, REPEATABLE),
            () => port.get(input.draftId),
          ),
        );
        if (!changed) return undefined;
        const { before, answer } = changed;
        const { requestId, correlationId, ...document } = answer;
        await ledger.recordOutcome({
          recordId: input.recordId,
          document: { kind: port.kind, content: document, readFrom },
          audit: {
            actor: 'dealbridge',
            action: `set ${port.kind} discount in Business Central`,
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
      const { recordId } = input;
      const deal = await ledger.getDeal(recordId, input.revision);
      const readFrom = clock.now();
      const document =
        port.kind === 'quote'
          ? await findQuoteOrSuccessor(dependencies, recordId, input.draftId)
          : await findDraftOrGone(dependencies, port, input);
      if (!document) return undefined;
      if (port.kind === 'quote' && !isQuote(document)) return readSuccessor(deal, input, document, readFrom);
      const { draftNumber = document.number } = await ledger.getRecord(recordId);
      const isPosted = await toTemporalFailures(() => port.isPosted(document, draftNumber));
      if (isPosted) await compareWithKnown(dependencies, recordId, document);
      // What a later posting compares with: quantities and lines that belong to the etag that is confirmed next.
      await ledger.saveDocument(recordId, port.kind, document, readFrom);
      const seen = input.seen ?? { missing: undefined, found: document.discount };
      const expired = isQuote(document) && isExpired(document, findToday(dependencies)) ? document : undefined;
      return {
        ...(await toDraft(deal, document, seen)),
        ...(await findEdited(document)),
        ...(expired && { expired: toExpiredText(expired.number, expired.validUntil) }),
        ...(isPosted && POSTED),
      };
    },
  };

  async function findEdited(document: SalesDocument): Promise<Pick<Draft, 'edited'>> {
    const own = await ledger.findOwnDocument(document.id);
    const edits = own ? findDraftEdits(own, document) : [];
    return edits.length > 0 ? { edited: listedAtMost(edits).join('; ') } : {};
  }

  /** The quote is gone, and what it became takes its place. */
  async function readSuccessor(
    deal: WonDeal,
    { draftId, seen }: OfDraft & { readonly seen?: SeenDiscount },
    document: Invoice | Order,
    readFrom: Date,
  ): Promise<Draft> {
    const { recordId } = deal;
    const { kind, made, differences } = await adoptSuccessor(dependencies, recordId, draftId, document, readFrom);
    const isPosted = await toTemporalFailures(() => ports[kind].isPosted(document, document.number));
    return {
      ...(await toDraft(deal, document, seen ?? { missing: undefined, found: document.discount })),
      ...(await findEdited(document)),
      ...(made && { made }),
      became: { kind, differences: listedAtMost(differences) },
      ...(isPosted && POSTED),
    };
  }
}

export type DraftSteps = ReturnType<typeof createDraftSteps>;

const POSTED = { isPosted: true } as const;
