-- Accounts, contacts and products of Sales beside the customers, contacts and items that stand for them.
-- Columns of jsonb hold an object with the version of its form as "v": src/ledger/masters/master-schema.ts.

CREATE TABLE links (
  kind text NOT NULL CHECK (kind IN ('customer', 'item', 'contact')),
  sales_id uuid NOT NULL,
  company_id uuid NOT NULL,
  bc_id uuid NOT NULL,
  bc_number text NOT NULL,
  shared_by text,
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, sales_id, company_id)
);
-- A row of Business Central stands for one row of Sales, whoever asks at the same moment; for more only when a person said so (I11).
CREATE UNIQUE INDEX links_by_bc_once ON links (kind, company_id, bc_id) WHERE shared_by IS NULL;
CREATE INDEX links_by_bc ON links (kind, company_id, bc_id);
COMMENT ON TABLE links IS 'Which row of a company of Business Central stands for a row of Sales.';
COMMENT ON COLUMN links.sales_id IS 'GUID of the account, contact or product in Dataverse.';
COMMENT ON COLUMN links.bc_id IS 'Id of the customer, contact or item in Business Central.';
COMMENT ON COLUMN links.bc_number IS 'Its number when it was linked.';
COMMENT ON COLUMN links.shared_by IS 'Who decided that a row which stands for another one stands for this one, too: a person, or `rules` where the configuration names the item; null for the only one.';

CREATE TABLE masters (
  kind text NOT NULL CHECK (kind IN ('account', 'contact', 'product')),
  row_id uuid NOT NULL,
  company_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'active',
  number text,
  name text,
  content jsonb,
  business_central jsonb,
  company_contact text,
  agreed jsonb NOT NULL DEFAULT '{"v": 1, "fields": {}}',
  echo text,
  blocked_from text,
  merged_into uuid,
  problems jsonb NOT NULL DEFAULT '{"v": 1, "steps": {}}',
  problem_since timestamptz,
  checked_at timestamptz NOT NULL DEFAULT now(),
  synced_at timestamptz,
  PRIMARY KEY (kind, row_id, company_id)
);
CREATE INDEX masters_with_problems ON masters (kind, problem_since) WHERE problem_since IS NOT NULL;
COMMENT ON TABLE masters IS 'Master data that is kept in agreement: what both sides said last, and what is wrong.';
COMMENT ON COLUMN masters.state IS 'active, inactive, merged, deleted: what Sales last said.';
COMMENT ON COLUMN masters.content IS 'The row of Sales as last read, version 1; what is written is taken from here.';
COMMENT ON COLUMN masters.business_central IS 'The row of Business Central as last read, version 1.';
COMMENT ON COLUMN masters.company_contact IS 'Number of the company contact that stands for a customer.';
COMMENT ON COLUMN masters.agreed IS 'Field by field what both sides said when they last agreed, version 1.';
COMMENT ON COLUMN masters.echo IS 'What Sales said of the followed fields when all of it was last brought over: the same again is no change.';
COMMENT ON COLUMN masters.blocked_from IS 'What the block in Business Central was before we set it; null when we did not.';
COMMENT ON COLUMN masters.merged_into IS 'The account that survived a merge in Sales.';
COMMENT ON COLUMN masters.problems IS 'What is wrong, by the step that found it, version 1.';
COMMENT ON COLUMN masters.checked_at IS 'When a pass last went over the row.';
COMMENT ON COLUMN masters.synced_at IS 'When both sides were last brought to agree.';

CREATE TABLE backfill_rows (
  row_id uuid PRIMARY KEY,
  source_table text NOT NULL CHECK (source_table IN ('account', 'contact', 'product')),
  position bigint GENERATED ALWAYS AS IDENTITY,
  begun_at timestamptz,
  times_begun integer NOT NULL DEFAULT 0
);
CREATE INDEX backfill_rows_by_position ON backfill_rows (position);
CREATE INDEX backfill_rows_begun ON backfill_rows (begun_at) WHERE begun_at IS NOT NULL;
COMMENT ON TABLE backfill_rows IS 'Rows of a full reading of Sales that are still to be brought over: their runs begin a few at a time.';
COMMENT ON COLUMN backfill_rows.row_id IS 'GUID of the account, contact or product in Dataverse.';
COMMENT ON COLUMN backfill_rows.position IS 'The first that was read is the first to begin.';
COMMENT ON COLUMN backfill_rows.begun_at IS 'When its run was begun; the row is deleted when a pass over it has ended.';
COMMENT ON COLUMN backfill_rows.times_begun IS 'One that has not ended is begun once more.';

CREATE TABLE match_candidates (
  company_id uuid NOT NULL,
  account_id uuid NOT NULL,
  account_number text,
  account_name text NOT NULL,
  customer_id uuid NOT NULL,
  customer_number text NOT NULL,
  customer_name text NOT NULL,
  score integer NOT NULL,
  reasons text[] NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, account_id, customer_id)
);
COMMENT ON TABLE match_candidates IS 'Customers that an account without a link may be.';
COMMENT ON COLUMN match_candidates.score IS 'The higher, the more alike.';
COMMENT ON COLUMN match_candidates.reasons IS 'What is alike.';

CREATE TABLE match_decisions (
  company_id uuid NOT NULL,
  account_id uuid NOT NULL,
  customer_number text,
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, account_id)
);
COMMENT ON TABLE match_decisions IS 'Which customer an account is, as a person decided.';
COMMENT ON COLUMN match_decisions.customer_number IS 'Null: none of them, a customer of its own.';

CREATE TABLE master_pages (
  run_id uuid NOT NULL,
  kind text NOT NULL,
  bc_id uuid NOT NULL,
  content jsonb NOT NULL,
  keys text[] NOT NULL DEFAULT '{}',
  staged_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, kind, bc_id)
);
CREATE INDEX master_pages_by_key ON master_pages USING gin (keys);
COMMENT ON TABLE master_pages IS 'The rows of Business Central while a run compares or matches all of them.';
COMMENT ON COLUMN master_pages.content IS 'The row, version 1; of a customer that is matched its numbers and name alone.';
COMMENT ON COLUMN master_pages.keys IS 'What the matching finds a customer by.';

CREATE TABLE drift_runs (
  run_id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  requests integer NOT NULL DEFAULT 0,
  compared jsonb NOT NULL DEFAULT '{"v": 1}',
  found jsonb NOT NULL DEFAULT '{"v": 1}'
);
COMMENT ON TABLE drift_runs IS 'Comparisons of all linked master data.';
COMMENT ON COLUMN drift_runs.compared IS 'Linked rows that were compared, by kind, version 1.';
COMMENT ON COLUMN drift_runs.found IS 'Differences, by who is right, version 1.';

CREATE TABLE drift_differences (
  run_id uuid NOT NULL,
  kind text NOT NULL,
  row_id uuid NOT NULL,
  field text NOT NULL,
  dataverse text NOT NULL,
  business_central text NOT NULL,
  winner text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (run_id, kind, row_id, field)
);
COMMENT ON TABLE drift_differences IS 'What the last comparisons found, field by field.';
COMMENT ON COLUMN drift_differences.winner IS 'sales, business-central, or person when a person must decide.';

CREATE TABLE drift_seen (
  run_id uuid NOT NULL,
  kind text NOT NULL,
  row_id uuid NOT NULL,
  PRIMARY KEY (run_id, kind, row_id)
);
COMMENT ON TABLE drift_seen IS 'Linked rows that Sales showed while a comparison is under way; the others are deleted there.';
