-- The ledger: what Dealbridge knows for ever, also after Temporal has forgotten the run.

CREATE TABLE source_records (
  record_id uuid PRIMARY KEY,
  source_table text NOT NULL CHECK (source_table IN ('opportunity', 'quote', 'salesorder')),
  state text NOT NULL DEFAULT 'seen',
  hold_reason text,
  hold_text text,
  bearer_id uuid,
  revision text,
  record_number text,
  customer_number text,
  document_id uuid,
  draft_number text,
  invoice_number text,
  amount numeric,
  currency text,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX source_records_by_state ON source_records (state, changed_at);
CREATE INDEX source_records_by_document ON source_records (document_id) WHERE document_id IS NOT NULL;

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
  bearer_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('claimed', 'drafting', 'yielded')),
  claimed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, bearer_id)
);

CREATE TABLE links (
  kind text NOT NULL CHECK (kind IN ('customer', 'item')),
  sales_id uuid NOT NULL,
  company_id uuid NOT NULL,
  bc_id uuid NOT NULL,
  bc_number text NOT NULL,
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, sales_id, company_id)
);

-- I3: every remote create or post writes its intent first.
CREATE TABLE write_intents (
  write_key text PRIMARY KEY,
  record_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('asking', 'not-done', 'done')),
  asked_at timestamptz NOT NULL DEFAULT now(),
  times_asked integer NOT NULL DEFAULT 1,
  adopted boolean NOT NULL DEFAULT false,
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

-- I4: append-only.
CREATE TABLE audit_entries (
  entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  request_id text,
  correlation_id text,
  facts jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_entries_by_record ON audit_entries (record_id, entry_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_entries_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
