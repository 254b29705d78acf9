import { z } from 'zod';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** What the ledger knows of our webhook subscriptions: when they were renewed, and what went wrong last. */
export interface StoredSubscription {
  readonly subscriptionId: string;
  readonly companyId: string;
  readonly resource: string;
  readonly expiresAt: Date | undefined;
  readonly renewedAt: Date | undefined;
  readonly ageSeconds: number | undefined;
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

const subscriptionRow = rowsOf('webhook_subscriptions', ['subscription_id'], {
  subscription_id: textColumn,
  company_id: textColumn,
  resource: textColumn,
  expires_at: nullable(timeColumn),
  renewed_at: nullable(timeColumn),
  age_seconds: nullable(z.number()),
  error: nullable(textColumn),
  error_at: nullable(timeColumn),
});

export async function listSubscriptions(db: Queryable): Promise<StoredSubscription[]> {
  // The age is counted by the clock that wrote `renewed_at`: the database's.
  const rows = await selectRows(
    db,
    subscriptionRow,
    `SELECT *, extract(epoch FROM now() - renewed_at)::float8 AS age_seconds FROM webhook_subscriptions
     ORDER BY subscription_id`,
  );
  return rows.map((row) => ({
    subscriptionId: row.subscription_id,
    companyId: row.company_id,
    resource: row.resource,
    expiresAt: row.expires_at,
    renewedAt: row.renewed_at,
    ageSeconds: row.age_seconds,
    error: row.error,
    errorAt: row.error_at,
  }));
}
