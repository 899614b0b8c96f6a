CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    email         text        NOT NULL CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
    name          text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    password_hash text        NOT NULL, -- argon2id in PHC form
    provider_role text        CHECK (provider_role IN ('OWNER', 'ADMIN', 'SUPPORT', 'BILLING')), -- null: no staff
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_in_use UNIQUE (email)
);

-- A user's role within a customer; it reaches down to that customer's own customers.
CREATE TABLE memberships (
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    customer_id uuid        NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    role        text        NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'DEVELOPER', 'BILLING', 'READ_ONLY')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, customer_id)
);
CREATE INDEX memberships_of_customer ON memberships (customer_id, created_at, user_id);

-- One entry per mutation, written in the mutation's transaction.
CREATE TABLE audit_entries (
    id          bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id     uuid,       -- null: the panel itself, or nobody signed in
    action      text        NOT NULL, -- noun.verb
    object_kind text,
    object_id   uuid,
    customer_id uuid,
    request_id  text        NOT NULL DEFAULT '',
    ip          text        NOT NULL DEFAULT '',
    user_agent  text        NOT NULL DEFAULT '',
    detail      jsonb       -- what changed; never a secret
);
CREATE INDEX audit_entries_of_object ON audit_entries (object_id, id);
CREATE INDEX audit_entries_of_customer ON audit_entries (customer_id, id);

-- A mutation's idempotency key, claimed in its transaction. It keeps ids, not an
-- answer: a replay may select other fields.
CREATE TABLE idempotency_keys (
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_hash   bytea       NOT NULL, -- SHA-256; the key itself opens sealed secrets and is not kept
    input_hash bytea       NOT NULL, -- SHA-256 of the mutation's name and input
    refs       jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key_hash)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
