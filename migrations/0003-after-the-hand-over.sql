-- A deal after it was drafted: which document it has, the how manyeth, and who ended it.
ALTER TABLE source_records
  ADD COLUMN document_kind text NOT NULL DEFAULT 'invoice' CHECK (document_kind IN ('invoice', 'order')),
  -- One more with each draft that is certainly gone: a new draft is another write.
  ADD COLUMN generation integer NOT NULL DEFAULT 1,
  -- The document is posted or the warehouse's: whatever a run thinks, the deal does not go back to drafting.
  ADD COLUMN is_handed_over boolean NOT NULL DEFAULT false,
  -- The order is gone from Business Central, or the invoice is posted: no further invoice will come.
  ADD COLUMN is_closed boolean NOT NULL DEFAULT false,
  -- 'Sales' when it was cancelled or reopened there: then it may be won again. Else who said so.
  ADD COLUMN ended_by text;
UPDATE source_records SET is_closed = true, is_handed_over = true WHERE state IN ('posted', 'written-back', 'settled');

-- What Sales was told of each posted invoice.
CREATE TABLE write_backs (
  invoice_id uuid PRIMARY KEY,
  record_id uuid NOT NULL,
  sales_invoice_id uuid NOT NULL,
  etag text NOT NULL,
  told jsonb NOT NULL,
  told_at timestamptz NOT NULL DEFAULT now()
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
