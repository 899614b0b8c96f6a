-- What users are told, each in the transaction in which it happens.
CREATE TABLE notifications (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    number      bigint      GENERATED ALWAYS AS IDENTITY,
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    level       text        NOT NULL CHECK (level IN ('INFO', 'SUCCESS', 'WARNING', 'ERROR')),
    kind        text        NOT NULL, -- noun.verb
    message     text        NOT NULL CHECK (char_length(message) BETWEEN 1 AND 500), -- never a secret
    object_kind text,
    object_id   uuid,
    customer_id uuid,       -- whose the object is; NULL for the provider's own
    read_at     timestamptz,
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(), -- the transaction that wrote it: the stream is in the order of commits
    CHECK ((object_kind IS NULL) = (object_id IS NULL))
);
-- A user's, the newest first.
CREATE INDEX notifications_of_user ON notifications (user_id, number, id);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
-- The streams.
CREATE INDEX notifications_feed ON notifications (xid, number);
-- What is old is removed.
CREATE INDEX notifications_at ON notifications (at);
-- A job that is stuck is tried again for ever, and told of once.
CREATE UNIQUE INDEX notifications_stuck ON notifications (object_id, user_id) WHERE kind = 'job.stuck';
