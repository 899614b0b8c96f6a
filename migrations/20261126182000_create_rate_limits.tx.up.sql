-- How often somebody tried something, for all nodes. A key is a keyed hash of what is
-- counted, so that the table tells no address of anybody. It is forgotten when
-- PostgreSQL crashes, and gives everybody all tries again, which is better than to write
-- each failed sign-in to the log.
CREATE UNLOGGED TABLE rate_limits (
    key     bytea       PRIMARY KEY CHECK (octet_length(key) = 16),
    full_at timestamptz NOT NULL -- when all tries are back
) WITH (fillfactor = 70);
