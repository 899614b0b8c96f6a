-- The language of mails to a person; null: the installation's.
ALTER TABLE users ADD COLUMN language text CHECK (language IN ('EN', 'DE'));
-- Since when the address is known to be the person's own; null: never proved.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;
-- Serves the list page.
CREATE INDEX users_oldest ON users (created_at, id);

-- Mails to people, queued in the transaction that they tell of. Address, name and link
-- are sealed, and gone once the mail was sent or given up.
CREATE TABLE mails (
    id              uuid        PRIMARY KEY,
    kind            text        NOT NULL,
    user_id         uuid        REFERENCES users (id) ON DELETE CASCADE, -- null: nobody's yet
    language        text        CHECK (language IN ('EN', 'DE')),
    content_sealed  bytea,
    state           text        NOT NULL CHECK (state IN ('PENDING', 'SENT', 'FAILED')),
    attempts        int         NOT NULL DEFAULT 0,
    error_class     text,
    reply_code      int,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    lease_until     timestamptz, -- a node is sending it; over: it died, and another one tries
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz,
    CHECK (state <> 'PENDING' OR content_sealed IS NOT NULL)
);
-- Serves the sender, which looks for what is due.
CREATE INDEX mails_due ON mails (next_attempt_at, id) WHERE state = 'PENDING';
CREATE INDEX mails_age ON mails (created_at);
CREATE INDEX mails_of_user ON mails (user_id);
