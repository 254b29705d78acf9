-- The desk: who is signed in, what people search deals by, what they wrote about them and whom they gave them to.

CREATE TABLE desk_sessions (
  session_hash text PRIMARY KEY,
  subject text NOT NULL,
  name text NOT NULL,
  roles text[] NOT NULL,
  is_verified boolean NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE desk_sessions IS 'Who is signed in at the desk; the row goes when the person signs out or the time is over.';
COMMENT ON COLUMN desk_sessions.session_hash IS 'SHA-256 of what the cookie holds: whoever reads the ledger cannot be somebody else.';
COMMENT ON COLUMN desk_sessions.subject IS 'Object id of the person at the issuer; another name is still the same person.';
COMMENT ON COLUMN desk_sessions.roles IS 'Roles of src/identity/permissions.ts, as the issuer gave them at the sign-in.';
COMMENT ON COLUMN desk_sessions.is_verified IS 'Whether an issuer proved who it is.';

CREATE TABLE desk_views (
  person text NOT NULL,
  name text NOT NULL,
  query text NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (person, name)
);
COMMENT ON TABLE desk_views IS 'Filters and sorting of the work list that a person saved under a name.';
COMMENT ON COLUMN desk_views.person IS 'The name that the trail knows.';
COMMENT ON COLUMN desk_views.query IS 'As it stands in the address of the page.';

CREATE TABLE deal_summaries (
  record_id uuid PRIMARY KEY,
  name text,
  customer text,
  seller text,
  net numeric,
  gross numeric,
  currency text
);
-- What has moved lately is asked for by the notes for sellers and by the backfill.
CREATE INDEX source_records_by_change ON source_records (changed_at);
-- The work list begins with what has waited longest, or shortest; or is sorted by these.
CREATE INDEX source_records_by_wait ON source_records (waiting_since, record_id);
CREATE INDEX source_records_by_number ON source_records (coalesce(lower(record_number), U&'\FFFF'), record_id);
CREATE INDEX deal_summaries_by_amount ON deal_summaries (coalesce(gross, -1e30), record_id);
CREATE INDEX deal_summaries_by_customer ON deal_summaries (coalesce(lower(customer), U&'\FFFF'), record_id);
COMMENT ON TABLE deal_summaries IS 'What people know a deal by and search it for; erasable, and made again by the next reading.';
COMMENT ON COLUMN deal_summaries.name IS 'Name of the record in Sales.';
COMMENT ON COLUMN deal_summaries.seller IS 'Who owns the record in Sales.';
COMMENT ON COLUMN deal_summaries.net IS 'Of the document once there is one, else of the record in Sales; with gross and currency.';

CREATE TABLE deal_names (
  record_id uuid NOT NULL,
  name text NOT NULL,
  is_customer boolean NOT NULL
);
CREATE INDEX deal_names_by_record ON deal_names (record_id);
CREATE INDEX deal_names_by_name ON deal_names (name) WHERE NOT is_customer;
COMMENT ON TABLE deal_names IS 'The numbers that a deal is found by, apart from its record, which changes more often than they do.';
COMMENT ON COLUMN deal_names.name IS 'In lower case: of the record, its draft, its external number, one of its invoices; or of its customer.';

-- A part of a name is searched for with an index where the database offers one; elsewhere all names are read.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX deal_names_search ON deal_names USING gin (name gin_trgm_ops);
    CREATE INDEX deal_summaries_search ON deal_summaries
      USING gin ((coalesce(name, '') || ' ' || coalesce(customer, '') || ' ' || coalesce(seller, '')) gin_trgm_ops);
  END IF;
EXCEPTION
  WHEN insufficient_privilege OR undefined_object THEN
    RAISE NOTICE 'no pg_trgm: searching the work list reads all names';
END $$;

CREATE FUNCTION name_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  names text[] := string_to_array(lower(NEW.invoice_number), ', ')
    || lower(NEW.record_number) || lower(NEW.draft_number) || lower(NEW.external_number);
  customer text := lower(NEW.customer_number);
BEGIN
  DELETE FROM deal_names WHERE record_id = NEW.record_id
    AND CASE WHEN is_customer THEN name IS DISTINCT FROM customer ELSE name <> ALL (coalesce(array_remove(names, NULL), '{}')) END;
  -- Nobody else names the same record meanwhile: its row is locked.
  INSERT INTO deal_names
    SELECT NEW.record_id, name, false FROM unnest(names) name WHERE name IS NOT NULL
    UNION SELECT NEW.record_id, customer, true WHERE customer IS NOT NULL
    EXCEPT SELECT * FROM deal_names WHERE record_id = NEW.record_id;
  RETURN NULL;
END $$;
CREATE TRIGGER source_records_are_named AFTER UPDATE ON source_records FOR EACH ROW
  WHEN ((NEW.record_number, NEW.draft_number, NEW.external_number, NEW.invoice_number, NEW.customer_number)
    IS DISTINCT FROM (OLD.record_number, OLD.draft_number, OLD.external_number, OLD.invoice_number, OLD.customer_number))
  EXECUTE FUNCTION name_record();
CREATE TRIGGER source_records_begin_named AFTER INSERT ON source_records FOR EACH ROW
  WHEN (coalesce(NEW.record_number, NEW.draft_number, NEW.external_number, NEW.invoice_number, NEW.customer_number) IS NOT NULL)
  EXECUTE FUNCTION name_record();

CREATE TABLE deal_totals (
  state text NOT NULL,
  company_id uuid,
  mapping_hash text,
  currency text,
  deals bigint NOT NULL,
  gross numeric NOT NULL
);
COMMENT ON TABLE deal_totals IS 'How many deals rest in a state, and their sums: each move adds a row, now and then they are added up. No row is ever changed, so that no deal waits for another.';
COMMENT ON COLUMN deal_totals.state IS 'One of RESTING_STATES of src/deal/states.ts; of the other states the deals themselves are counted.';

-- Nearly all deals that there ever were: whoever asks for their number does not read them.
CREATE FUNCTION is_resting(state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT state IN ('seen', 'written-back', 'settled', 'superseded', 'already-handed-over', 'rejected', 'cancelled')
$$;

CREATE FUNCTION add_up_deal_totals() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A number of its own beside those of the trail; one at a time is enough.
  IF pg_try_advisory_xact_lock(4116, 0) THEN
    WITH gone AS (DELETE FROM deal_totals RETURNING *)
    INSERT INTO deal_totals SELECT state, company_id, mapping_hash, currency, sum(deals), sum(gross) FROM gone
    GROUP BY 1, 2, 3, 4 HAVING sum(deals) <> 0 OR sum(gross) <> 0;
  END IF;
END $$;

CREATE FUNCTION count_deal(record source_records, given deal_summaries, sign integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF is_resting(record.state) THEN
    INSERT INTO deal_totals
    VALUES (record.state, record.company_id, record.mapping_hash, given.currency, sign, sign * coalesce(given.gross, 0));
    IF random() < 0.005 THEN
      PERFORM add_up_deal_totals();
    END IF;
  END IF;
END $$;

-- A deal without a summary has one without content, so that lists may be sorted by it.
CREATE FUNCTION count_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  summary deal_summaries;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO deal_summaries (record_id, gross, currency) VALUES (NEW.record_id, NEW.amount, NEW.currency)
    ON CONFLICT DO NOTHING;
  END IF;
  SELECT * INTO summary FROM deal_summaries WHERE record_id = coalesce(NEW.record_id, OLD.record_id);
  IF TG_OP <> 'INSERT' THEN
    PERFORM count_deal(OLD, summary, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM count_deal(NEW, summary, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER source_records_begin_counted AFTER INSERT OR DELETE ON source_records FOR EACH ROW EXECUTE FUNCTION count_record();
CREATE TRIGGER source_records_are_counted AFTER UPDATE ON source_records FOR EACH ROW
  WHEN ((is_resting(OLD.state) OR is_resting(NEW.state))
    AND (NEW.state, NEW.company_id, NEW.mapping_hash) IS DISTINCT FROM (OLD.state, OLD.company_id, OLD.mapping_hash))
  EXECUTE FUNCTION count_record();

CREATE FUNCTION count_summary() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  record source_records;
BEGIN
  -- A move of the deal at the same moment counts before this or after it, not with half of it.
  SELECT * INTO record FROM source_records WHERE record_id = NEW.record_id FOR NO KEY UPDATE;
  IF FOUND THEN
    PERFORM count_deal(record, OLD, -1), count_deal(record, NEW, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER deal_summaries_are_counted AFTER UPDATE ON deal_summaries FOR EACH ROW
  WHEN ((NEW.gross, NEW.currency) IS DISTINCT FROM (OLD.gross, OLD.currency))
  EXECUTE FUNCTION count_summary();

CREATE TABLE deal_notes (
  note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record_id uuid NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now(),
  written_by text NOT NULL,
  content text NOT NULL
);
CREATE INDEX deal_notes_by_record ON deal_notes (record_id, written_at);
COMMENT ON TABLE deal_notes IS 'What people wrote about a deal; erasable. The audit trail holds that there is a note, not what it says.';

CREATE TABLE deal_assignments (
  record_id uuid PRIMARY KEY,
  assignee text NOT NULL,
  assigned_by text NOT NULL,
  assigned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX deal_assignments_by_assignee ON deal_assignments (lower(assignee));
COMMENT ON TABLE deal_assignments IS 'Who cares for a deal.';

CREATE TABLE work_changes (
  changes bigint NOT NULL
);
COMMENT ON TABLE work_changes IS 'How often anything that the work list shows has changed: each change adds a row, now and then they are added up. Another sum is another list.';

CREATE FUNCTION add_up_work_changes() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A number of its own beside those of the other totals; one at a time is enough.
  IF pg_try_advisory_xact_lock(4119, 0) THEN
    WITH gone AS (DELETE FROM work_changes RETURNING *)
    INSERT INTO work_changes SELECT sum(changes) FROM gone HAVING count(*) > 0;
  END IF;
END $$;

CREATE FUNCTION count_work_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO work_changes VALUES (1);
  IF random() < 0.005 THEN
    PERFORM add_up_work_changes();
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER source_records_come_and_go_in_the_list AFTER INSERT OR DELETE ON source_records FOR EACH ROW EXECUTE FUNCTION count_work_change();
CREATE TRIGGER source_records_change_in_the_list AFTER UPDATE ON source_records FOR EACH ROW
  WHEN (NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION count_work_change();
CREATE TRIGGER deal_notes_change_the_list AFTER INSERT OR DELETE ON deal_notes FOR EACH ROW EXECUTE FUNCTION count_work_change();
CREATE TRIGGER deal_assignments_change_the_list AFTER INSERT OR UPDATE OR DELETE ON deal_assignments FOR EACH ROW
  EXECUTE FUNCTION count_work_change();
