-- The feeds: how far Dataverse and Business Central were read, and what is known of every row.

CREATE TABLE sales_feeds (
  source_table text PRIMARY KEY,
  phase text NOT NULL DEFAULT 'initial' CHECK (phase IN ('initial', 'changes', 'comparing', 'missing')),
  position text,
  position_at timestamptz,
  step bigint NOT NULL DEFAULT 0,
  sweep integer NOT NULL DEFAULT 1,
  taken_from timestamptz,
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
  counted_missed bigint,
  opened_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sales_feeds IS 'How far each table of Dataverse was read.';
COMMENT ON COLUMN sales_feeds.opened_at IS 'Since when it is to be read: how far behind it is before the first reading has reached the end.';
COMMENT ON COLUMN sales_feeds.phase IS 'initial: the first reading of everything; changes: delta links; comparing: everything again, because the token expired; missing: what the comparison did not find counts as deleted.';
COMMENT ON COLUMN sales_feeds.position IS 'The link to read next; null starts a reading of everything.';
COMMENT ON COLUMN sales_feeds.step IS 'Counts the stored positions: whoever read from an older one stores nothing (I5).';
COMMENT ON COLUMN sales_feeds.sweep IS 'Counts the readings of everything.';
COMMENT ON COLUMN sales_feeds.taken_from IS 'Rows that were modified before are registered, and never taken up by the first reading.';
COMMENT ON COLUMN sales_feeds.reading_since IS 'When the reading under way began.';
COMMENT ON COLUMN sales_feeds.caught_up_at IS 'Whatever changed in Sales before this moment was read.';
COMMENT ON COLUMN sales_feeds.rows_taken IS 'Rows that started or woke something.';
COMMENT ON COLUMN sales_feeds.times_expired IS 'How often Dataverse refused the stored token.';
COMMENT ON COLUMN sales_feeds.compared_rows IS 'Rows that the last comparison read.';
COMMENT ON COLUMN sales_feeds.compared_changed IS 'Rows that it found changed.';
COMMENT ON COLUMN sales_feeds.compared_missing IS 'Rows that it found deleted.';
COMMENT ON COLUMN sales_feeds.counted_since IS 'The count asked for what was won from this moment on.';
COMMENT ON COLUMN sales_feeds.counted_missed IS 'Rows that the count found and the feed had missed.';

CREATE TABLE sales_rows (
  source_table text NOT NULL,
  row_id uuid NOT NULL,
  version bigint NOT NULL,
  sweep integer NOT NULL,
  settled_version bigint,
  settled_state text,
  PRIMARY KEY (source_table, row_id)
) WITH (fillfactor = 90);
CREATE INDEX sales_rows_by_sweep ON sales_rows (source_table, sweep, row_id);
COMMENT ON TABLE sales_rows IS 'The version of every row of Dataverse that a feed has read.';
COMMENT ON COLUMN sales_rows.sweep IS 'The last reading of everything that met the row.';
COMMENT ON COLUMN sales_rows.settled_version IS 'The version that was dealt with.';
COMMENT ON COLUMN sales_rows.settled_state IS 'won, open or dead: the state of the record in that version.';

CREATE TABLE hints_set_aside (
  record_id uuid PRIMARY KEY,
  source_table text NOT NULL CHECK (source_table IN ('opportunity', 'quote', 'salesorder')),
  reason text NOT NULL,
  times integer NOT NULL DEFAULT 1,
  since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hints_set_aside IS 'Deals whose run took no further hint, or whose row cannot be read; the feeds went on without them, and they are sent again later.';
COMMENT ON COLUMN hints_set_aside.reason IS 'What Temporal said, or which field of the ledger cannot be read.';

CREATE TABLE invoice_feeds (
  company_id uuid PRIMARY KEY,
  watermark timestamptz NOT NULL,
  read_at timestamptz,
  error text,
  error_at timestamptz,
  opened_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE invoice_feeds IS 'How far the invoices of each company of Business Central were read.';
COMMENT ON COLUMN invoice_feeds.watermark IS 'The last change that was read, by the clock of Business Central.';
COMMENT ON COLUMN invoice_feeds.read_at IS 'When a reading last reached the end.';
COMMENT ON COLUMN invoice_feeds.opened_at IS 'Since when it is to be read: how far behind it is before the first reading has reached the end.';

CREATE TABLE left_companies (
  company_id uuid PRIMARY KEY,
  left_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE left_companies IS 'Companies of Business Central that were read and that no rule names any more: nothing of them is late.';

CREATE TABLE observed_invoices (
  invoice_id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  etag text NOT NULL,
  last_modified timestamptz NOT NULL,
  is_deal_notified boolean NOT NULL
);
CREATE INDEX observed_invoices_by_time ON observed_invoices (company_id, last_modified);
COMMENT ON TABLE observed_invoices IS 'Invoices within the overlap that every reading goes back, so that each change counts once.';
COMMENT ON COLUMN observed_invoices.is_deal_notified IS 'False from the moment that the status is saved until the deal was notified, whatever happens in between (I5).';

CREATE TABLE webhook_subscriptions (
  subscription_id text PRIMARY KEY,
  company_id uuid NOT NULL,
  resource text NOT NULL,
  expires_at timestamptz,
  renewed_at timestamptz,
  error text,
  error_at timestamptz
);
COMMENT ON TABLE webhook_subscriptions IS 'Our webhook subscriptions in Business Central, with the last renewal and the last error.';
COMMENT ON COLUMN webhook_subscriptions.resource IS 'What it is about: invoices, customers, items, ...';

CREATE TABLE flows (
  flow text NOT NULL,
  company_id uuid NOT NULL,
  watermark timestamptz NOT NULL,
  read_at timestamptz,
  read_since timestamptz,
  looked_back_at timestamptz,
  paused_at timestamptz,
  paused_by text,
  rule_hash text,
  error text,
  error_at timestamptz,
  opened_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (flow, company_id)
);
COMMENT ON TABLE flows IS 'What flows back beside the invoices, by company, and how far it was read: flows of src/deal/flows.ts.';
COMMENT ON COLUMN flows.watermark IS 'The last change that was read, by the clock of Business Central; where there is none, when the flow began.';
COMMENT ON COLUMN flows.error_at IS 'Since when nothing of it was read to the end and carried without an error.';
COMMENT ON COLUMN flows.read_at IS 'When a reading last reached the end.';
COMMENT ON COLUMN flows.read_since IS 'When that reading began: what changed since may have moved behind it.';
COMMENT ON COLUMN flows.looked_back_at IS 'When nothing was left to look at once more, for flows whose changes have no stamp: of what has ended long before, nothing is.';
COMMENT ON COLUMN flows.opened_at IS 'Since when it is to be read, by the clock of this database.';
COMMENT ON COLUMN flows.paused_at IS 'Since when a person keeps it from reading and carrying.';
COMMENT ON COLUMN flows.rule_hash IS 'Of the rule by which it last read: by another one what was not carried is tried again.';

CREATE TABLE flow_rows (
  flow text NOT NULL,
  company_id uuid NOT NULL,
  source_id text NOT NULL,
  record_id uuid,
  target_id uuid,
  etag text NOT NULL,
  content jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'carried', 'noted', 'skipped')),
  reason text,
  remark text,
  changed_at timestamptz NOT NULL DEFAULT now(),
  noted_at timestamptz,
  met_at timestamptz,
  tried_at timestamptz,
  awaits text,
  PRIMARY KEY (flow, company_id, source_id)
);
CREATE INDEX flow_rows_pending ON flow_rows (flow, company_id, tried_at) WHERE state = 'pending';
CREATE INDEX flow_rows_noted ON flow_rows (coalesce(noted_at, changed_at), source_id) WHERE state = 'noted';
CREATE INDEX flow_rows_awaiting ON flow_rows (flow, company_id, awaits) WHERE awaits IS NOT NULL;
CREATE INDEX flow_rows_by_record ON flow_rows (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX flow_rows_by_target ON flow_rows (target_id) WHERE target_id IS NOT NULL;
COMMENT ON TABLE flow_rows IS 'Each thing that flows back: read in one transaction with the position, carried afterwards.';
COMMENT ON COLUMN flow_rows.source_id IS 'Its id in the system that it comes from.';
COMMENT ON COLUMN flow_rows.record_id IS 'The deal that it belongs to, where there is one.';
COMMENT ON COLUMN flow_rows.target_id IS 'The row or document that takes it.';
COMMENT ON COLUMN flow_rows.etag IS 'Of what was read; another one is carried anew.';
COMMENT ON COLUMN flow_rows.content IS 'The values to be carried, version 1: src/ledger/feeds/flows.ts.';
COMMENT ON COLUMN flow_rows.reason IS 'Why it was noted or skipped: a reason of src/deal/flows.ts.';
COMMENT ON COLUMN flow_rows.noted_at IS 'Since when it cannot be carried, however often it was tried since.';
COMMENT ON COLUMN flow_rows.awaits IS 'What it names and the ledger did not know when it was read: the number of an invoice, or the tail of a document.';
COMMENT ON COLUMN flow_rows.met_at IS 'When a reading last met it, changed or not.';
COMMENT ON COLUMN flow_rows.remark IS 'What was found, in words.';

CREATE TABLE flow_totals (
  flow text NOT NULL,
  company_id uuid NOT NULL,
  state text NOT NULL,
  reason text,
  things bigint NOT NULL
);
COMMENT ON TABLE flow_totals IS 'How many things of each flow are in each state: each change adds a row, now and then they are added up. No row is ever changed.';

CREATE FUNCTION add_up_flow_totals() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A number of its own beside those of the trail and of the deals; one at a time is enough.
  IF pg_try_advisory_xact_lock(4117, 0) THEN
    WITH gone AS (DELETE FROM flow_totals RETURNING *)
    INSERT INTO flow_totals SELECT flow, company_id, state, reason, sum(things) FROM gone
    GROUP BY 1, 2, 3, 4 HAVING sum(things) <> 0;
  END IF;
END $$;

CREATE FUNCTION count_flow_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO flow_totals VALUES (OLD.flow, OLD.company_id, OLD.state, OLD.reason, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO flow_totals VALUES (NEW.flow, NEW.company_id, NEW.state, NEW.reason, 1);
  END IF;
  IF random() < 0.005 THEN
    PERFORM add_up_flow_totals();
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER flow_rows_come_and_go AFTER INSERT OR DELETE ON flow_rows FOR EACH ROW EXECUTE FUNCTION count_flow_row();
CREATE TRIGGER flow_rows_are_counted AFTER UPDATE ON flow_rows FOR EACH ROW
  WHEN ((NEW.state, NEW.reason) IS DISTINCT FROM (OLD.state, OLD.reason)) EXECUTE FUNCTION count_flow_row();
