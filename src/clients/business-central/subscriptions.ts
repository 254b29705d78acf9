import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { listOf, type SubscriptionRow, subscriptionRow } from './rows.js';
import { createBusinessCentralTransport, type EnvironmentOptions, type Receipt, toReceipt } from './transport.js';

/** A webhook subscription (reference/business-central 9.1): it lives for three days after its last renewal. */
export interface Subscription {
  readonly id: string;
  readonly etag: string;
  readonly notificationUrl: string;
  readonly clientState: string | undefined;
  readonly expiresAt: string;
}

export interface WantedSubscription {
  /** Our own id, so that what was asked and not answered is found again. */
  readonly id: string;
  /** Path of an entity set: `/api/v2.0/companies(…)/salesInvoices`. */
  readonly resource: string;
  readonly notificationUrl: string;
  readonly clientState: string;
}

/**
 * Subscriptions stand beside the companies. While one is created or renewed, Business Central calls the notification
 * URL and waits five seconds for its own token (reference/business-central 9.2): the receiver must be another process.
 */
export interface SubscriptionClient {
  listSubscriptions(): Promise<Subscription[]>;
  createSubscription(wanted: WantedSubscription, context: WriteContext): Promise<Subscription & Receipt>;
  renewSubscription(wanted: WantedSubscription, etag: string, context: WriteContext): Promise<Subscription & Receipt>;
  deleteSubscription(id: string, etag: string, context: WriteContext): Promise<Receipt>;
  close(): Promise<void>;
}

export function createSubscriptionClient(options: EnvironmentOptions): SubscriptionClient {
  const http = createBusinessCentralTransport(options, '', 1);
  return {
    async listSubscriptions() {
      const asked = 'list the subscriptions';
      const { body, requestId } = await http.send({ method: 'GET', path: 'subscriptions', asked });
      return readWire('business-central', asked, listOf(subscriptionRow), body, requestId).value.map(toSubscription);
    },
    async createSubscription({ id, ...wanted }, context) {
      const asked = 'create the subscription';
      const body = { subscriptionId: id, ...wanted };
      const answer = await http.send({ method: 'POST', path: 'subscriptions', asked, body, context });
      const row = readWire('business-central', asked, subscriptionRow, answer.body, answer.requestId);
      return { ...toSubscription(row), ...toReceipt(answer) };
    },
    async renewSubscription({ id, ...wanted }, etag, context) {
      const asked = 'renew the subscription';
      const headers = { 'if-match': etag };
      const answer = await http.send({ method: 'PATCH', path: toPath(id), asked, headers, body: wanted, context });
      const row = readWire('business-central', asked, subscriptionRow, answer.body, answer.requestId);
      return { ...toSubscription(row), ...toReceipt(answer) };
    },
    async deleteSubscription(id, etag, context) {
      const headers = { 'if-match': etag };
      return toReceipt(
        await http.send({ method: 'DELETE', path: toPath(id), asked: 'delete the subscription', headers, context }),
      );
    },
    close: () => http.close(),
  };
}

function toPath(id: string): string {
  return `subscriptions('${encodeURIComponent(id)}')`;
}

function toSubscription(row: SubscriptionRow): Subscription {
  return {
    id: row.subscriptionId,
    etag: row['@odata.etag'],
    notificationUrl: row.notificationUrl,
    clientState: row.clientState,
    expiresAt: row.expirationDateTime,
  };
}
