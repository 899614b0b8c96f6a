-- The journal: one row per saga. Every write after the lease is taken is
-- conditional on fence, so that a runner that lost its lease changes nothing.
CREATE TABLE jobs (
    id                uuid        PRIMARY KEY,
    kind              text        NOT NULL, -- the plan's name: database.create
    plan_version      int         NOT NULL,
    customer_id       uuid        REFERENCES customers (id) ON DELETE SET NULL,
    resource_kind     text        NOT NULL,
    resource_id       uuid        NOT NULL, -- no foreign key: a job outlives what it deleted
    target_generation bigint      NOT NULL,
    actor_user_id     uuid        REFERENCES users (id) ON DELETE SET NULL, -- null: the panel itself
    state             text        NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'COMPENSATING', 'SUCCEEDED', 'FAILED', 'CANCELED', 'STUCK')),
    fence             bigint      NOT NULL DEFAULT 0, -- +1 at every takeover
    lease_owner       text,       -- the node that runs it
    lease_until       timestamptz,
    event_seq         bigint      NOT NULL DEFAULT 0, -- gapless counter of this job's events
    percent           real        NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    attempts          int         NOT NULL DEFAULT 0, -- leases taken
    error_code        text,
    error_message     text,
    waiting_for       text,
    next_attempt_at   timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    started_at        timestamptz,
    finished_at       timestamptz
);
CREATE UNIQUE INDEX jobs_one_active ON jobs (resource_id) WHERE state IN ('PENDING', 'RUNNING', 'COMPENSATING', 'STUCK');
-- The sweeper looks here every two seconds.
CREATE INDEX jobs_active ON jobs (created_at) WHERE state IN ('PENDING', 'RUNNING', 'COMPENSATING', 'STUCK');
CREATE INDEX jobs_newest ON jobs (created_at, id);
CREATE INDEX jobs_customer_newest ON jobs (customer_id, created_at, id);
CREATE INDEX jobs_of_resource ON jobs (resource_id, created_at, id);

CREATE TABLE job_steps (
    job_id        uuid NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    idx           int  NOT NULL,
    name          text NOT NULL,
    state         text NOT NULL CHECK (state IN ('PENDING', 'APPLYING', 'DONE', 'FAILED', 'UNDOING', 'UNDONE')),
    attempt       int  NOT NULL DEFAULT 0,
    handle        jsonb, -- what to undo
    before        jsonb, -- what to restore, for a change of something that exists
    error_message text,
    started_at    timestamptz,
    finished_at   timestamptz,
    PRIMARY KEY (job_id, idx)
);

-- What a client saw or may still see: complete in itself, never changed.
CREATE TABLE job_events (
    job_id          uuid        NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq             bigint      NOT NULL CHECK (seq > 0),
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind            text        NOT NULL,
    state           text        NOT NULL,
    step            text,
    step_state      text,
    percent         real        NOT NULL,
    message         text,
    error_code      text,
    error_message   text,
    data            jsonb,
    PRIMARY KEY (job_id, seq)
);
