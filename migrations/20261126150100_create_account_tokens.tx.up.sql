-- One-time links that were sent by mail. A row is removed by the use of its link, so
-- that of many uses at once one wins.
CREATE TABLE account_tokens (
    id            uuid        PRIMARY KEY,
    purpose       text        NOT NULL CHECK (purpose IN ('SIGN_UP', 'VERIFY_EMAIL', 'CHANGE_EMAIL', 'RESET_PASSWORD')),
    token_hash    bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32), -- SHA-256
    user_id       uuid        REFERENCES users (id) ON DELETE CASCADE, -- null: signs up, or nobody
    email         text        CHECK (char_length(email) <= 254), -- the address that the link proves
    name          text,       -- of who signs up, as the others below
    company       text,
    language      text,
    password_hash text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX account_tokens_of_user ON account_tokens (user_id, purpose, created_at);
CREATE INDEX account_tokens_end ON account_tokens (expires_at);

-- Somebody was asked to take a role with the provider or within a customer. The id
-- becomes the new user's, when there is no account with the address.
CREATE TABLE invitations (
    id            uuid        PRIMARY KEY,
    token_hash    bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32), -- SHA-256
    email         text        NOT NULL CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
    name          text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    provider_role text        CHECK (provider_role IN ('OWNER', 'ADMIN', 'SUPPORT', 'BILLING')),
    customer_id   uuid        REFERENCES customers (id) ON DELETE CASCADE,
    customer_role text        CHECK (customer_role IN ('OWNER', 'ADMIN', 'DEVELOPER', 'BILLING', 'READ_ONLY')),
    invited_by    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    CHECK ((provider_role IS NULL) <> (customer_role IS NULL)),
    CHECK ((customer_id IS NULL) = (customer_role IS NULL))
);
-- One open invitation for an address and a place; a new one takes the place of the old.
CREATE UNIQUE INDEX invitations_one_open ON invitations (email, coalesce(customer_id, '00000000-0000-0000-0000-000000000000'));
-- Serve the list pages, of all and of one customer.
CREATE INDEX invitations_oldest ON invitations (created_at, id);
CREATE INDEX invitations_of_customer ON invitations (customer_id, created_at, id);
CREATE INDEX invitations_of_user ON invitations (invited_by);
