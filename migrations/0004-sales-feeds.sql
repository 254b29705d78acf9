-- What is heard of Dataverse: how far each feed has read, what it knows of every row, and who saw which record.

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
  counted_unseen bigint
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
CREATE TABLE sightings (
  source_table text NOT NULL,
  record_id uuid NOT NULL,
  seen_by text NOT NULL CHECK (seen_by IN ('webhook', 'feed', 'count')),
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  times integer NOT NULL DEFAULT 1,
  PRIMARY KEY (record_id, seen_by)
);
CREATE INDEX sightings_by_time ON sightings (source_table, last_at);

CREATE INDEX source_records_by_hold ON source_records (hold_reason) WHERE state = 'held';
