import type { Client } from '@temporalio/client';
import type { FlowName } from '../../deal/flows.js';
import { ensureFlows } from './flows.js';
import { ensureInvoiceFeed, nudgeInvoiceFeed } from './invoice-feeds.js';

/** The feeds of all companies in Business Central; a company is found by its name, which needs an answer of the API. */
export interface CompanyFeeds {
  /** May be called until it succeeds: what runs already stays. @throws what the first company failed with. */
  ensure(): Promise<void>;
  /** A notice names its company, but reading the others as well costs one request each. */
  nudge(): Promise<void>;
}

export interface CompanyFeedOptions<Place> {
  /** The default company first. */
  readonly places: readonly Place[];
  readonly findCompanyId: (place: Place) => Promise<string>;
  /** The queue of the app registration that reaches it; undefined: that of all others. */
  readonly laneOf: (place: Place) => string | undefined;
  readonly isSubscribing: boolean;
  readonly sweepEveryMinutes: number;
  /** What flows back beside the invoices. */
  readonly flows: readonly FlowName[];
  /** All of them, once each was found: what was read of others is not late. */
  readonly recordNamed: (companyIds: readonly string[]) => Promise<void>;
}

export function createCompanyFeeds<Place>(temporal: Client, options: CompanyFeedOptions<Place>): CompanyFeeds {
  const { places, findCompanyId, laneOf, isSubscribing, sweepEveryMinutes, flows, recordNamed } = options;
  const companyIds = new Set<string>();
  return {
    async ensure() {
      // One that cannot be reached does not keep the others waiting.
      const started = await Promise.allSettled(
        places.map(async (place, index) => {
          const companyId = await findCompanyId(place);
          companyIds.add(companyId);
          const lane = laneOf(place);
          await ensureInvoiceFeed(temporal, {
            companyId,
            lane,
            isSubscribing,
            sweepEveryMinutes,
          });
          const ofCompany = index > 0 ? flows.filter((flow) => !OF_MASTERS.has(flow)) : flows;
          await ensureFlows(temporal, { companyId, lane }, ofCompany);
        }),
      );
      const failed = started.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      await recordNamed([...companyIds]);
    },
    async nudge() {
      for (const companyId of companyIds) await nudgeInvoiceFeed(temporal, companyId);
    },
  };
}

/** Master data is kept in agreement with the default company alone. */
const OF_MASTERS: ReadonlySet<FlowName> = new Set(['customerFinances', 'stock']);
