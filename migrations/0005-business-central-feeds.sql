-- What a write started from, for those whose end shows only by comparison (an order's shipped quantities).
ALTER TABLE write_intents ADD COLUMN started_from jsonb;

-- Up to which change of its invoices a company was read.
CREATE TABLE invoice_feeds (
  company_id uuid PRIMARY KEY,
  watermark timestamptz NOT NULL,
  read_at timestamptz,
  error text,
  error_at timestamptz
);

-- Invoices met within the overlap that every reading goes back, so that each change counts once; `told` is false from the
-- moment that the news are kept until the deal has been told, whatever happens in between (I5).
CREATE TABLE seen_invoices (
  invoice_id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  etag text NOT NULL,
  last_modified timestamptz NOT NULL,
  told boolean NOT NULL
);
CREATE INDEX seen_invoices_by_time ON seen_invoices (company_id, last_modified);

CREATE TABLE webhook_subscriptions (
  subscription_id text PRIMARY KEY,
  company_id uuid NOT NULL,
  resource text NOT NULL,
  expires_at timestamptz,
  renewed_at timestamptz,
  error text,
  error_at timestamptz
);
