-- The settings that the ledger keeps: secrets, mappings, known environments, and that it was restored.

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

-- Every mapping that deals were read by, so that a deal can be handed over again by the mapping of then.
CREATE TABLE mappings (
  hash text PRIMARY KEY,
  -- The part of the rules file that decides what a document is made of.
  content jsonb NOT NULL,
  first_used_at timestamptz NOT NULL DEFAULT now()
);

-- Which environment stands under an address: a copy or a reset keeps address, users and tokens, and is another one.
CREATE TABLE environments (
  system text NOT NULL CHECK (system IN ('dataverse', 'business-central')),
  address text NOT NULL,
  -- Flat: the organization of Sales; company, type and tenant of Business Central.
  identity jsonb NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  registered_by text NOT NULL,
  PRIMARY KEY (system, address)
);

-- The ledger was restored from a backup: what it does not know may have been done all the same. While a row stands here,
-- first attempts look before they write (I3), as if an attempt of that moment had lost its answer.
CREATE TABLE ledger_restores (
  restored_at timestamptz NOT NULL DEFAULT now(),
  said_by text NOT NULL
);
