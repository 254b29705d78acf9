-- The settings that the ledger stores: secrets, mappings, known environments, and that it was restored.

CREATE TABLE credentials (
  name text NOT NULL,
  generation integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('secret', 'certificate')),
  key_id text NOT NULL,
  sealed bytea NOT NULL,
  thumbprint text,
  expires_at timestamptz,
  set_at timestamptz NOT NULL DEFAULT now(),
  set_by text NOT NULL,
  valid_until timestamptz,
  PRIMARY KEY (name, generation)
);
COMMENT ON TABLE credentials IS 'Secrets of the app registrations and of the webhook, each sealed and bound to the tenant and to its row: no column of it can be changed without the key.';
COMMENT ON COLUMN credentials.generation IS 'One more with each exchange; the one before stays valid for a while, so that an exchange stops nothing.';
COMMENT ON COLUMN credentials.key_id IS 'The key of the key ring that sealed it.';
COMMENT ON COLUMN credentials.thumbprint IS 'Of a certificate; whoever may list credentials may read it.';
COMMENT ON COLUMN credentials.expires_at IS 'Of a certificate; whoever may list credentials may read it.';
COMMENT ON COLUMN credentials.valid_until IS 'Set once there is a newer generation.';

CREATE TABLE mappings (
  hash text PRIMARY KEY,
  content jsonb NOT NULL,
  first_used_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE mappings IS 'Every mapping that deals were read by, so that a deal can be handed over again by the mapping of then.';
COMMENT ON COLUMN mappings.content IS 'The part of the rules file that decides what a document is made of, version 1.';

CREATE TABLE environments (
  system text NOT NULL CHECK (system IN ('dataverse', 'business-central')),
  address text NOT NULL,
  identity jsonb NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  registered_by text NOT NULL,
  PRIMARY KEY (system, address)
);
COMMENT ON TABLE environments IS 'Which environment stands under an address: a copy or a reset keeps address, users and tokens, and is another one.';
COMMENT ON COLUMN environments.identity IS 'The organization of Sales; company, type and tenant of Business Central, version 1.';

CREATE TABLE paused_lanes (
  system text NOT NULL CHECK (system IN ('dataverse', 'business-central')),
  address text NOT NULL,
  paused_since timestamptz NOT NULL,
  problem text NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (system, address)
);
COMMENT ON TABLE paused_lanes IS 'Environments whose sign-in is refused: deals wait until it is taken again, and then the row goes.';
COMMENT ON COLUMN paused_lanes.refused_at IS 'The last refusal: a lane that nobody asks any more is paused no longer.';
COMMENT ON COLUMN paused_lanes.problem IS 'What Entra or the system answered: a code, never a secret.';

CREATE TABLE throttled_lanes (
  system text NOT NULL CHECK (system IN ('dataverse', 'business-central')),
  address text NOT NULL,
  client_id text NOT NULL,
  paused_since timestamptz NOT NULL,
  paused_until timestamptz NOT NULL,
  pauses_in_a_row integer NOT NULL CHECK (pauses_in_a_row > 0),
  problem text NOT NULL,
  PRIMARY KEY (system, address, client_id)
);
COMMENT ON TABLE throttled_lanes IS 'The last 429 of each app registration in each environment: until then no worker asks. A row that is over stays, since the next pause without a Retry-After is longer than the one before.';
COMMENT ON COLUMN throttled_lanes.paused_until IS 'By the clock of this database, the same for all workers.';
COMMENT ON COLUMN throttled_lanes.problem IS 'What was asked and the code of the answer, never a customer''s data.';

CREATE TABLE ledger_restores (
  restored_at timestamptz NOT NULL DEFAULT now(),
  recorded_by text NOT NULL,
  last_seal bigint NOT NULL DEFAULT 0,
  cleared_at timestamptz
);
COMMENT ON TABLE ledger_restores IS 'The ledger was restored from a backup, and does not know what was done since: first attempts look before they write (I3), those for a record that was first seen before cleared_at for ever.';
COMMENT ON COLUMN ledger_restores.last_seal IS 'The newest seal that stood outside of the database at that moment: up to it nobody is surprised that seals are missing here.';
COMMENT ON COLUMN ledger_restores.cleared_at IS 'When everything of the gap was known again.';
COMMENT ON COLUMN ledger_restores.restored_at IS 'What may have been asked before counts as asked at this moment.';

CREATE TABLE connect_steps (
  tenant_id text NOT NULL,
  place text NOT NULL,
  name text NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  step jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  made_by text NOT NULL,
  PRIMARY KEY (tenant_id, place, name)
);
COMMENT ON TABLE connect_steps IS 'What `dealbridge connect` has made in both systems and on this machine, and what stood there before: taking it back goes by it.';
COMMENT ON COLUMN connect_steps.place IS 'The addresses of both environments and the company: a sandbox and production of one tenant are two places.';
COMMENT ON COLUMN connect_steps.step IS 'The step as it was planned, with its ids; no secret, version 1.';
