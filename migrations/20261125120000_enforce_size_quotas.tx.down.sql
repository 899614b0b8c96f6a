DROP TABLE database_cleanups;
ALTER TABLE databases DROP COLUMN counted_bytes, DROP COLUMN cleanup_until;
DELETE FROM customer_quotas WHERE name = 'DATABASE_BYTES';
DROP TRIGGER customer_quotas_level ON customer_quotas;
DROP FUNCTION customer_quota_level();
ALTER TABLE customer_quotas
    DROP COLUMN level,
    DROP COLUMN noted_level,
    DROP CONSTRAINT customer_quotas_name_check,
    ADD CONSTRAINT customer_quotas_name_check CHECK (name IN ('DATABASES'));
