import type { Simulators } from '@dealbridge/simulators';
import type { LoggedRequest } from '@dealbridge/simulators/kernel/server.js';
import type { Client } from '@temporalio/client';

/** What goes wrong on the way of the three deals, and how the log of Business Central says that it was survived. */

const THROTTLED = 'throttled';
const LOST = 'lost-answer';
const RETRY_AFTER_S = 2;

export function planFaults({ businessCentral: { faults } }: Simulators): void {
  faults.add({
    id: THROTTLED,
    match: { method: 'POST', path: 'salesInvoices\\?' },
    effect: {
      kind: 'status',
      status: 429,
      headers: { 'retry-after': String(RETRY_AFTER_S) },
      body: {
        error: {
          code: 'Application_TooManyRequests',
          message: 'Too many requests reached. Actual (101). Maximum (100).',
        },
      },
    },
  });
  faults.add({
    id: LOST,
    match: { method: 'POST', path: 'Microsoft\\.NAV\\.post' },
    effect: { kind: 'lose-answer', when: 'after' },
  });
}

export interface Survival {
  readonly lines: readonly string[];
  /** Whether both hit, and neither was answered by a second document or a second posting. */
  readonly isGood: boolean;
}

export interface DemoDeal {
  readonly recordId: string;
  readonly documentId: string | undefined;
  readonly name: string;
}

const ON_THEIR_WAY_MS = 500;

export async function tellSurvival(
  { businessCentral: { requests } }: Simulators,
  temporal: Client,
  startedAt: number,
  deals: readonly DemoDeal[],
): Promise<Survival> {
  const toSeconds = (at: number): string => `${((at - startedAt) / 1_000).toFixed(2)} s`;
  const after = (request: LoggedRequest): string => toSeconds(Date.parse(request.startedAt));
  const hitBy = (fault: string): LoggedRequest | undefined => requests.find(({ faults }) => faults.includes(fault));
  const [throttled, lost] = [hitBy(THROTTLED), hitBy(LOST)];
  if (!throttled || !lost) return { lines: ['The faults hit nothing.'], isGood: false };
  const since = (one: LoggedRequest): LoggedRequest[] => requests.slice(requests.indexOf(one) + 1);

  const again = await findSecondDraft(temporal, deals);
  // What was on its way when the 429 came is answered too; the pause shows behind that.
  const next = since(throttled).find(
    (one) => Date.parse(one.startedAt) > Date.parse(throttled.startedAt) + ON_THEIR_WAY_MS,
  );
  const made = requests.filter((one) => one.path === throttled.path && one.status === 201).length;
  const documentId = /salesInvoices\(([^)]+)\)/.exec(lost.path)?.[1] ?? '';
  const posted = requests.filter(({ path, status }) => path === lost.path && status !== 429).length;
  const look = since(lost).find(({ method, path }) => method === 'GET' && path.includes(documentId));
  const deal = deals.find((one) => one.documentId?.toLowerCase() === documentId.toLowerCase());
  return {
    isGood: again !== undefined && made === deals.length && look !== undefined && posted === 1,
    lines: [
      `${after(throttled)}: Business Central answered the draft of ${again?.deal.name ?? '?'} with 429 and Retry-After: ${RETRY_AFTER_S}.`,
      again
        ? `  All requests of the app registration waited as long as it was told: the first one after it left at ${next ? after(next) : '?'}. Drafts made: ${made}, one a deal.`
        : '  NOT sent again.',
      `${after(lost)}: Business Central posted ${deal?.name ?? documentId}, and the connection broke before the answer.`,
      look
        ? `  Dealbridge did not post again, it looked: at ${after(look)} the invoice was found posted. Requests to post it: ${posted}.`
        : '  NOT looked for.',
    ],
  };
}

/** The draft that took a second attempt; the log of requests does not say whose it was. */
async function findSecondDraft(
  temporal: Client,
  deals: readonly DemoDeal[],
): Promise<{ readonly deal: DemoDeal; readonly at: number } | undefined> {
  for (const deal of deals) {
    const { events } = await temporal.workflow.getHandle(deal.recordId).fetchHistory();
    const drafts = (events ?? []).filter(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'createDraft',
    );
    const second = (events ?? []).find(({ activityTaskStartedEventAttributes: started }) => {
      const isDraft = drafts.some(({ eventId }) => String(eventId) === String(started?.scheduledEventId));
      return isDraft && Number(started?.attempt) > 1;
    });
    if (second) {
      const { seconds, nanos } = second.eventTime ?? {};
      return { deal, at: Number(seconds) * 1_000 + Number(nanos ?? 0) / 1_000_000 };
    }
  }
  return undefined;
}
