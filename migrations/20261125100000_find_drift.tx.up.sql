-- What surveys find on servers that is not as it is to be.
CREATE TABLE drift_findings (
    id            uuid        PRIMARY KEY,
    server_id     uuid        NOT NULL REFERENCES database_servers (id) ON DELETE CASCADE,
    database_id   uuid        REFERENCES databases (id) ON DELETE SET NULL, -- null: an orphan, or it is gone
    customer_id   uuid        REFERENCES customers (id) ON DELETE SET NULL, -- the database's
    kind          text        NOT NULL CHECK (kind IN ('MISSING', 'DIFFERS', 'ORPHAN', 'FOREIGN')),
    object_kind   text        NOT NULL CHECK (object_kind IN ('ROLE', 'DATABASE')),
    external_name text        NOT NULL,
    mark          text        NOT NULL DEFAULT '', -- of an orphan
    detail        text        NOT NULL,
    surveys       int         NOT NULL DEFAULT 1,
    confirmed     boolean     NOT NULL, -- an orphan is shown once two surveys saw it
    ignored       boolean     NOT NULL DEFAULT false, -- by a person, until it changes
    adopted       boolean     NOT NULL DEFAULT false, -- a person decided that what is foreign is to be ours
    found_at      timestamptz NOT NULL DEFAULT now(),
    resolved_at   timestamptz,
    job_id        uuid        REFERENCES jobs (id) ON DELETE SET NULL
);
-- One finding for an object at a time; a survey reads those of its server.
CREATE UNIQUE INDEX drift_findings_open ON drift_findings (server_id, object_kind, external_name) WHERE resolved_at IS NULL;
-- Serve the lists, the newest first: of all and of one customer.
CREATE INDEX drift_findings_newest ON drift_findings (found_at, id);
CREATE INDEX drift_findings_customer_newest ON drift_findings (customer_id, found_at, id);
CREATE INDEX drift_findings_of_database ON drift_findings (database_id) WHERE resolved_at IS NULL;

ALTER TABLE databases ADD COLUMN drift_policy text NOT NULL DEFAULT 'REPAIR' CHECK (drift_policy IN ('REPAIR', 'REPORT', 'IGNORE'));
ALTER TABLE database_servers
    ADD COLUMN next_survey_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN surveyed_at    timestamptz, -- null: never
    ADD COLUMN drift_brake    text NOT NULL DEFAULT 'OFF' CHECK (drift_brake IN ('OFF', 'ON', 'RELEASED'));
