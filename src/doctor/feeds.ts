import type { Database } from '../ledger/database.js';
import { listBusinessCentralFeeds } from '../ledger/feeds/business-central-feeds.js';
import { createFeedLedger, type FeedState } from '../ledger/feeds/sales-feeds.js';
import type { Config } from '../process/config.js';
import { type Finding, notChecked, warning, wrong } from './finding.js';
import { examineFlows } from './flows.js';
import { toFreshnessFinding } from './freshness.js';
import { createStep, type Step } from './step.js';

/** How fresh the feeds are, as the ledger knows it. */

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
      findings.push(toFreshnessFinding(name, ageSeconds, lastError, config.rules.invoiceFeed.everySeconds));
    }
    findings.push(...(await examineFlows(db, config.rules.flows)));
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
  return toFreshnessFinding(table, age, lastError, everySeconds);
}
