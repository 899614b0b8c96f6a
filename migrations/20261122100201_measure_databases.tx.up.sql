-- What a chore measured last; null before the first time.
ALTER TABLE databases
    ADD COLUMN size_bytes  bigint CHECK (size_bytes >= 0),
    ADD COLUMN connections int    CHECK (connections >= 0),
    ADD COLUMN measured_at timestamptz,
    -- Lists are sorted by columns that are never null: the unmeasured come first.
    ADD COLUMN size_rank   bigint NOT NULL GENERATED ALWAYS AS (coalesce(size_bytes, -1)) STORED;
-- Serve the list pages by size: of one customer and of all.
CREATE INDEX databases_customer_by_size ON databases (customer_id, size_rank, id);
CREATE INDEX databases_by_size ON databases (size_rank, id);
