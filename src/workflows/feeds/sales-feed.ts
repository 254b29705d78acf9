import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { FeedPage } from '../../activities/feeds/sales-feed.js';
import { NUDGE, PAUSE, RESUME } from '../../deal/business-central-feeds.js';
import { parseDecider } from '../../deal/decisions.js';
import type { FeedTable } from '../../deal/ids.js';
import { feed, feedSwitches } from '../activity-options.js';
import { findMisfit, type IgnoredSignal, ignoreOtherSignals, parseOrRefuse } from '../strict-input.js';
import {
  type FeedPosition,
  feedPositionQuery,
  nudgeFeedSignal,
  nudgeFeedUpdate,
  pauseFeedSignal,
  pauseFeedUpdate,
  resumeFeedSignal,
  resumeFeedUpdate,
} from './messages.js';

/** Reads every change of one table of Sales, for ever: a page, and again while there are more, then it waits. */
export async function salesFeed({ table }: { readonly table: FeedTable }): Promise<void> {
  let page: FeedPage | undefined;
  let isPaused = false;
  let isNudged = false;
  let isReading = false;
  let pages = 0;
  let commands = 0;
  let lastError: string | undefined;
  let ignoredSignal: string | undefined;

  const position = (): FeedPosition => ({
    ...page,
    table,
    isPaused,
    pages,
    lastError,
    ...(ignoredSignal !== undefined && { ignoredSignal }),
  });
  // One after the other: of two at once that wait for the ledger the older may be taken last, and local activities that end
  // otherwise than in the order of their beginning do not replay.
  let switching: Promise<unknown> = Promise.resolve();
  const inTurn = (step: () => Promise<void>): Promise<void> => {
    const turn = switching.then(step);
    switching = turn.catch(() => undefined);
    return turn;
  };
  // The ledger keeps the pause: it outlives this run, and a step that is under way asks the ledger as well.
  const pause = async (input: unknown): Promise<FeedPosition> => {
    const { name: by } = parseDecider(input);
    await inTurn(() => feedSwitches.pauseFeed({ table, by }));
    isPaused = true;
    commands += 1;
    // Whoever is answered may rely on it: the page under way is the last one, and mostly done by then.
    await condition(() => !isReading, PAGE_UNDER_WAY);
    return position();
  };
  const resume = async (): Promise<FeedPosition> => {
    await inTurn(() => feedSwitches.resumeFeed({ table }));
    isPaused = false;
    commands += 1;
    isNudged = true;
    return position();
  };
  const nudge = (): FeedPosition => {
    isNudged = true;
    return position();
  };
  const validator = (input: unknown): void => void parseOrRefuse(() => parseDecider(input));
  setHandler(feedPositionQuery, position, { description: 'How far the feed has read, and when it was last complete' });
  setHandler(pauseFeedUpdate, pause, { validator, description: 'Read nothing until resumed; survives restarts' });
  setHandler(resumeFeedUpdate, resume, { validator, description: 'Go on from the stored position' });
  setHandler(nudgeFeedUpdate, nudge, { validator, description: 'Read now' });
  const ignore = ({ text }: IgnoredSignal): void => {
    ignoredSignal = text;
    setCurrentDetails(toMarkdown(position()));
  };
  const unlessMisfit = (signal: string, act: (input: unknown) => Promise<unknown>) => async (input: unknown) => {
    const misfit = findMisfit(signal, () => validator(input));
    if (misfit) return ignore(misfit);
    // An update tells whoever sent it; a signal that the ledger refuses must not end the feed.
    await act(input).catch((error: unknown) => {
      if (!(error instanceof ActivityFailure)) throw error;
      ignore({ kind: signal, text: `${signal}: ${error.cause?.message ?? error.message}` });
    });
  };
  setHandler(pauseFeedSignal, unlessMisfit(PAUSE, pause));
  setHandler(resumeFeedSignal, unlessMisfit(RESUME, resume));
  // A webhook's nudge carries nothing, and whatever it carries is not read.
  setHandler(nudgeFeedSignal, () => void nudge());
  ignoreOtherSignals([PAUSE, RESUME, NUDGE], ignore);

  while (!isLong()) {
    isNudged = false;
    const commandsBefore = commands;
    isReading = true;
    try {
      page = await feed.readSalesPage({ table });
      pages += 1;
      // A command that came meanwhile is newer than what the step saw.
      if (commands === commandsBefore) isPaused = page.isPaused;
      lastError = undefined;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      // Refused (a missing privilege, change tracking switched off): somebody has to act, and the feed tries on.
      lastError = error.cause?.message ?? error.message;
      log.warn('a feed was refused', { table, reason: lastError });
    } finally {
      isReading = false;
    }
    setCurrentDetails(toMarkdown(position()));
    if (isPaused) {
      await condition(() => !isPaused || isLong());
      continue;
    }
    if (lastError === undefined && page?.hasMore) continue;
    await sleep(MIN_WAIT);
    const seconds = lastError === undefined ? (page?.waitSeconds ?? REFUSED_SECONDS) : REFUSED_SECONDS;
    await condition(() => isNudged || isPaused, seconds * 1_000);
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof salesFeed>({ table });
}

/** A run of the loop ends early, so that replaying it stays quick; nudges count, too. */
const MAX_HISTORY_LENGTH = 2_000;

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return historyLength > MAX_HISTORY_LENGTH || continueAsNewSuggested;
}

/** Webhooks nudge at every change: between two readings there is a moment, in which they become one. */
const MIN_WAIT = '500ms';

const REFUSED_SECONDS = 60;

const PAGE_UNDER_WAY = '8s';

function toMarkdown({ phase, isPaused, caughtUpAt, lastError, ignoredSignal }: FeedPosition): string {
  const lines = [`### ${isPaused ? 'paused' : (phase ?? 'starting')}`];
  if (caughtUpAt) lines.push(`complete up to ${caughtUpAt}`);
  if (lastError) lines.push(`**refused**: ${lastError}`);
  if (ignoredSignal) lines.push(`ignored signal: ${ignoredSignal}`);
  return lines.join('\n\n');
}
