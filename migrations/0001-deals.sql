-- The deals: what Dealbridge knows of each source record for ever, also after Temporal has forgotten the run.

CREATE TABLE source_records (
  record_id uuid PRIMARY KEY,
  source_table text NOT NULL CHECK (source_table IN ('opportunity', 'quote', 'salesorder')),
  state text NOT NULL DEFAULT 'seen',
  hold_reason text,
  hold_text text,
  carrier_id uuid,
  revision text,
  record_number text,
  customer_number text,
  -- The company of Business Central that the deal was handed to, or will be; and the one that the rules want, which takes
  -- its place once no document of the deal is there any more.
  company_id uuid,
  wanted_company_id uuid,
  -- The mapping that the document was made by, or would have been; and the one that a person wants instead of today's.
  mapping_hash text,
  wanted_mapping text,
  document_kind text NOT NULL DEFAULT 'invoice' CHECK (document_kind IN ('invoice', 'order')),
  document_id uuid,
  -- One more with each draft that is certainly gone: a new draft is another write.
  draft_version integer NOT NULL DEFAULT 1,
  draft_number text,
  invoice_number text,
  amount numeric,
  currency text,
  -- The document is posted or the warehouse's: whatever a run thinks, the deal does not go back to drafting.
  is_handed_over boolean NOT NULL DEFAULT false,
  -- The order is gone from Business Central, or the invoice is posted: no further invoice will come.
  is_closed boolean NOT NULL DEFAULT false,
  -- 'Sales' when it was cancelled or reopened there: then it may be won again. Else who said so.
  ended_by text,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX source_records_by_state ON source_records (state, changed_at);
CREATE INDEX source_records_by_document ON source_records (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX source_records_by_hold ON source_records (hold_reason) WHERE state = 'held';

-- What a record said at one revision; workflows carry the key, never the content.
CREATE TABLE deal_revisions (
  record_id uuid NOT NULL,
  revision text NOT NULL,
  deal jsonb NOT NULL,
  read_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, revision)
);

-- I1: who carries the deal of a lineage. `drafting` cannot be taken over any more.
CREATE TABLE claims (
  record_id uuid NOT NULL,
  carrier_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('claimed', 'drafting', 'yielded')),
  claimed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, carrier_id)
);

-- I1 in one round trip: the lock first, then a fresh look at the claim.
CREATE FUNCTION start_drafting(bearer uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  -- The same lock as a claim takes: without it a descendant could read "claimed" and this write "drafting".
  PERFORM pg_advisory_xact_lock(hashtextextended(bearer::text, 0));
  UPDATE claims SET state = 'drafting' WHERE record_id = bearer AND carrier_id = bearer AND state <> 'yielded';
  RETURN FOUND;
END $$;

-- I3: every remote create or post writes its intent first.
CREATE TABLE write_intents (
  write_key text PRIMARY KEY,
  record_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('asking', 'not-done', 'done')),
  asked_at timestamptz NOT NULL DEFAULT now(),
  times_asked integer NOT NULL DEFAULT 1,
  adopted boolean NOT NULL DEFAULT false,
  -- What the write started from, for those whose end shows only by comparison (an order's shipped quantities).
  started_from jsonb,
  result jsonb
);
CREATE INDEX write_intents_by_record ON write_intents (record_id);

-- What Business Central holds for a deal, as last read; write-backs take it from here.
CREATE TABLE documents (
  document_id uuid PRIMARY KEY,
  record_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invoice', 'order')),
  content jsonb NOT NULL,
  read_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX documents_by_record ON documents (record_id);

-- What was reported to Sales of each posted invoice.
CREATE TABLE write_backs (
  invoice_id uuid PRIMARY KEY,
  record_id uuid NOT NULL,
  sales_invoice_id uuid NOT NULL,
  etag text NOT NULL,
  reported_to_sales jsonb NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX write_backs_by_record ON write_backs (record_id);

-- What happened to a deal that nobody has to clear: shown with it, and told to the seller as a note.
CREATE TABLE notices (
  record_id uuid NOT NULL,
  kind text NOT NULL,
  -- The revision or invoice that it is about: one notice of a kind for each.
  subject text NOT NULL,
  noticed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, kind, subject)
);
