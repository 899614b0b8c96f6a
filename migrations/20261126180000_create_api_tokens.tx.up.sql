-- A token for programs. Of the token itself only a hash is kept, of a secret that is too
-- long to be found by trying; the prefix tells people which one it is. What it may do is
-- at most what its user may do at the moment of a call, so that no rights are kept here
-- but those that it was narrowed to.
CREATE TABLE api_tokens (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    customer_id  uuid        REFERENCES customers (id) ON DELETE CASCADE, -- only there and below; null: wherever its user is
    name         text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    prefix       text        NOT NULL CHECK (octet_length(prefix) BETWEEN 1 AND 32),
    hash         bytea       NOT NULL CHECK (octet_length(hash) = 32), -- SHA-256 of the whole token
    permissions  text[]      NOT NULL CHECK (cardinality(permissions) > 0),
    pins         text[]      NOT NULL DEFAULT '{}', -- ids of databases: only these; none: all
    cidrs        text[]      NOT NULL DEFAULT '{}', -- only from there; none: from everywhere
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz CHECK (expires_at > created_at), -- null: when it is revoked
    last_used_at timestamptz, -- at most a minute old while it is in use
    last_used_ip text,
    revoked_at   timestamptz
);
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash);
-- Each list's order, too.
CREATE INDEX api_tokens_of_user ON api_tokens (user_id, created_at DESC, id DESC) WHERE revoked_at IS NULL;
CREATE INDEX api_tokens_of_customer ON api_tokens (customer_id, created_at DESC, id DESC) WHERE revoked_at IS NULL;
