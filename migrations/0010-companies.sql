-- Which environment stands under an address: a copy or a reset keeps address, users and tokens, and is another one.
CREATE TABLE environments (
  system text NOT NULL CHECK (system IN ('sales', 'business-central')),
  address text NOT NULL,
  -- Flat: the organization of Sales; company, type and tenant of Business Central.
  identity jsonb NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  registered_by text NOT NULL,
  PRIMARY KEY (system, address)
);

-- The company of Business Central that a deal was handed to, or will be; and the one that the rules want, which takes its
-- place once no document of the deal is there any more.
ALTER TABLE source_records ADD COLUMN company_id uuid, ADD COLUMN wanted_company_id uuid;
