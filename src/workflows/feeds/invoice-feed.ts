import { ActivityFailure, continueAsNew, log } from '@temporalio/workflow';
import type { InvoicePlaceInReading } from '../../activities/feeds/invoice-feed.js';
import type { CompanyInLane } from '../../deal/lanes.js';
import { useLaneOf } from '../lane-activities.js';
import { invoices } from './activities.js';
import { createFeedHandlers } from './feed-handlers.js';
import { createRefusedRest } from './refused-rest.js';

export interface InvoiceFeedInput extends CompanyInLane {
  readonly isPaused?: boolean;
  readonly position?: InvoiceFeedPosition;
}

export interface InvoiceFeedPosition {
  /** The last change of an invoice of which every deal was notified. */
  readonly watermark: string | undefined;
  readonly lastError: string | undefined;
}

/** What happens to invoices in Business Central reaches the deals that they belong to. */
export async function invoiceFeed(input: InvoiceFeedInput): Promise<void> {
  const { companyId, lane } = input;
  useLaneOf(input);
  let position: InvoiceFeedPosition = input.position ?? { watermark: undefined, lastError: undefined };
  const handlers = createFeedHandlers<InvoiceFeedPosition>(position, input.isPaused ?? false);
  const afterRefusal = createRefusedRest();
  while (!handlers.isFull()) {
    await handlers.untilResumed();
    if (handlers.isPaused) continue;
    const restSeconds = await readToEnd();
    await handlers.rest(restSeconds);
  }
  await continueAsNew<typeof invoiceFeed>({
    companyId,
    ...(lane !== undefined && { lane }),
    isPaused: handlers.isPaused,
    position,
  });

  /** Page after page; the ledger remembers how far, so that a new reading goes on from there. */
  async function readToEnd(): Promise<number> {
    let place: Omit<InvoicePlaceInReading, 'companyId'> = {};
    for (;;) {
      try {
        const page = await invoices.readInvoicePage({ companyId, ...place });
        afterRefusal.reset();
        position = { watermark: page.watermark, lastError: undefined };
        handlers.show(position);
        place = { next: page.next, beganAt: page.beganAt };
        if (page.next === undefined || handlers.isFull() || handlers.isPaused) return page.everySeconds;
      } catch (error) {
        if (!(error instanceof ActivityFailure)) throw error;
        const lastError = error.cause?.message ?? error.message;
        log.warn('the invoices of Business Central cannot be read', { lastError });
        position = { ...position, lastError };
        handlers.show(position);
        return afterRefusal.next();
      }
    }
  }
}
