import type { Queryable } from '../database.js';

/** What the ledger knows of our webhook subscriptions: when they were renewed, and what went wrong last. */
export interface StoredSubscription {
  readonly subscriptionId: string;
  readonly companyId: string;
  readonly resource: string;
  readonly expiresAt: Date | undefined;
  readonly renewedAt: Date | undefined;
  readonly error: string | undefined;
  readonly errorAt: Date | undefined;
}

export interface SubscriptionRenewal {
  readonly subscriptionId: string;
  readonly companyId: string;
  readonly resource: string;
}

export async function recordRenewal(db: Queryable, of: SubscriptionRenewal, expiresAt: string): Promise<void> {
  await db.query(
    `INSERT INTO webhook_subscriptions (subscription_id, company_id, resource, expires_at, renewed_at)
     VALUES ($1, $2, $3, $4, now())
     ON CONFLICT (subscription_id) DO UPDATE
       SET expires_at = excluded.expires_at, renewed_at = now(), error = NULL, error_at = NULL`,
    [of.subscriptionId, of.companyId, of.resource, expiresAt],
  );
}

export async function recordSubscriptionError(db: Queryable, of: SubscriptionRenewal, error: string): Promise<void> {
  await db.query(
    `INSERT INTO webhook_subscriptions (subscription_id, company_id, resource, error, error_at)
     VALUES ($1, $2, $3, $4, now())
     ON CONFLICT (subscription_id) DO UPDATE SET error = excluded.error, error_at = now()`,
    [of.subscriptionId, of.companyId, of.resource, error],
  );
}

/** The subscription is no longer ours or no longer there. */
export async function forgetSubscription(db: Queryable, subscriptionId: string): Promise<void> {
  await db.query('DELETE FROM webhook_subscriptions WHERE subscription_id = $1', [subscriptionId]);
}

export async function listSubscriptions(db: Queryable): Promise<StoredSubscription[]> {
  const { rows } = await db.query<{
    subscription_id: string;
    company_id: string;
    resource: string;
    expires_at: Date | null;
    renewed_at: Date | null;
    error: string | null;
    error_at: Date | null;
  }>('SELECT * FROM webhook_subscriptions ORDER BY subscription_id');
  return rows.map((row) => ({
    subscriptionId: row.subscription_id,
    companyId: row.company_id,
    resource: row.resource,
    expiresAt: row.expires_at ?? undefined,
    renewedAt: row.renewed_at ?? undefined,
    error: row.error ?? undefined,
    errorAt: row.error_at ?? undefined,
  }));
}
