import { RemoteApiError } from '../../clients/errors.js';
import type { RemoteWrite } from '../../deal/audit-actions.js';
import { isQuote, kindOf, type SalesDocument } from '../../deal/business-central-document.js';
import type { DocumentKind } from '../../deal/deal.js';
import { findDraftEdits } from '../../deal/draft-edits.js';
import { POST_STEPS, writeKey } from '../../deal/ids.js';
import { listedAtMost } from '../../deal/many-problems.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { refuse, waitForOutcome } from '../remote/failures.js';
import { deletion } from '../remote/results.js';
import { temporalNow } from '../remote/temporal-time.js';
import { settleOpenWrite, toTemporalFailures, writeOnce } from '../remote/write-once.js';
import { adoptSuccessor, findQuoteOrSuccessor } from './conversion.js';
import type { CompanyDependencies } from './dependencies.js';
import { createDocumentPorts, type DocumentPort, findSuccessor } from './document-kinds.js';
import { toDraftWrite } from './draft-steps.js';
import { findDraftOrGone, lookAgain } from './gone.js';
import { compareWithKnown } from './posted-comparison.js';

/** Deleting a draft needs no mapping: what nobody can read any more can still be cancelled. */

interface DraftPlace extends CompanyContext {
  readonly kind: DocumentKind;
  readonly recordId: string;
}

interface ForgottenInput extends CompanyContext {
  readonly recordId: string;
  readonly draftVersion: number;
}

interface DeleteInput extends DraftPlace {
  readonly draftId: string;
  readonly evenIfEdited: boolean;
}

export function createDeletionSteps(dependencies: CompanyDependencies) {
  const { businessCentral, ledger, clock, ambiguityWindowMs } = dependencies;
  const ports = createDocumentPorts(businessCentral);

  /** A posting that was asked for and not answered may still land: nothing is deleted and nothing ends before. */
  async function settlePosting(recordId: string, draftId: string, kind: DocumentKind): Promise<void> {
    const key = writeKey(recordId, `${POST_STEPS[kind]}-${draftId}`);
    const open = await ledger.findOpenIntent(key, temporalNow(clock));
    if (!open) return;
    const restMs = ambiguityWindowMs - open.askedMsAgo;
    if (restMs > 0) throw waitForOutcome(Math.min(restMs, LOOK_AGAIN_MS));
    await ledger.markNotDone(key, open.attempt);
  }

  return {
    /** The draft of a request whose answer never came, once it has landed; undefined when it certainly never will (I1). */
    async findUnansweredDraft({
      recordId,
      kind,
      draftVersion,
    }: DraftPlace & { readonly draftVersion: number }): Promise<string | undefined> {
      const write = toDraftWrite(dependencies, ports[kind], { recordId, draftVersion });
      return (await settleOpenWrite(dependencies, write))?.id;
    },

    /**
     * The document of a record that ended in Sales, made when a ledger that was restored since knew of it. From here on the
     * deal has it, so that it ends as any other.
     */
    async adoptForgotten({ recordId, draftVersion }: ForgottenInput): Promise<boolean> {
      // Whatever a quote may become is all that there may be.
      const found = await toTemporalFailures(() => ports.quote.find(recordId));
      if (!found) return false;
      const port: DocumentPort = ports[kindOf(found)];
      await writeOnce(dependencies, {
        ...toDraftWrite(dependencies, port, { recordId, draftVersion }),
        // Of what it was made nobody knows any more.
        find: () => port.find(recordId),
        write: () => Promise.reject(lookAgain(`document ${found.number} was there a moment ago`)),
      });
      return true;
    },

    /**
     * `posted` when somebody has posted it: then it stays, and what is posted is followed. Of a quote that was converted what
     * it became is deleted.
     * @param input `evenIfEdited`: a person wants it gone; else what somebody changed in it is a question (I14)
     */
    async deleteDraft(input: DeleteInput): Promise<'deleted' | 'posted'> {
      return deleteOnce(await followQuote(input));
    },
  };

  /** Where the document is by now: a quote may have become another. */
  async function followQuote(input: DeleteInput): Promise<DeleteInput> {
    if (input.kind !== 'quote') return input;
    const { recordId, draftId } = input;
    const readFrom = clock.now();
    const found = await findQuoteOrSuccessor(dependencies, recordId, draftId);
    if (!found || isQuote(found)) return input;
    const { kind } = await adoptSuccessor(dependencies, recordId, draftId, found, readFrom);
    return { ...input, kind, draftId: found.id };
  }

  async function deleteOnce(input: DeleteInput): Promise<'deleted' | 'posted'> {
    const { recordId, draftId, evenIfEdited } = input;
    const port: DocumentPort = ports[input.kind];
    const readFrom = clock.now();
    const look = () => findDraftOrGone(dependencies, port, input);
    const draft = await look();
    if (input.kind === 'quote' && !draft && (await findSuccessorOf(recordId)))
      throw lookAgain(`quote ${draftId} has just been converted`);
    const posted = await toTemporalFailures(() => findPosted(port, recordId, draftId, draft));
    for (const document of posted) {
      await compareWithKnown(dependencies, recordId, document);
      await ledger.saveDocument(recordId, kindOf(document), document, readFrom);
    }
    if (posted.length > 0) return 'posted';
    await settlePosting(recordId, draftId, input.kind);
    const whyKept = draft && port.whyKept(draft);
    if (whyKept) throw refuse('draft-edited', whyKept);
    if (draft && !evenIfEdited) await ensureUnedited(ledger, draft);
    await writeOnce(dependencies, {
      recordId,
      // The intent tells a repeat that a draft which is gone was deleted by us: without it nothing would (I4).
      writeKey: writeKey(recordId, `delete-${draftId}`),
      action: DELETE_ACTIONS[port.kind],
      result: deletion,
      // Deleting again is harmless, so there is no outcome to wait for.
      ambiguityWindowMs: 0,
      find: async () => (draft === undefined ? { wasThere: true } : undefined),
      write: async (context) => {
        if (!draft) return NOT_THERE;
        try {
          const receipt = await port.delete(draftId, draft.etag, context);
          return { wasThere: true, ...receipt };
        } catch (error) {
          if (!(error instanceof RemoteApiError) || error.code !== 'not-found' || (await look())) throw error;
          // It was converted or posted in this very moment, and what came of it is to be deleted or followed (I1).
          const successors = await toTemporalFailures(() => port.findSuccessors(draftId, recordId));
          if (successors.length > 0)
            throw lookAgain(`${port.name} ${draftId} has just been ${port.kind === 'quote' ? 'converted' : 'posted'}`);
          return NOT_THERE;
        }
      },
      outcome: ({ wasThere }) => ({
        change: { kind: 'draft-gone' },
        facts: { documentId: draftId, ...(!wasThere && { alreadyGone: true }) },
      }),
    });
    return 'deleted';
  }

  function findSuccessorOf(recordId: string): Promise<SalesDocument | undefined> {
    return toTemporalFailures(() => findSuccessor(businessCentral, recordId));
  }

  async function findPosted(
    port: DocumentPort,
    recordId: string,
    draftId: string,
    draft: SalesDocument | undefined,
  ): Promise<readonly SalesDocument[]> {
    if (!draft) return port.kind === 'quote' ? [] : port.findSuccessors(draftId, recordId);
    const { draftNumber = draft.number } = await ledger.getRecord(recordId);
    return 'remaining' in draft && (await port.isPosted(draft, draftNumber)) ? [draft] : [];
  }
}

export type DeletionSteps = ReturnType<typeof createDeletionSteps>;

const LOOK_AGAIN_MS = 15_000;
const DELETE_ACTIONS: Readonly<Record<DocumentKind, RemoteWrite>> = {
  invoice: 'delete draft invoice in Business Central',
  order: 'delete order in Business Central',
  quote: 'delete quote in Business Central',
};
const NOT_THERE = { wasThere: false, requestId: '', correlationId: '' };

async function ensureUnedited(ledger: DealLedger, draft: SalesDocument): Promise<void> {
  const own = await ledger.findOwnDocument(draft.id);
  const edits = own ? findDraftEdits(own, draft) : [];
  // The customer may have it.
  if (isQuote(draft) && draft.status !== 'Draft')
    edits.push(`quote ${draft.number} is ${draft.status} in Business Central`);
  if (edits.length > 0) throw refuse('draft-edited', listedAtMost(edits).join('; '));
}
