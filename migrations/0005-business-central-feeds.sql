-- What a write started from, for those whose end shows only by comparison (an order's shipped quantities).
ALTER TABLE write_intents ADD COLUMN started_from jsonb;
