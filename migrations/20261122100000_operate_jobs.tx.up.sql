ALTER TABLE jobs
    -- A person asked to take it back. Whatever still goes forward looks here in its own commit.
    ADD COLUMN cancel_requested_at timestamptz,
    -- The job that ordered this one and waits for it.
    ADD COLUMN parent_id uuid REFERENCES jobs (id) ON DELETE SET NULL;
CREATE INDEX jobs_of_parent ON jobs (parent_id, created_at, id) WHERE parent_id IS NOT NULL;

ALTER TABLE databases
    -- Suspended for its own sake; those of a suspended customer are suspended without it.
    ADD COLUMN suspended boolean NOT NULL DEFAULT false,
    ADD COLUMN suspend_reason text,
    -- What a rotation moves to, until it has.
    ADD COLUMN next_verifier_sealed bytea;

ALTER TABLE customers
    -- The wish; the state follows when everything of the customer has.
    ADD COLUMN suspended boolean NOT NULL DEFAULT false,
    ADD COLUMN suspend_reason text;
