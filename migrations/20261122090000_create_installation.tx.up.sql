-- One row: what this installation is. Its id is part of every owner mark.
CREATE TABLE installation (
    only_row         boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    id               uuid        NOT NULL DEFAULT gen_random_uuid(),
    setup_token_hash bytea,      -- SHA-256 of the one-time set-up token; null once it is used
    created_at       timestamptz NOT NULL DEFAULT now()
);
INSERT INTO installation DEFAULT VALUES;
