import type { Database } from '../ledger/database.js';
import { listBusinessCentralFeeds } from '../ledger/feeds/business-central-feeds.js';
import { createFeedLedger, type FeedState } from '../ledger/feeds/sales-feeds.js';
import type { Config } from '../process/config.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** How fresh the feeds are, as the ledger knows it. */

/** A feed that is refused asks again after one or five minutes; ten intervals are more than one page that takes long. */
const INTERVALS = 10;
const PATIENCE_S = 600;

export function examineFeeds(needs: {
  readonly database: Step;
  readonly db: Step<Database>;
  readonly config: Step<Config>;
}): Step<true> {
  return createStep('feeds', needs, async ({ db, config }) => {
    if (!config.feeds) return { value: true, findings: [notChecked('feeds', 'FEEDS is off')] };
    const states = await createFeedLedger(db).listFeeds();
    const findings = states.map((state) => toFreshness(state, config.rules.feeds.tables[state.table].everySeconds));
    for (const { name, ageSeconds, lastError } of await listBusinessCentralFeeds(db)) {
      // Subscriptions are asked of Business Central itself.
      if (!name.startsWith('invoice-feed-')) continue;
      findings.push(toFinding(name, ageSeconds, lastError, config.rules.invoiceFeed.everySeconds));
    }
    if (findings.length === 0) {
      findings.push(wrong('feeds', 'none has ever read', 'Start worker and starter with FEEDS=on.'));
    }
    return { value: true, findings };
  });
}

function toFreshness(state: FeedState, everySeconds: number): Finding {
  const { table, pausedAt, pausedBy, caughtUpAt, lastError, phase } = state;
  if (pausedAt) {
    const found = `paused by ${pausedBy} since ${pausedAt.toISOString()}`;
    return warning(table, found, `dealbridge feeds resume ${table}`);
  }
  const age = caughtUpAt ? Math.max(0, Math.round((Date.now() - caughtUpAt.getTime()) / 1_000)) : undefined;
  if (age === undefined && lastError === undefined) {
    return warning(
      table,
      `the first reading is under way (${phase})`,
      'Wait for it: `dealbridge feeds` shows the rows.',
    );
  }
  return toFinding(table, age, lastError, everySeconds);
}

function toFinding(name: string, age: number | undefined, error: string | undefined, everySeconds: number): Finding {
  if (error !== undefined) {
    return wrong(name, `refused: ${error}`, 'Set right what the steps of the system say; it asks again by itself.');
  }
  const read = age === undefined ? 'has not read yet' : `complete up to ${age} s ago`;
  const isStale = age !== undefined && age > Math.max(PATIENCE_S, INTERVALS * everySeconds);
  return isStale ? wrong(name, read, 'See that a worker polls the queues and that the loop runs.') : ok(name, read);
}
