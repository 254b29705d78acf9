-- Every mapping that deals were read by, so that a deal can be handed over again by the mapping of then.
CREATE TABLE mappings (
  hash text PRIMARY KEY,
  -- The part of the rules file that decides what a document is made of.
  content jsonb NOT NULL,
  first_used_at timestamptz NOT NULL DEFAULT now()
);

-- The mapping that the deal's document was made by, or would have been; and the one that a person wants instead of today's.
ALTER TABLE source_records ADD COLUMN mapping_hash text, ADD COLUMN wanted_mapping text;
