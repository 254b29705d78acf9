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
-- The work list begins with what waited longest, or with what changed last.
CREATE INDEX source_records_by_change ON source_records (changed_at, record_id);
COMMENT ON TABLE deal_summaries IS 'What people know a deal by and search it for; erasable, and made again by the next reading.';
COMMENT ON COLUMN deal_summaries.name IS 'Name of the record in Sales.';
COMMENT ON COLUMN deal_summaries.seller IS 'Who owns the record in Sales.';
COMMENT ON COLUMN deal_summaries.net IS 'Of the document once there is one, else of the record in Sales; with gross and currency.';

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
