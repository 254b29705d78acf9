-- The feeds: how far Dataverse and Business Central were read, what is known of every row, and who saw which record.

CREATE TABLE sales_feeds (
  source_table text PRIMARY KEY,
  -- initial: the first reading of everything; changes: delta links; comparing: everything again, because the token was
  -- not taken any more; missing: what the comparison did not find counts as deleted.
  phase text NOT NULL DEFAULT 'initial' CHECK (phase IN ('initial', 'changes', 'comparing', 'missing')),
  -- The link to read next; none starts a reading of everything.
  position text,
  position_at timestamptz,
  -- Counts the stored positions: whoever read from an older one stores nothing (I5).
  step bigint NOT NULL DEFAULT 0,
  -- Counts the readings of everything.
  sweep integer NOT NULL DEFAULT 1,
  -- What was modified before is known, and never taken by the first reading.
  taken_from timestamptz,
  -- When the reading that is complete up to now began.
  reading_since timestamptz,
  caught_up_at timestamptz,
  paused_at timestamptz,
  paused_by text,
  times_paused integer NOT NULL DEFAULT 0,
  rows_read bigint NOT NULL DEFAULT 0,
  rows_taken bigint NOT NULL DEFAULT 0,
  last_error text,
  last_error_at timestamptz,
  times_expired integer NOT NULL DEFAULT 0,
  expired_at timestamptz,
  compared_rows bigint NOT NULL DEFAULT 0,
  compared_changed bigint NOT NULL DEFAULT 0,
  compared_missing bigint NOT NULL DEFAULT 0,
  counted_at timestamptz,
  counted_since timestamptz,
  counted_rows bigint,
  counted_missed bigint
);

CREATE TABLE sales_rows (
  source_table text NOT NULL,
  row_id uuid NOT NULL,
  version bigint NOT NULL,
  sweep integer NOT NULL,
  -- The version that was dealt with, and the state that the record had in it.
  settled_version bigint,
  settled_state text,
  PRIMARY KEY (source_table, row_id)
);

-- Who saw a record that may be handed over. Whatever two of them saw, the third should have seen.
CREATE TABLE detections (
  source_table text NOT NULL,
  record_id uuid NOT NULL,
  seen_by text NOT NULL CHECK (seen_by IN ('webhook', 'feed', 'count')),
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  times integer NOT NULL DEFAULT 1,
  PRIMARY KEY (record_id, seen_by)
);
CREATE INDEX sightings_by_time ON detections (source_table, last_at);

-- Up to which change of its invoices a company was read.
CREATE TABLE invoice_feeds (
  company_id uuid PRIMARY KEY,
  watermark timestamptz NOT NULL,
  read_at timestamptz,
  error text,
  error_at timestamptz
);

-- Invoices met within the overlap that every reading goes back, so that each change counts once; `notified` is false from the
-- moment that the status is stored until the deal has been notified, whatever happens in between (I5).
CREATE TABLE seen_invoices (
  invoice_id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  etag text NOT NULL,
  last_modified timestamptz NOT NULL,
  notified boolean NOT NULL
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
