-- Machines. A node of the panel enters its own host when it starts.
CREATE TABLE servers (
    id           uuid        PRIMARY KEY,
    node         text        UNIQUE, -- null: not the host of a node
    name         text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    os_name      text,       -- null: it does not tell
    cpu_count    int         CHECK (cpu_count > 0),
    memory_bytes bigint      CHECK (memory_bytes > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
-- Serves the list page.
CREATE INDEX servers_oldest ON servers (created_at, id);
