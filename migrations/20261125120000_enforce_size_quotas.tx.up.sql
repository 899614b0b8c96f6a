-- Bytes of databases are a quota, too. Its counters are moved by what the
-- measurements find, and begin at nothing: the first measurement counts everything.
ALTER TABLE customer_quotas
    DROP CONSTRAINT customer_quotas_name_check,
    ADD CONSTRAINT customer_quotas_name_check CHECK (name IN ('DATABASES', 'DATABASE_BYTES')),
    -- How far it is used, and what of it was told last; see the trigger.
    ADD COLUMN level text NOT NULL DEFAULT 'NORMAL' CHECK (level IN ('NORMAL', 'WARNING', 'CRITICAL', 'EXCEEDED')),
    ADD COLUMN noted_level text NOT NULL DEFAULT 'NORMAL' CHECK (noted_level IN ('NORMAL', 'WARNING', 'CRITICAL', 'EXCEEDED'));

-- The level follows in the statement that moves the counter or its limit, whichever
-- that is. What is exceeded stays so until less than 90 % is used.
CREATE FUNCTION customer_quota_level() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.level := CASE
        WHEN NEW.max IS NULL OR NEW.used = 0 THEN 'NORMAL'
        WHEN NEW.used > NEW.max THEN 'EXCEEDED'
        WHEN TG_OP = 'UPDATE' AND OLD.level = 'EXCEEDED' AND NEW.used >= NEW.max::numeric * 0.9 THEN 'EXCEEDED'
        WHEN NEW.used >= NEW.max::numeric * 0.95 THEN 'CRITICAL'
        WHEN NEW.used >= NEW.max::numeric * 0.8 THEN 'WARNING'
        ELSE 'NORMAL'
    END;
    RETURN NEW;
END
$$;
CREATE TRIGGER customer_quotas_level BEFORE INSERT OR UPDATE OF used, max ON customer_quotas
    FOR EACH ROW EXECUTE FUNCTION customer_quota_level();
UPDATE customer_quotas SET used = used;
-- Find what is closed or to be closed, and what is still to be told.
CREATE INDEX customer_quotas_exceeded ON customer_quotas (customer_id) WHERE level = 'EXCEEDED';
CREATE INDEX customer_quotas_crossed ON customer_quotas (customer_id) WHERE level <> noted_level;

INSERT INTO customer_quotas (customer_id, name) SELECT id, 'DATABASE_BYTES' FROM customers;

ALTER TABLE databases
    -- What the quotas of the line count of it; given back exactly once.
    ADD COLUMN counted_bytes bigint NOT NULL DEFAULT 0 CHECK (counted_bytes >= 0),
    -- Until then it is open although a size quota is exceeded; null: no window was asked for.
    ADD COLUMN cleanup_until timestamptz;
-- Finds windows that are over.
CREATE INDEX databases_cleanup ON databases (cleanup_until) WHERE cleanup_until IS NOT NULL;

-- The windows of each database, of which there are only so many a day.
CREATE TABLE database_cleanups (
    database_id uuid        NOT NULL REFERENCES databases (id) ON DELETE CASCADE,
    began_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (database_id, began_at)
);
