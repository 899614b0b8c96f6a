-- Each filter, alone, with each order.
CREATE INDEX databases_state_newest ON databases (state, created_at, id);
CREATE INDEX databases_state_by_name ON databases (state, name, id);
CREATE INDEX databases_server_newest ON databases (server_id, created_at, id);
CREATE INDEX databases_server_by_name ON databases (server_id, name, id);
DROP INDEX databases_of_server;

-- A search anywhere in a name. pg_trgm comes with PostgreSQL, but some
-- distributions package it apart; without it searches read the whole table.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX databases_search ON databases USING gin (ext_name gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'searches in the names of databases will be slow: %', SQLERRM;
END
$$;
