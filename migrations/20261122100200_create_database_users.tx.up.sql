-- Further logins of a database. They live and die with it.
CREATE TABLE database_users (
    id                        uuid        PRIMARY KEY,
    database_id               uuid        NOT NULL REFERENCES databases (id) ON DELETE CASCADE,
    server_id                 uuid        NOT NULL REFERENCES database_servers (id) ON DELETE RESTRICT, -- the database's
    name                      text        NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$'),
    username                  text        NOT NULL CHECK (username ~ '^u[a-z0-9_]{0,62}$'), -- databases' own begin with c
    rights                    text        NOT NULL CHECK (rights IN ('READ_ONLY', 'READ_WRITE', 'OWNER')),
    verifier_sealed           bytea       NOT NULL, -- SCRAM verifier; place "database_users.verifier/<id>"
    connection_limit          int         NOT NULL CHECK (connection_limit BETWEEN 1 AND 1000),
    statement_timeout_seconds int         NOT NULL DEFAULT 0 CHECK (statement_timeout_seconds BETWEEN 0 AND 86400), -- 0: none
    state                     text        NOT NULL CHECK (state IN ('PENDING', 'ACTIVE', 'DEGRADED', 'SUSPENDED', 'FAILED', 'DELETING')),
    generation                bigint      NOT NULL DEFAULT 1, -- +1 with every change of the wish
    before                    jsonb,      -- what a change at work goes back to when it fails; its verifier is sealed
    created_at                timestamptz NOT NULL DEFAULT now(),
    updated_at                timestamptz NOT NULL DEFAULT now()
);
-- A failed row does not block its name; a deleted one is gone. Usernames are
-- unique on a server: database a's user b_c would be database a_b's user c.
CREATE UNIQUE INDEX database_users_name_in_use ON database_users (database_id, name) WHERE state <> 'FAILED';
CREATE UNIQUE INDEX database_users_username_in_use ON database_users (server_id, username) WHERE state <> 'FAILED';
-- Serves the list of one database's users, the oldest first.
CREATE INDEX database_users_of_database ON database_users (database_id, created_at, id);
