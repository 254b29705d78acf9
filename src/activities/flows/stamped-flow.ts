import type { ChangedPage } from '../../clients/business-central/flows.js';
import type { Clock } from '../../deal/clock.js';
import type { FlowName } from '../../deal/flows.js';
import type { FlowLedger, FoundThing } from '../../ledger/feeds/flows.js';
import { findPlace, findReached, readGrowingPage } from '../feeds/growing-page.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { FlowPageTaken, FlowPlaceInReading } from './flow.js';

/** A flow of documents that are read by the stamp of their last change, as the invoice feed reads invoices. */

export interface StampedDependencies {
  readonly flows: FlowLedger;
  readonly clock: Clock;
  /** How long a transaction may be open: what commits later bears a stamp that is older by as much. */
  readonly ambiguityWindowMs: number;
}

interface Stamped {
  readonly lastModified: string;
}

const PAGE_SIZE = 200;
/** Every reading goes back so far; what is the same as before stays as it is. */
const OVERLAP_MS = 120_000;

export async function collectStamped<Row extends Stamped>(
  { flows, clock, ambiguityWindowMs }: StampedDependencies,
  flow: { readonly name: FlowName; readonly from: Date | undefined },
  { next, beganAt }: FlowPlaceInReading,
  read: (since: Date, pageSize: number) => Promise<ChangedPage<Row>>,
  toThings: (rows: readonly Row[]) => Promise<readonly FoundThing[]>,
  /** What was skipped because the ledger did not know yet whose it is. */
  findAfterwards: () => Promise<readonly FoundThing[]>,
): Promise<FlowPageTaken> {
  const { watermark } = await flows.openFlow(flow.name, flow.from ?? clock.now());
  const since = findPlace(next, watermark, OVERLAP_MS);
  const { page, next: further } = await readGrowingPage(
    (from, size) => toTemporalFailures(() => read(from, size)),
    ({ rows }) => rows.at(-1),
    since,
    PAGE_SIZE,
  );
  const began = beganAt ?? page.answeredAt?.toISOString();
  // What is older than the beginning was there before the flow was.
  const rows = page.rows.filter(({ lastModified }) => flow.from === undefined || new Date(lastModified) >= flow.from);
  const isEnd = further === undefined;
  await flows.take(flow.name, rows.length > 0 ? await toThings(rows) : [], {
    watermark: findReached(page.rows.at(-1), isEnd ? began : undefined, ambiguityWindowMs),
    isEnd: false,
  });
  if (isEnd) await flows.take(flow.name, await findAfterwards(), { isEnd });
  return { next: further, beganAt: began, found: page.rows.length };
}
