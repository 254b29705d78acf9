-- The alerts: what was said to whom, so that each cause is said once; and what the last proof of the trail found.

CREATE TABLE alert_messages (
  message_id uuid PRIMARY KEY,
  channel text NOT NULL,
  owner text NOT NULL,
  digest_of date,
  content jsonb NOT NULL,
  planned_at timestamptz NOT NULL DEFAULT now(),
  asked_at timestamptz,
  times_asked integer NOT NULL DEFAULT 0,
  last_error text,
  not_before timestamptz,
  sent_at timestamptz
);
CREATE UNIQUE INDEX alert_digests ON alert_messages (channel, owner, digest_of) WHERE digest_of IS NOT NULL;
CREATE INDEX alert_messages_waiting ON alert_messages (planned_at) WHERE sent_at IS NULL;
COMMENT ON TABLE alert_messages IS 'What was sent, or is to be sent, over the channels of the rules.';
COMMENT ON COLUMN alert_messages.channel IS 'Its name in the rules.';
COMMENT ON COLUMN alert_messages.owner IS 'Whose move it is: an owner of src/deal/holds.ts.';
COMMENT ON COLUMN alert_messages.digest_of IS 'The day that a digest is of; null: it tells what is new.';
COMMENT ON COLUMN alert_messages.content IS 'Counts, reasons, numbers of records and links, version 1: src/ledger/alerts/alerts.ts.';
COMMENT ON COLUMN alert_messages.asked_at IS 'An attempt is under way since; another one waits until it is certainly over.';
COMMENT ON COLUMN alert_messages.last_error IS 'A code, never an address or an answer.';
COMMENT ON COLUMN alert_messages.not_before IS 'The channel said so (Retry-After); until then nothing of it is sent.';

CREATE TABLE alert_causes (
  channel text NOT NULL,
  cause text NOT NULL,
  message_id uuid NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (channel, cause)
);
COMMENT ON TABLE alert_causes IS 'What each channel was told of, or will be by a message that is planned.';
COMMENT ON COLUMN alert_causes.seen_at IS 'When it last stood; what has been over for an hour is new when it comes back.';

CREATE TABLE trail_findings (
  chain text PRIMARY KEY,
  kind text NOT NULL,
  position bigint NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE trail_findings IS 'What the last proof of the audit trail found wrong; empty when it held.';

CREATE TABLE trail_proofs (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  proved_at timestamptz NOT NULL
);
COMMENT ON TABLE trail_proofs IS 'One row: when the whole audit trail was proved last, whatever was found. None: it never was.';
