-- Accounts, contacts and products of Sales beside the customers, contacts and items that stand for them.

CREATE TABLE links (
  kind text NOT NULL CHECK (kind IN ('customer', 'item', 'contact')),
  sales_id uuid NOT NULL,
  company_id uuid NOT NULL,
  bc_id uuid NOT NULL,
  bc_number text NOT NULL,
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, sales_id, company_id)
);
-- One row of Business Central may stand for several rows of Sales, so this is no key.
CREATE INDEX links_by_bc ON links (kind, company_id, bc_id);

CREATE TABLE masters (
  kind text NOT NULL CHECK (kind IN ('account', 'contact', 'product')),
  row_id uuid NOT NULL,
  company_id uuid NOT NULL,
  -- active, inactive, merged, deleted: what Sales last said.
  state text NOT NULL DEFAULT 'active',
  number text,
  name text,
  -- The row of Sales as last read; what is written is taken from here.
  content jsonb,
  -- The row of Business Central as last read, and the company contact that stands for a customer.
  business_central jsonb,
  company_contact text,
  -- Field by field what both sides said when they last agreed.
  agreed jsonb NOT NULL DEFAULT '{}',
  -- What Sales said of the followed fields when all of it was last brought over: the same again is no news.
  echo text,
  -- What the block in Business Central was before we set it; nothing when we did not.
  blocked_from text,
  merged_into uuid,
  -- By the step that found them.
  problems jsonb NOT NULL DEFAULT '{}',
  problem_since timestamptz,
  looked_at timestamptz NOT NULL DEFAULT now(),
  synced_at timestamptz,
  PRIMARY KEY (kind, row_id, company_id)
);
CREATE INDEX masters_with_problems ON masters (kind, problem_since) WHERE problem_since IS NOT NULL;

-- Candidates for the customers of accounts without a link, and what people decided.
CREATE TABLE match_candidates (
  company_id uuid NOT NULL,
  account_id uuid NOT NULL,
  account_number text,
  account_name text NOT NULL,
  customer_id uuid NOT NULL,
  customer_number text NOT NULL,
  customer_name text NOT NULL,
  score integer NOT NULL,
  reasons jsonb NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, account_id, customer_id)
);
CREATE TABLE match_decisions (
  company_id uuid NOT NULL,
  account_id uuid NOT NULL,
  -- Nothing means: none of them, a customer of its own.
  customer_number text,
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, account_id)
);

-- The side of Business Central while a comparison of everything is under way.
CREATE TABLE master_pages (
  run_id uuid NOT NULL,
  kind text NOT NULL,
  bc_id uuid NOT NULL,
  content jsonb NOT NULL,
  -- Keys that the matching looks by.
  keys text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (run_id, kind, bc_id)
);
CREATE INDEX master_pages_by_key ON master_pages USING gin (keys);

CREATE TABLE drift_runs (
  run_id uuid PRIMARY KEY,
  company_id uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  requests integer NOT NULL DEFAULT 0,
  compared jsonb NOT NULL DEFAULT '{}',
  found jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE drift_differences (
  run_id uuid NOT NULL,
  kind text NOT NULL,
  row_id uuid NOT NULL,
  field text NOT NULL,
  dataverse text,
  business_central text,
  -- sales, business-central, or person when a person must decide.
  winner text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (run_id, kind, row_id, field)
);
CREATE TABLE drift_seen (
  run_id uuid NOT NULL,
  kind text NOT NULL,
  row_id uuid NOT NULL,
  PRIMARY KEY (run_id, kind, row_id)
);
