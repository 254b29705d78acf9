-- The ledger was restored from a backup: what it does not know may have been done all the same. While a row stands here,
-- first attempts look before they write (I3), as if an attempt of that moment had lost its answer.
CREATE TABLE ledger_restores (
  restored_at timestamptz NOT NULL DEFAULT now(),
  said_by text NOT NULL
);
