-- Secrets of the app registrations and of the webhook, each sealed and bound to its row (name, generation, kind, tenant).
-- The generation before stays valid for a while, so that an exchange stops nothing.
CREATE TABLE credentials (
  name text NOT NULL,
  generation integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('secret', 'certificate')),
  key_id text NOT NULL,
  sealed bytea NOT NULL,
  -- Of a certificate; both can be read by everybody who is shown it.
  thumbprint text,
  expires_at timestamptz,
  set_at timestamptz NOT NULL DEFAULT now(),
  set_by text NOT NULL,
  valid_until timestamptz,
  PRIMARY KEY (name, generation)
);
