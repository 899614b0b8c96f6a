-- Who it was in full, what was there before, and whether it was allowed. What is there
-- after it stays in the column detail, for nodes of the version before.
ALTER TABLE audit_entries
    ADD COLUMN event_id        uuid    NOT NULL DEFAULT gen_random_uuid(), -- as clients know it
    ADD COLUMN xid             xid8    NOT NULL DEFAULT '0', -- the transaction that wrote it: entries are in the order of their commits
    ADD COLUMN impersonator_id uuid,   -- of the staff, who acted as user_id
    ADD COLUMN session_id      uuid,
    ADD COLUMN api_token_id    uuid,
    ADD COLUMN before          jsonb,  -- what was there; never a secret
    ADD COLUMN allowed         boolean NOT NULL DEFAULT true,
    ADD COLUMN times           bigint  NOT NULL DEFAULT 1 CHECK (times > 0); -- more than 1: refusals of nobody, in one minute
ALTER TABLE audit_entries ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
CREATE UNIQUE INDEX audit_entries_event ON audit_entries (event_id);
-- The feed, and what is not sealed yet.
CREATE INDEX audit_entries_feed ON audit_entries (xid, id);
-- What somebody did.
CREATE INDEX audit_entries_of_user ON audit_entries (user_id, id);

-- What makes a change of an entry show: each seal links some entries, in the order of
-- their commits, by hashes to all before them. They stand apart, so that writing an
-- entry waits for nobody.
CREATE TABLE audit_seals (
    seq     bigint      PRIMARY KEY CHECK (seq > 0),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    version smallint    NOT NULL, -- of how an entry is written as bytes
    epoch   bigint      NOT NULL, -- whose transactions are counted: another server counts others
    floor   bigint      NOT NULL, -- entries up to this id were written before that server counted
    tx      bigint      NOT NULL, -- the place after which the next seal goes on
    last_id bigint      NOT NULL,
    ids     bigint[]    NOT NULL, -- the entries, in their order
    links   bytea       NOT NULL CHECK (octet_length(links) = 32 * cardinality(ids)), -- SHA-256 of each with the one before
    entries bigint      NOT NULL CHECK (entries >= 0), -- sealed so far, with these
    hash    bytea       NOT NULL CHECK (octet_length(hash) = 32) -- of the seal; the next one begins with it
);
