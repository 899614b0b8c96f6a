-- Data keys. What is stored encrypted says in its first bytes under which of them;
-- the newest one encrypts. Each is wrapped under MPANEL_SECRET_KEY, which is not here.
CREATE TABLE encryption_keys (
    id            bigint      PRIMARY KEY CHECK (id BETWEEN 1 AND 4294967295), -- 4 bytes of every value
    secret_key_id text        NOT NULL, -- which secret key it is wrapped under; tells nothing of it
    wrapped       bytea       NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    retired_at    timestamptz -- since when no value was found under it; null: there may be some
);
