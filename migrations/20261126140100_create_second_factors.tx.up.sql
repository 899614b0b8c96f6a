-- A user's time-based codes (RFC 6238). Until confirmed_at it is only being set up.
CREATE TABLE user_totp (
    user_id       uuid        PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret_sealed bytea       NOT NULL,
    last_step     bigint      NOT NULL DEFAULT 0 CHECK (last_step >= 0), -- of the last code that was used; none comes twice
    created_at    timestamptz NOT NULL,
    confirmed_at  timestamptz
);

-- Codes for the day on which the other device is gone; each is used once.
CREATE TABLE recovery_codes (
    user_id   uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash bytea       NOT NULL CHECK (octet_length(code_hash) = 32), -- SHA-256; a code is random enough for it
    used_at   timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

-- What was tried within the last quarter of an hour, whatever became of it.
CREATE TABLE tries (
    key        text          PRIMARY KEY CHECK (char_length(key) BETWEEN 1 AND 200),
    times      timestamptz[] NOT NULL,
    expires_at timestamptz   NOT NULL -- the row means nothing any more
);
