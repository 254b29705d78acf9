import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { defaultPayloadConverter } from '@temporalio/common';
import { CHANGED_SIGNAL, type ChangeHint } from '../../src/deal/change-hints.js';
import { FEED_TABLES, type FeedTable, salesFeedId } from '../../src/deal/ids.js';
import { createDetections } from '../../src/ledger/deals/detections.js';
import { createFeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { createPayloadCodec } from '../../src/secrets/payload-codec.js';
import type { FeedPosition } from '../../src/workflows/feeds/messages.js';
import { until } from './deals.js';
import type { Stage } from './processes.js';

/** What one asks of the feeds of a stage. */
export function createListener(stage: Stage) {
  const { temporal, simulators } = stage;
  const feeds = createFeedLedger(stage.database);
  const detections = createDetections(stage.database);
  const handle = (table: FeedTable) => temporal.workflow.getHandle(salesFeedId(table));
  const say = (table: FeedTable, word: 'pause' | 'resume' | 'nudge') =>
    handle(table).executeUpdate<FeedPosition, [{ by: string }]>(word, { args: [{ by: 'test' }] });
  return {
    feeds,
    detections,
    handle,
    pause: (table: FeedTable) => say(table, 'pause'),
    resume: (table: FeedTable) => say(table, 'resume'),
    nudge: (table: FeedTable) => say(table, 'nudge'),
    position: (table: FeedTable) => handle(table).query<FeedPosition>('position'),
    /** Waits until every feed has read all that there was when it began. */
    async untilComplete(): Promise<void> {
      await until(async () => {
        const states = await feeds.listFeeds();
        return states.length === FEED_TABLES.length && states.every(({ phase }) => phase === 'changes');
      });
    },
    /** Waits until the feed has dealt with the row as it stands in Sales now. */
    async untilSettled(table: FeedTable, rowId: string): Promise<void> {
      const version = String(simulators.dataverse.store.find(table, rowId)?.['versionnumber']);
      await until(async () => {
        const settled = (await feeds.findSettled(table, [rowId])).get(rowId);
        return settled !== undefined && BigInt(settled.version) >= BigInt(version);
      });
    },
    requestsFor: (set: string) =>
      simulators.dataverse.requests.filter(({ path }) => path.includes(`/${set}?$select=statecode`)),
    looksOf: (recordId: string) => readLooks(stage, recordId),
    cli: async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['dist/cli/main.js', ...args], { env: stage.env });
      return stdout;
    },
  };
}

/** The looks that a run was told, the oldest first. */
export async function readLooks({ temporal, ring }: Stage, recordId: string): Promise<ChangeHint[]> {
  const codec = createPayloadCodec(ring);
  const { events } = await temporal.workflow.getHandle(recordId).fetchHistory();
  const sealed = (events ?? []).flatMap((event) => {
    const signal = event.workflowExecutionSignaledEventAttributes;
    return signal?.signalName === CHANGED_SIGNAL ? (signal.input?.payloads ?? []) : [];
  });
  return (await codec.decode(sealed)).map((payload) => defaultPayloadConverter.fromPayload<ChangeHint>(payload));
}
