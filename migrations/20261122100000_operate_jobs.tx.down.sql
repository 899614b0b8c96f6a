ALTER TABLE customers DROP COLUMN suspend_reason, DROP COLUMN suspended;
ALTER TABLE databases DROP COLUMN next_verifier_sealed, DROP COLUMN suspend_reason, DROP COLUMN suspended;
ALTER TABLE jobs DROP COLUMN parent_id, DROP COLUMN cancel_requested_at;
