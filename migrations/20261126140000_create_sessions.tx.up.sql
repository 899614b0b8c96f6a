-- A session begins with a sign-in and is gone on with by refresh tokens, of which the
-- newest is good. A token is not stored: it is made of the seed, the generation and
-- the panel's secret key, so that neither a copy of this table nor the key alone can
-- make one.
CREATE TABLE sessions (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seed         bytea       NOT NULL CHECK (octet_length(seed) = 32),
    generation   bigint      NOT NULL DEFAULT 0 CHECK (generation >= 0), -- of the token that is good
    rotated_at   timestamptz NOT NULL, -- when that generation began
    ip           text        NOT NULL DEFAULT '', -- where it was last seen
    user_agent   text        NOT NULL DEFAULT '' CHECK (octet_length(user_agent) <= 256), -- of the sign-in
    device       text        NOT NULL CHECK (char_length(device) BETWEEN 1 AND 100), -- for people, made of the user agent
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL, -- at most a minute old
    confirmed_at timestamptz NOT NULL, -- when its user last proved who they are
    expires_at   timestamptz NOT NULL CHECK (expires_at > created_at), -- whatever is done
    ended_at     timestamptz,
    end_reason   text        CHECK (end_reason IN ('SIGNED_OUT', 'REVOKED', 'TOKEN_REUSED', 'SUPERSEDED', 'USER_DISABLED', 'PASSWORD_CHANGED', 'SECOND_FACTOR_CHANGED')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
-- A user's own list, and what ends with the user's rights.
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE ended_at IS NULL;
