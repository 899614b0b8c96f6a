-- A rotation with a grace has a second login take over. The row's login changes
-- when the new one works; the one before works until previous_until.
ALTER TABLE databases
    ADD COLUMN login_number             int  NOT NULL DEFAULT 1, -- +1 with every new login; never used again
    ADD COLUMN next_username            text CHECK (next_username ~ '^l[a-z0-9_]{0,62}$'), -- databases' first ones begin with c, users with u
    ADD COLUMN next_grace_seconds       int  CHECK (next_grace_seconds > 0),
    ADD COLUMN previous_username        text,
    ADD COLUMN previous_verifier_sealed bytea, -- place "databases.verifier/<id>"
    ADD COLUMN previous_until           timestamptz,
    ADD CONSTRAINT databases_next_login CHECK (next_username IS NULL OR next_verifier_sealed IS NOT NULL AND next_grace_seconds IS NOT NULL),
    ADD CONSTRAINT databases_previous_login CHECK (num_nulls(previous_username, previous_verifier_sealed, previous_until) IN (0, 3));
-- Finds the logins whose time is over.
CREATE INDEX databases_previous_login ON databases (previous_until) WHERE previous_until IS NOT NULL;
