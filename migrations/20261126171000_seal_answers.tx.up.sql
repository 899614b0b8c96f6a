-- What a mutation showed once, for a client that lost the answer: sealed under the
-- panel's key and the idempotency key together, of which only a hash is kept.
ALTER TABLE idempotency_keys ADD COLUMN answer_sealed bytea;
-- Serves the purge, which removes it after 15 minutes; few rows have one.
CREATE INDEX idempotency_keys_answered ON idempotency_keys (created_at) WHERE answer_sealed IS NOT NULL;
