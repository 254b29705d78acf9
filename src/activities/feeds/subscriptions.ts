import type { Subscription, SubscriptionClient } from '../../clients/business-central/subscriptions.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import {
  BUSINESS_CENTRAL_WEBHOOK,
  SUBSCRIBED_RESOURCES,
  type SubscribedResource,
  subscriptionId,
} from '../../deal/business-central-feeds.js';
import type { Clock } from '../../deal/clock.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { StoredSubscription } from '../../ledger/feeds/subscriptions.js';
import type { Ledger } from '../../ledger/ledger.js';
import { toFailure } from '../remote/failures.js';

/** What has to be done for one subscription; nothing, when it is as it should be. */
export interface SubscriptionTask {
  readonly resource: SubscribedResource;
  /** `move`: it points to another address, such as one with the key of before, so it is deleted and made anew. */
  readonly todo: 'create' | 'renew' | 'move';
  readonly etag: string;
}

export interface SubscriptionDependencies {
  readonly subscriptions: SubscriptionClient;
  readonly companyId: string;
  readonly ledger: Pick<Ledger, 'businessCentralFeeds'>;
  /** The address under which Business Central reaches the starter; without it nothing is subscribed. */
  readonly publicUrl: string | undefined;
  /** Asked for each time: a new webhook secret changes both. */
  readonly getNoticeSecret: () => Promise<{ readonly clientState: string; readonly addressKey: string }>;
  readonly clock: Clock;
}

/** It lives for three days: renewed daily, it survives two days on which we could not. */
const RENEW_AFTER_MS = 86_400_000;
/** A clock that is wrong, or a renewal that the ledger does not know of: what ends soon is renewed as well. */
const ENDS_SOON_MS = 36 * 3_600_000;

export function createSubscriptionActivities(dependencies: SubscriptionDependencies) {
  const { subscriptions, companyId, publicUrl, getNoticeSecret, clock } = dependencies;
  const ledger = dependencies.ledger.businessCentralFeeds;

  const noteOf = (resource: SubscribedResource) => ({
    subscriptionId: subscriptionId(companyId, resource),
    companyId,
    resource,
  });
  const getWanted = async (resource: SubscribedResource) => {
    const { clientState, addressKey } = await getNoticeSecret();
    return {
      id: subscriptionId(companyId, resource),
      resource: `/api/v2.0/companies(${companyId})/${resource}`,
      notificationUrl: `${publicUrl}${BUSINESS_CENTRAL_WEBHOOK}/${addressKey}`,
      clientState,
    };
  };

  /** A refusal is kept where people look for it; the failure tells the loop to go on with the next. */
  async function noting<T>(resource: SubscribedResource, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof RemoteApiError) {
        await ledger.recordSubscriptionError(noteOf(resource), error.message).catch(() => undefined);
      }
      throw toFailure(error);
    }
  }

  return {
    /** Compares what Business Central has with what should be there; one request, none without a public address. */
    async findSubscriptionTasks(_of: CompanyContext): Promise<SubscriptionTask[]> {
      if (publicUrl === undefined) return [];
      let found: Subscription[];
      try {
        found = await subscriptions.listSubscriptions();
      } catch (error) {
        throw toFailure(error);
      }
      const kept = await ledger.listSubscriptions();
      const tasks: SubscriptionTask[] = [];
      for (const resource of SUBSCRIBED_RESOURCES) {
        const wanted = await getWanted(resource);
        const there = found.find((subscription) => subscription.id === wanted.id);
        const known = kept.find((subscription) => subscription.subscriptionId === wanted.id);
        if (!there) tasks.push({ resource, todo: 'create', etag: '' });
        else if (there.notificationUrl !== wanted.notificationUrl) {
          tasks.push({ resource, todo: 'move', etag: there.etag });
        } else if (isDue(there, known, clock.now().getTime()) || hasOtherState(there, wanted.clientState)) {
          tasks.push({ resource, todo: 'renew', etag: there.etag });
        }
      }
      return tasks;
    },

    /** Asked twice it is found: the id is ours, and one that exists already is what was wanted. */
    async createSubscription({ resource }: CompanyContext & { readonly resource: SubscribedResource }): Promise<void> {
      await noting(resource, async () => {
        const wanted = await getWanted(resource);
        const made = await orExisting(subscriptions, wanted.id, () =>
          subscriptions.createSubscription(wanted, REPEATABLE),
        );
        await ledger.recordRenewal(noteOf(resource), made.expiresAt);
      });
    },

    async renewSubscription({
      resource,
      etag,
    }: CompanyContext & {
      readonly resource: SubscribedResource;
      readonly etag: string;
    }): Promise<void> {
      await noting(resource, async () => {
        const renewed = await subscriptions.renewSubscription(await getWanted(resource), etag, REPEATABLE);
        await ledger.recordRenewal(noteOf(resource), renewed.expiresAt);
      });
    },

    async deleteSubscription({
      resource,
      etag,
    }: CompanyContext & {
      readonly resource: SubscribedResource;
      readonly etag: string;
    }): Promise<void> {
      await noting(resource, async () => {
        const id = subscriptionId(companyId, resource);
        try {
          await subscriptions.deleteSubscription(id, etag, REPEATABLE);
        } catch (error) {
          // Gone is what was wanted.
          if (!(error instanceof RemoteApiError) || error.code !== 'not-found') throw error;
        }
        await ledger.forgetSubscription(id);
      });
    },
  };
}

export type SubscriptionActivities = ReturnType<typeof createSubscriptionActivities>;

function isDue({ expiresAt }: Subscription, known: StoredSubscription | undefined, now: number): boolean {
  if (!known?.renewedAt || known.error !== undefined) return true;
  return now - known.renewedAt.getTime() > RENEW_AFTER_MS || Date.parse(expiresAt) - now < ENDS_SOON_MS;
}

/** The secret that comes back with each notification changed; not every version shows it. */
function hasOtherState({ clientState }: Subscription, wanted: string): boolean {
  return clientState !== undefined && clientState !== '' && clientState !== wanted;
}

/** The attempt before this one may have made it and lost the answer. */
async function orExisting(
  subscriptions: SubscriptionClient,
  id: string,
  create: () => Promise<Subscription>,
): Promise<Subscription> {
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'taken') throw error;
    const found = (await subscriptions.listSubscriptions()).find((subscription) => subscription.id === id);
    if (!found) throw error;
    return found;
  }
}
