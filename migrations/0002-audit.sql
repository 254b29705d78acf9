-- I4: the audit trail is append-only and proves itself. Each record's entries form a chain of hashes, seals chain the
-- heads of the chains. docs/audit.md tells the hash input byte by byte; a change of these functions breaks every proof
-- made so far.

CREATE TABLE audit_entries (
  entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record_id uuid NOT NULL,
  chain_position bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  request_id text,
  correlation_id text,
  facts jsonb NOT NULL DEFAULT '{"v": 1}',
  before jsonb,
  after jsonb,
  personal_hash text,
  previous_hash text NOT NULL,
  entry_hash text NOT NULL
);
-- Whatever locks may do: a chain cannot fork.
CREATE UNIQUE INDEX audit_entries_chain ON audit_entries (record_id, chain_position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A length in bytes before each value, so that no two rows share an input; nothing is `-`.
CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-')
$$;

CREATE FUNCTION audit_time(value timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE FUNCTION audit_entry_hash(entry audit_entries) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(
    audit_field('dealbridge audit entry 1') ||
    audit_field(entry.record_id::text) ||
    audit_field(entry.chain_position::text) ||
    audit_field(entry.previous_hash) ||
    audit_field(entry.entry_id::text) ||
    audit_field(audit_time(entry.at)) ||
    audit_field(entry.actor) ||
    audit_field(entry.action) ||
    audit_field(entry.request_id) ||
    audit_field(entry.correlation_id) ||
    audit_field(entry.facts::text) ||
    audit_field(entry.before::text) ||
    audit_field(entry.after::text) ||
    audit_field(entry.personal_hash), 'UTF8')), 'hex')
$$;

-- Locks of the trail are pairs of numbers: a space of their own beside the single numbers of claims and migrations.
-- (4114, 0) is shared by writers and exclusive for a seal; (4115, chain) belongs to one chain.
CREATE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(4114, 0), pg_advisory_xact_lock(4115, hashtext(NEW.record_id::text));
  -- The number is taken under the lock: whatever a seal finds to be the highest stays the highest before it.
  NEW.entry_id := nextval('audit_entries_entry_id_seq');
  -- A statement of its own: it sees what the holder of the lock before us has committed.
  SELECT chain_position + 1, entry_hash INTO NEW.chain_position, NEW.previous_hash
  FROM audit_entries WHERE record_id = NEW.record_id ORDER BY chain_position DESC LIMIT 1;
  IF NOT FOUND THEN
    NEW.chain_position := 1;
    NEW.previous_hash := repeat('0', 64);
  END IF;
  -- Nobody dates an entry back.
  NEW.at := clock_timestamp();
  NEW.entry_hash := audit_entry_hash(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER audit_entries_are_chained BEFORE INSERT ON audit_entries
  FOR EACH ROW EXECUTE FUNCTION chain_audit_entry();

-- An entry or a seal is signed by a key that the database does not hold, in the transaction that writes it.
CREATE TABLE audit_signatures (
  subject text NOT NULL CHECK (subject IN ('entry', 'seal')),
  number bigint NOT NULL,
  signature text NOT NULL,
  PRIMARY KEY (subject, number)
);
-- Which keys have signed is found by one step of the index for each of them, however long the trail is.
CREATE INDEX audit_signatures_by_key ON audit_signatures (split_part(signature, ':', 1));
CREATE TRIGGER audit_signatures_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_signatures
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Personal content stands apart: the chain holds SHA-256(salt || content), so that erasing it breaks nothing.
CREATE TABLE audit_personal (
  entry_id bigint PRIMARY KEY,
  record_id uuid NOT NULL,
  salt bytea NOT NULL,
  content jsonb NOT NULL
);
CREATE INDEX audit_personal_by_record ON audit_personal (record_id);
CREATE TRIGGER audit_personal_is_never_updated BEFORE UPDATE OR TRUNCATE ON audit_personal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE audit_seals (
  seal_number bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  previous_hash text NOT NULL,
  -- Every entry up to here is under this seal or an earlier one.
  last_entry_id bigint NOT NULL,
  chain_count bigint NOT NULL,
  changed_count bigint NOT NULL,
  seal_hash text NOT NULL
);
CREATE TABLE audit_seal_heads (
  seal_number bigint NOT NULL,
  chain_id uuid NOT NULL,
  chain_position bigint NOT NULL,
  entry_hash text NOT NULL,
  PRIMARY KEY (seal_number, chain_id)
);
CREATE INDEX audit_seal_heads_by_chain ON audit_seal_heads (chain_id, chain_position);
CREATE TRIGGER audit_seals_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seal_heads_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal_heads
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Tokens of a time-stamping authority, each of the number and hash of a seal.
CREATE TABLE audit_stamps (
  seal_number bigint PRIMARY KEY,
  seal_hash text NOT NULL,
  token text NOT NULL
);
CREATE TRIGGER audit_stamps_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_stamps
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Seals the heads of all chains that grew since the seal before. Nothing when none did.
CREATE FUNCTION seal_audit() RETURNS SETOF audit_seals LANGUAGE plpgsql AS $$
DECLARE
  before_it audit_seals;
  seal audit_seals;
  heads text;
BEGIN
  -- Waits for entries under way, so that the highest id is a line: no entry below it can still appear.
  PERFORM pg_advisory_xact_lock(4114, 0);
  SELECT * INTO before_it FROM audit_seals ORDER BY seal_number DESC LIMIT 1;
  SELECT max(entry_id) INTO seal.last_entry_id FROM audit_entries;
  IF seal.last_entry_id IS NULL OR seal.last_entry_id <= before_it.last_entry_id THEN
    RETURN;
  END IF;
  seal.seal_number := coalesce(before_it.seal_number, 0) + 1;
  seal.at := clock_timestamp();
  seal.previous_hash := coalesce(before_it.seal_hash, repeat('0', 64));
  INSERT INTO audit_seal_heads (seal_number, chain_id, chain_position, entry_hash)
  SELECT DISTINCT ON (record_id) seal.seal_number, record_id, chain_position, entry_hash
  FROM audit_entries WHERE entry_id > coalesce(before_it.last_entry_id, 0)
  ORDER BY record_id, chain_position DESC;
  SELECT count(*), string_agg(
      audit_field(chain_id::text) || audit_field(chain_position::text) || audit_field(entry_hash), '' ORDER BY chain_id)
  INTO seal.changed_count, heads FROM audit_seal_heads WHERE seal_number = seal.seal_number;
  -- A chain whose first entry is newer than the seal before is a new one.
  SELECT coalesce(before_it.chain_count, 0) + count(*) INTO seal.chain_count
  FROM audit_entries WHERE entry_id > coalesce(before_it.last_entry_id, 0) AND chain_position = 1;
  seal.seal_hash := encode(sha256(convert_to(
    audit_field('dealbridge audit seal 1') ||
    audit_field(seal.seal_number::text) ||
    audit_field(audit_time(seal.at)) ||
    audit_field(seal.previous_hash) ||
    audit_field(seal.last_entry_id::text) ||
    audit_field(seal.chain_count::text) ||
    audit_field(seal.changed_count::text) ||
    heads, 'UTF8')), 'hex');
  INSERT INTO audit_seals VALUES (seal.*);
  RETURN NEXT seal;
END $$;

COMMENT ON TABLE audit_entries IS 'Every change and decision, append-only; the entries of one record form a chain of hashes (docs/audit.md).';
COMMENT ON COLUMN audit_entries.record_id IS 'The record that the entry is about, and its chain; zeros: the chain of what belongs to no deal.';
COMMENT ON COLUMN audit_entries.chain_position IS '1, 2, 3, ... within the chain; set by the trigger.';
COMMENT ON COLUMN audit_entries.at IS 'By the clock of the database; set by the trigger.';
COMMENT ON COLUMN audit_entries.actor IS 'Name of the person, or of the part of the program.';
COMMENT ON COLUMN audit_entries.action IS 'What was done, in words.';
COMMENT ON COLUMN audit_entries.request_id IS 'The other system''s id of our request.';
COMMENT ON COLUMN audit_entries.correlation_id IS 'Our id of the request, which the other system logs.';
COMMENT ON COLUMN audit_entries.facts IS 'Ids, numbers and figures, version 1; never data of people.';
COMMENT ON COLUMN audit_entries.before IS 'What the change replaced, version 1.';
COMMENT ON COLUMN audit_entries.after IS 'What it was replaced by, version 1.';
COMMENT ON COLUMN audit_entries.personal_hash IS 'SHA-256 of salt and content in audit_personal.';
COMMENT ON COLUMN audit_entries.previous_hash IS 'entry_hash of the entry before; zeros for the first.';
COMMENT ON COLUMN audit_entries.entry_hash IS 'SHA-256 of the entry; set by the trigger.';
COMMENT ON TABLE audit_signatures IS 'Signatures of entries and seals by a key that stands in the key ring and not in the database (docs/audit.md).';
COMMENT ON COLUMN audit_signatures.number IS 'entry_id or seal_number.';
COMMENT ON COLUMN audit_signatures.signature IS 'Id of the key, a colon, and HMAC-SHA-256 over the hash of the entry or seal.';
COMMENT ON TABLE audit_personal IS 'Data of people, apart from the entries so that it can be erased without breaking a chain.';
COMMENT ON COLUMN audit_personal.salt IS 'Random: without it nobody can guess the content from its hash.';
COMMENT ON COLUMN audit_personal.content IS 'What a person typed, or data of a person, version 1.';
COMMENT ON TABLE audit_seals IS 'Seals over the heads of all chains; each names the one before.';
COMMENT ON COLUMN audit_seals.last_entry_id IS 'Every entry up to this one is under this seal or an earlier one.';
COMMENT ON COLUMN audit_seals.chain_count IS 'Chains that there were at the moment of the seal.';
COMMENT ON COLUMN audit_seals.changed_count IS 'Chains that grew since the seal before: the rows in audit_seal_heads.';
COMMENT ON COLUMN audit_seals.previous_hash IS 'seal_hash of the seal before; zeros for the first.';
COMMENT ON COLUMN audit_seals.seal_hash IS 'SHA-256 of the seal and of its heads.';
COMMENT ON TABLE audit_stamps IS 'Tokens of a time-stamping authority (RFC 3161) for seals (docs/audit.md).';
COMMENT ON COLUMN audit_stamps.seal_hash IS 'Of the seal when it was stamped.';
COMMENT ON COLUMN audit_stamps.token IS 'DER, in base64: openssl ts reads it.';
COMMENT ON TABLE audit_seal_heads IS 'The last entry of each chain that grew since the seal before.';
COMMENT ON COLUMN audit_seal_heads.chain_id IS 'record_id of the chain.';
COMMENT ON COLUMN audit_seal_heads.chain_position IS 'Of the last entry of the chain.';
COMMENT ON COLUMN audit_seal_heads.entry_hash IS 'Of the last entry of the chain.';
