import type { Client } from '@temporalio/client';
import { DealbridgeError } from '../../deal/errors.js';
import type { FlowName } from '../../deal/flows.js';
import { ensureFlows } from './flows.js';
import { ensureInvoiceFeed, nudgeInvoiceFeed } from './invoice-feeds.js';

/** The feeds of all companies in Business Central; a company is found by its name, which needs an answer of the API. */
export interface CompanyFeeds {
  /** May be called until it succeeds: what runs already stays. @throws what a company failed with; of several an AggregateError that names each. */
  ensure(): Promise<void>;
  /** A notice names its company, but reading the others as well costs one request each. */
  nudge(): Promise<void>;
}

export interface CompanyFeedOptions<Place> {
  /** The default company first. */
  readonly places: readonly Place[];
  readonly nameOf: (place: Place) => string;
  readonly findCompanyId: (place: Place) => Promise<string>;
  /** By which the ledger knows it, whether it can be reached or not. */
  readonly findRegisteredId: (place: Place) => Promise<string | undefined>;
  /** The queue of the app registration that reaches it; undefined: that of all others. */
  readonly laneOf: (place: Place) => string | undefined;
  readonly isSubscribing: boolean;
  readonly sweepEveryMinutes: number;
  /** What flows back beside the invoices. */
  readonly flows: readonly FlowName[];
  /** All of them: what was read of others is not late. */
  readonly recordNamed: (companyIds: readonly string[]) => Promise<void>;
}

export function createCompanyFeeds<Place>(temporal: Client, options: CompanyFeedOptions<Place>): CompanyFeeds {
  const { places, findCompanyId, laneOf, isSubscribing, sweepEveryMinutes, flows } = options;
  const companyIds = new Set<string>();

  /** One that is away, or was deleted and is still in the rules, has not left, and keeps nobody else from having left. */
  async function recordNamed(failures: ReadonlyMap<Place, unknown>): Promise<void> {
    const named = new Set(companyIds);
    for (const [place, failure] of failures) {
      const registered = await options.findRegisteredId(place);
      if (registered !== undefined) named.add(registered);
      // It may be any of those that the ledger knows.
      else if (!isNotThere(failure)) return;
    }
    await options.recordNamed([...named]);
  }

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
      const failures = new Map(
        started.flatMap((one, index) => {
          const place = places[index];
          return one.status === 'rejected' && place !== undefined ? [[place, one.reason] as const] : [];
        }),
      );
      await recordNamed(failures);
      if (failures.size > 0) throw toOne(failures, options.nameOf);
    },
    async nudge() {
      for (const companyId of companyIds) await nudgeInvoiceFeed(temporal, companyId);
    },
  };
}

function toOne<Place>(failures: ReadonlyMap<Place, unknown>, nameOf: (place: Place) => string): unknown {
  const reasons = [...failures.values()];
  if (reasons.length === 1) return reasons[0];
  const texts = [...failures].map(
    ([place, reason]) => `${nameOf(place)}: ${reason instanceof Error ? reason.message : String(reason)}`,
  );
  return new AggregateError(reasons, texts.join('; '));
}

function isNotThere(error: unknown): boolean {
  return error instanceof DealbridgeError && error.code === 'not-found';
}

/** Master data is kept in agreement with the default company alone. */
const OF_MASTERS: ReadonlySet<FlowName> = new Set(['customerFinances', 'stock']);
