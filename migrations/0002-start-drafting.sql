-- I1 in one round trip: the lock first, then a fresh look at the claim.
CREATE FUNCTION start_drafting(bearer uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  -- The same lock as a claim takes: without it a descendant could read "claimed" and this write "drafting".
  PERFORM pg_advisory_xact_lock(hashtextextended(bearer::text, 0));
  UPDATE claims SET state = 'drafting' WHERE record_id = bearer AND bearer_id = bearer AND state <> 'yielded';
  RETURN FOUND;
END $$;
