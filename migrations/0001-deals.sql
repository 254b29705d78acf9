-- The deals: what Dealbridge knows of each source record for ever, also after Temporal has forgotten the run.
-- Columns of jsonb hold an object with the version of its form as "v".

CREATE TABLE source_records (
  record_id uuid PRIMARY KEY,
  source_table text NOT NULL CHECK (source_table IN ('opportunity', 'quote', 'salesorder')),
  state text NOT NULL DEFAULT 'seen',
  hold_reason text,
  other_hold_reasons text[] NOT NULL DEFAULT '{}',
  hold_text text,
  held_since timestamptz,
  carrier_id uuid,
  revision text,
  record_number text,
  document_tail text,
  external_number text,
  customer_number text,
  company_id uuid,
  wanted_company_id uuid,
  mapping_hash text,
  wanted_mapping text,
  document_kind text NOT NULL DEFAULT 'invoice' CHECK (document_kind IN ('invoice', 'order', 'quote')),
  document_id uuid,
  draft_version integer NOT NULL DEFAULT 1,
  draft_number text,
  invoice_number text,
  amount numeric,
  currency text,
  is_handed_over boolean NOT NULL DEFAULT false,
  is_closed boolean NOT NULL DEFAULT false,
  ended_by text,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  -- A column of its own, so that lists are sorted by it and filtered with an index.
  waiting_since timestamptz NOT NULL
    GENERATED ALWAYS AS (CASE WHEN state = 'held' THEN coalesce(held_since, changed_at) ELSE changed_at END) STORED
);
CREATE INDEX source_records_by_state ON source_records (state, waiting_since, record_id);
CREATE INDEX source_records_sorted_by_state ON source_records (state, record_id);
-- What waits or is under way, beside the many that have ended: RESTING_STATES of src/deal/states.ts are all the others.
CREATE INDEX source_records_open ON source_records (waiting_since, record_id) WHERE state IN ('reading', 'preparing', 'drafted',
  'awaiting-confirmation', 'confirmed', 'awaiting-shipment', 'posted', 'held');
-- Orders of which more may be shipped, or a shipment undone.
CREATE INDEX source_records_open_orders ON source_records (record_id) WHERE document_kind = 'order' AND NOT is_closed;
CREATE INDEX source_records_by_document ON source_records (document_id) WHERE document_id IS NOT NULL;
CREATE UNIQUE INDEX source_records_by_tail ON source_records (document_tail);
-- Whether a customer is new is asked before each confirmation.
CREATE INDEX source_records_by_customer ON source_records (customer_number, company_id) WHERE is_handed_over;
CREATE INDEX source_records_by_hold ON source_records (hold_reason, waiting_since) WHERE hold_reason IS NOT NULL;
CREATE INDEX source_records_by_other_holds ON source_records USING gin (other_hold_reasons) WHERE other_hold_reasons <> '{}';
CREATE INDEX source_records_by_carrier ON source_records (carrier_id) WHERE carrier_id IS NOT NULL;
COMMENT ON TABLE source_records IS 'Opportunities, quotes and orders of Sales that were ever seen, each with the state of its deal.';
COMMENT ON COLUMN source_records.record_id IS 'GUID of the row in Dataverse.';
COMMENT ON COLUMN source_records.state IS 'A state of src/deal/states.ts.';
COMMENT ON COLUMN source_records.hold_reason IS 'Why the deal waits for a person: a reason of src/deal/holds.ts; null unless the state is held.';
COMMENT ON COLUMN source_records.other_hold_reasons IS 'What else the deal waits for at the same time, in the order in which it was found; empty unless the state is held.';
COMMENT ON COLUMN source_records.hold_text IS 'What was found, in words.';
COMMENT ON COLUMN source_records.held_since IS 'Since when the deal has been held for the same, however often its step was repeated; of a hold that is over, since when it was.';
COMMENT ON COLUMN source_records.carrier_id IS 'The record of the lineage that carries the deal instead.';
COMMENT ON COLUMN source_records.revision IS 'The revision that the deal is handed over at: a key of deal_revisions.';
COMMENT ON COLUMN source_records.record_number IS 'Number of the record in Sales.';
COMMENT ON COLUMN source_records.document_tail IS 'What the External Document No. ends with; it follows from the id (src/deal/document-number.ts).';
COMMENT ON COLUMN source_records.external_number IS 'External Document No. of the deal, fixed before its first document is asked for: a record that is renamed keeps it.';
COMMENT ON COLUMN source_records.customer_number IS 'Number of the customer in Business Central.';
COMMENT ON COLUMN source_records.company_id IS 'The company of Business Central that the deal was handed to, or will be.';
COMMENT ON COLUMN source_records.wanted_company_id IS 'The company that the rules choose; it takes its place once no document of the deal is there any more.';
COMMENT ON COLUMN source_records.mapping_hash IS 'The mapping that the document was made by, or would have been: a key of mappings.';
COMMENT ON COLUMN source_records.wanted_mapping IS 'The mapping that a person wants instead of today''s.';
COMMENT ON COLUMN source_records.document_id IS 'Id of the draft invoice, order or quote in Business Central; of what a quote became, once it did.';
COMMENT ON COLUMN source_records.draft_version IS '1 for the first draft, one more with each that is certainly gone: a new draft is another write.';
COMMENT ON COLUMN source_records.draft_number IS 'Number of the document while it is a draft; an invoice gets another one when it is posted.';
COMMENT ON COLUMN source_records.invoice_number IS 'Number of the posted invoice; several, with commas, when an order was invoiced in parts.';
COMMENT ON COLUMN source_records.amount IS 'Gross amount of the record in Sales.';
COMMENT ON COLUMN source_records.currency IS 'ISO code.';
COMMENT ON COLUMN source_records.is_handed_over IS 'The document is posted or the warehouse''s: whatever a run thinks, the deal does not go back to drafting.';
COMMENT ON COLUMN source_records.is_closed IS 'No further invoice will come: the order is gone from Business Central, or the invoice is posted.';
COMMENT ON COLUMN source_records.ended_by IS 'Who ended the deal; Sales when it was cancelled or reopened there, and then it may be won again.';
COMMENT ON COLUMN source_records.changed_at IS 'When the record changed last; each repetition of a held step changes it.';
COMMENT ON COLUMN source_records.waiting_since IS 'The age that people see: since when the deal has been held for the same, or else in its state.';

CREATE TABLE held_sweeps (
  kind text PRIMARY KEY CHECK (kind IN ('customer', 'item')),
  asked_at timestamptz,
  begun_at timestamptz,
  passed_at timestamptz,
  passed_id uuid,
  busy_until timestamptz
);
COMMENT ON TABLE held_sweeps IS 'Passes over all deals that are held for a customer or an item, which are woken one after the other by all starters together.';
COMMENT ON COLUMN held_sweeps.kind IS 'Of the row of Business Central that changed, and that nothing in Sales is known for.';
COMMENT ON COLUMN held_sweeps.asked_at IS 'A pass is to begin; null when none is.';
COMMENT ON COLUMN held_sweeps.begun_at IS 'When the last pass began.';
COMMENT ON COLUMN held_sweeps.passed_at IS 'The pass goes on with deals that are held for longer than this; null when it is over.';
COMMENT ON COLUMN held_sweeps.passed_id IS 'The deal that was taken last, of those that are held since passed_at.';
COMMENT ON COLUMN held_sweeps.busy_until IS 'Until then the deals that were taken last are woken.';

CREATE TABLE deal_revisions (
  record_id uuid NOT NULL,
  revision text NOT NULL,
  deal jsonb NOT NULL,
  read_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, revision)
);
COMMENT ON TABLE deal_revisions IS 'What a record said at each revision that was read; workflows carry the key, never the content.';
COMMENT ON COLUMN deal_revisions.revision IS 'Etag of the row in Dataverse.';
COMMENT ON COLUMN deal_revisions.deal IS 'The deal, version 1: src/ledger/deals/deal-schema.ts.';

CREATE TABLE claims (
  record_id uuid NOT NULL,
  carrier_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('claimed', 'drafting', 'yielded')),
  claimed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, carrier_id)
);
COMMENT ON TABLE claims IS 'I1: which record carries the deal of a lineage.';
COMMENT ON COLUMN claims.record_id IS 'The claimed record: the carrier itself, or one of its ancestors.';
COMMENT ON COLUMN claims.carrier_id IS 'The record that carries the deal.';
COMMENT ON COLUMN claims.state IS 'claimed; drafting: it cannot be taken over any more; yielded: a descendant took it over.';

-- I1 in one round trip: a record and its ancestors for one carrier. An ancestor that has only claimed yields; one that is
-- drafting has handed this record over already. Two orders of one opportunity are two deals: siblings share no claim.
CREATE FUNCTION claim_deal(carrier uuid, ancestors uuid[], OUT kind text, OUT by_record uuid) LANGUAGE plpgsql AS $$
DECLARE
  one uuid;
BEGIN
  -- In one order everywhere, so that two claims of one lineage wait for each other instead of dead-locking.
  FOR one IN SELECT unnest(carrier || ancestors) ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended(one::text, 0));
  END LOOP;
  SELECT carrier_id INTO by_record FROM claims
    WHERE record_id = carrier AND carrier_id <> carrier AND state <> 'yielded' LIMIT 1;
  IF FOUND THEN
    kind := 'superseded';
    RETURN;
  END IF;
  SELECT record_id INTO by_record FROM claims
    WHERE record_id = ANY(ancestors) AND carrier_id = record_id AND state = 'drafting' LIMIT 1;
  IF FOUND THEN
    kind := 'already-handed-over';
    RETURN;
  END IF;
  UPDATE claims SET state = 'yielded' WHERE record_id = ANY(ancestors) AND carrier_id = record_id AND state = 'claimed';
  INSERT INTO claims (record_id, carrier_id, state) SELECT unnest(carrier || ancestors), carrier, 'claimed'
    ON CONFLICT (record_id, carrier_id) DO NOTHING;
  kind := 'carrier';
END $$;

-- I1 in one round trip: the lock first, then the claim as it is by then. Returns the External Document No. that the deal
-- has from here on: the wanted one the first time, and then for good. Null when the deal was taken over.
CREATE FUNCTION start_drafting(carrier uuid, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  fixed text;
BEGIN
  -- The same lock as a claim takes: without it a descendant could read "claimed" and this write "drafting".
  PERFORM pg_advisory_xact_lock(hashtextextended(carrier::text, 0));
  UPDATE claims SET state = 'drafting' WHERE record_id = carrier AND carrier_id = carrier AND state <> 'yielded';
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE source_records SET external_number = coalesce(external_number, wanted) WHERE record_id = carrier
    RETURNING external_number INTO STRICT fixed;
  RETURN fixed;
END $$;

CREATE TABLE write_intents (
  write_key text PRIMARY KEY,
  record_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('asking', 'not-done', 'done')),
  asked_at timestamptz NOT NULL DEFAULT now(),
  asked_at_by_temporal timestamptz NOT NULL DEFAULT now(),
  times_asked integer NOT NULL DEFAULT 1,
  adopted boolean NOT NULL DEFAULT false,
  started_from jsonb,
  result jsonb
  -- Room on the page for the row as it will be when the write is done: no index learns of it.
) WITH (fillfactor = 80);
CREATE INDEX write_intents_by_record ON write_intents (record_id);
COMMENT ON TABLE write_intents IS 'I3: every remote create or post writes its intent first.';
COMMENT ON COLUMN write_intents.write_key IS 'Record, step and draft version; another key is another write.';
COMMENT ON COLUMN write_intents.state IS 'asking: its end is unknown; not-done: it certainly changed nothing; done.';
COMMENT ON COLUMN write_intents.asked_at IS 'When the last attempt left, by the clock of the database; it may still land for a while.';
COMMENT ON COLUMN write_intents.asked_at_by_temporal IS 'The same by the clock of Temporal: the while is over when both say so.';
COMMENT ON COLUMN write_intents.adopted IS 'The result was found by a look-up: an attempt whose answer was lost had made it.';
COMMENT ON COLUMN write_intents.started_from IS 'What the write started from, for one whose end shows only by comparison, version 1; its step knows the form.';
COMMENT ON COLUMN write_intents.result IS 'What came back, or what has become of it since, version 1; its step knows the form.';

CREATE TABLE documents (
  document_id uuid PRIMARY KEY,
  record_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invoice', 'order', 'quote')),
  content jsonb NOT NULL,
  own_content jsonb,
  read_at timestamptz NOT NULL DEFAULT now(),
  met_at timestamptz,
  gone_at timestamptz,
  -- A column and no condition of an index on the content: a document that is read anew moves no index.
  is_open boolean GENERATED ALWAYS AS (kind = 'invoice' AND content ->> 'status' = 'Open') STORED,
  customer_id text GENERATED ALWAYS AS (content ->> 'customerId') STORED
) WITH (fillfactor = 80);
CREATE INDEX documents_by_record ON documents (record_id);
-- Whether a customer is new is asked before each confirmation, also of one that has another number by now.
CREATE INDEX documents_by_customer ON documents (customer_id) WHERE customer_id IS NOT NULL;
-- The invoices that are not paid, beside the many that are: the sweep looks for those that Business Central does not list.
CREATE INDEX documents_open ON documents (document_id) WHERE is_open AND gone_at IS NULL;
COMMENT ON TABLE documents IS 'What Business Central holds for a deal, as last read; write-backs take it from here.';
COMMENT ON COLUMN documents.content IS 'The invoice, order or quote, version 1: src/ledger/deals/document-schema.ts.';
COMMENT ON COLUMN documents.own_content IS 'The same as we wrote it last: what differs from it in Business Central is a person''s doing.';
COMMENT ON COLUMN documents.read_at IS 'When the content was saved last.';
COMMENT ON COLUMN documents.met_at IS 'When a sweep of the open invoices last met it, changed or not.';
COMMENT ON COLUMN documents.gone_at IS 'Since when a sweep does not find the invoice in Business Central; null again once it is read.';
COMMENT ON COLUMN documents.is_open IS 'An invoice that Business Central called open: posted and not paid, or released and not posted.';
COMMENT ON COLUMN documents.customer_id IS 'Id of the customer in Business Central; null for one that was deleted.';

CREATE TABLE write_backs (
  invoice_id uuid PRIMARY KEY,
  record_id uuid NOT NULL,
  sales_invoice_id uuid NOT NULL,
  etag text NOT NULL,
  reported_to_sales jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  reported_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX write_backs_by_record ON write_backs (record_id);
CREATE INDEX write_backs_by_time ON write_backs (created_at);
CREATE INDEX write_backs_by_number ON write_backs ((reported_to_sales ->> 'number'));
COMMENT ON TABLE write_backs IS 'What was reported to Sales of each posted invoice.';
COMMENT ON COLUMN write_backs.invoice_id IS 'Id of the posted invoice in Business Central.';
COMMENT ON COLUMN write_backs.sales_invoice_id IS 'GUID of the invoice row in Dataverse.';
COMMENT ON COLUMN write_backs.etag IS 'Of the invoice row in Dataverse, as we left it.';
COMMENT ON COLUMN write_backs.reported_to_sales IS 'Number, status and amounts, version 1: src/ledger/deals/write-backs.ts.';

CREATE TABLE notices (
  record_id uuid NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  noticed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (record_id, kind, subject)
);
COMMENT ON TABLE notices IS 'What happened to a deal that nobody has to clear; the seller reads it as a note in Sales.';
COMMENT ON COLUMN notices.kind IS 'A kind of src/deal/notices.ts.';
COMMENT ON COLUMN notices.subject IS 'The revision or invoice that it is about: one notice of a kind for each.';

CREATE TABLE seller_notes (
  record_id uuid PRIMARY KEY,
  as_of timestamptz NOT NULL,
  kind text,
  digest text,
  column_digest text,
  is_refused boolean NOT NULL DEFAULT false,
  told_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX seller_notes_refused ON seller_notes (record_id) WHERE is_refused;
COMMENT ON TABLE seller_notes IS 'What the one note on a record in Sales, or its column, says of its deal.';
COMMENT ON COLUMN seller_notes.as_of IS 'The changed_at of the record that was looked at: another one means news.';
COMMENT ON COLUMN seller_notes.kind IS 'A kind of src/deal/seller-notes.ts; null when nothing was told.';
COMMENT ON COLUMN seller_notes.digest IS 'SHA-256 of the text of the note, which is not written twice; null when there is none.';
COMMENT ON COLUMN seller_notes.column_digest IS 'The same of the text in the column.';
COMMENT ON COLUMN seller_notes.is_refused IS 'Sales took no note: it is tried again later.';

CREATE TABLE seller_note_passes (
  rules text PRIMARY KEY,
  looked_until timestamptz NOT NULL
);
COMMENT ON TABLE seller_note_passes IS 'Up to where sellers were told everything, by the rules of then: other rules look at all deals once.';
COMMENT ON COLUMN seller_note_passes.rules IS 'Which news is told, and how, as JSON: it only says whether the rules are the same.';
COMMENT ON COLUMN seller_note_passes.looked_until IS 'What has not moved since holds no news, but for long waits and refused notes.';

CREATE TABLE detections (
  source_table text NOT NULL,
  record_id uuid NOT NULL,
  source text NOT NULL CHECK (source IN ('webhook', 'feed', 'count')),
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  times integer NOT NULL DEFAULT 1,
  PRIMARY KEY (record_id, source)
);
CREATE INDEX detections_by_time ON detections (source_table, last_at);
COMMENT ON TABLE detections IS 'By which source a record that may be handed over was detected; what one source missed is a gap.';
COMMENT ON COLUMN detections.source IS 'webhook, feed, or the nightly count of what is won in Sales.';
