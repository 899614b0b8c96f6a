DROP INDEX idempotency_keys_answered;
ALTER TABLE idempotency_keys DROP COLUMN answer_sealed;
