-- Somebody of the provider's staff acts as a user for a while, who can see it here. It
-- is kept when it is over, and when the session that it began in is forgotten.
CREATE TABLE impersonations (
    id         uuid        PRIMARY KEY,
    staff_id   uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id uuid        REFERENCES sessions (id) ON DELETE SET NULL, -- of the staff's: it ends with that
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE CHECK (user_id <> staff_id),
    reason     text        NOT NULL CHECK (char_length(reason) BETWEEN 10 AND 500),
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > started_at AND expires_at <= started_at + interval '1 hour'),
    ended_at   timestamptz
);
CREATE INDEX impersonations_of_user ON impersonations (user_id, started_at DESC, id DESC);
CREATE INDEX impersonations_of_session ON impersonations (session_id) WHERE ended_at IS NULL;
