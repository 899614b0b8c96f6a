CREATE TABLE database_servers (
    id                    uuid        PRIMARY KEY,
    name                  text        NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 100),
    host                  text        NOT NULL,
    port                  int         NOT NULL CHECK (port BETWEEN 1 AND 65535),
    admin_user            text        NOT NULL,
    admin_password_sealed bytea       NOT NULL, -- place "database_servers.admin_password/<id>"
    ssl_mode              text        NOT NULL DEFAULT 'prefer',
    embedded              boolean     NOT NULL DEFAULT false, -- the panel starts and stops it
    delete_grace_seconds  int         NOT NULL DEFAULT 604800 CHECK (delete_grace_seconds >= 0),
    version               text,       -- null: never reached
    reachable             boolean     NOT NULL DEFAULT false,
    checked_at            timestamptz, -- null: never tried
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now()
);
-- The embedded default has one tenants' cluster, registered once.
CREATE UNIQUE INDEX database_servers_one_embedded ON database_servers (embedded) WHERE embedded;
CREATE INDEX database_servers_oldest ON database_servers (created_at, id);

-- A database is a wish until state is ACTIVE; the worker moves it there.
CREATE TABLE databases (
    id               uuid        PRIMARY KEY,
    customer_id      uuid        NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    server_id        uuid        NOT NULL REFERENCES database_servers (id) ON DELETE RESTRICT,
    name             text        NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,40}$'),
    ext_name         text        NOT NULL CHECK (ext_name ~ '^[a-z][a-z0-9_]{0,62}$'),
    username         text        NOT NULL CHECK (username ~ '^[a-z][a-z0-9_]{0,62}$'),
    verifier_sealed  bytea       NOT NULL, -- SCRAM verifier; place "databases.verifier/<id>"
    connection_limit int         NOT NULL CHECK (connection_limit BETWEEN 1 AND 1000),
    state            text        NOT NULL CHECK (state IN ('PENDING', 'ACTIVE', 'DEGRADED', 'SUSPENDED', 'FAILED', 'DELETING')),
    generation       bigint      NOT NULL DEFAULT 1,  -- +1 with every change of the wish
    holds_quota      boolean     NOT NULL DEFAULT true, -- given back exactly once
    delete_after     timestamptz, -- end of the grace period of a delete
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
-- A failed row does not block its name; a deleted one is gone.
CREATE UNIQUE INDEX databases_name_in_use ON databases (server_id, ext_name) WHERE state <> 'FAILED';
-- Serve the list pages: of one customer and of all, newest first or by name.
CREATE INDEX databases_customer_newest ON databases (customer_id, created_at, id);
CREATE INDEX databases_customer_by_name ON databases (customer_id, name, id);
CREATE INDEX databases_newest ON databases (created_at, id);
CREATE INDEX databases_by_name ON databases (name, id);
CREATE INDEX databases_of_server ON databases (server_id);
