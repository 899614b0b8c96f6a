-- A file with a database's content: exported by a job, or uploaded. The row
-- becomes READY only when the whole file is on disk under its name.
CREATE TABLE database_dumps (
    id          uuid        PRIMARY KEY,
    database_id uuid        NOT NULL REFERENCES databases (id) ON DELETE CASCADE, -- files without a row are removed by their node
    origin      text        NOT NULL CHECK (origin IN ('EXPORT', 'UPLOAD')),
    state       text        NOT NULL CHECK (state IN ('PENDING', 'READY', 'FAILED')),
    format      text        CHECK (format IN ('PLAIN', 'PLAIN_GZIP', 'CUSTOM')), -- null: nobody looked into it yet
    job_id      uuid        REFERENCES jobs (id) ON DELETE SET NULL,
    node        text,       -- on which the file lies
    file        text,       -- its name there
    size_bytes  bigint      CHECK (size_bytes >= 0),
    raw_bytes   bigint      CHECK (raw_bytes >= 0),
    sha256      bytea       CHECK (octet_length(sha256) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    CHECK (state <> 'READY' OR node IS NOT NULL AND file IS NOT NULL AND size_bytes IS NOT NULL AND sha256 IS NOT NULL)
);
-- Serves the list of one database's dumps, the newest first.
CREATE INDEX database_dumps_of_database ON database_dumps (database_id, created_at, id);
-- One export at a time; the job finds its row by this.
CREATE UNIQUE INDEX database_dumps_one_export ON database_dumps (database_id) WHERE origin = 'EXPORT' AND state = 'PENDING';
-- Serves the chore that removes what has expired, and a node's look at its own files.
CREATE INDEX database_dumps_expired ON database_dumps (expires_at);
CREATE INDEX database_dumps_of_node ON database_dumps (node, file) WHERE file IS NOT NULL;
CREATE INDEX database_dumps_of_job ON database_dumps (job_id) WHERE job_id IS NOT NULL;

-- One-time URLs. Of the token only a hash is kept.
CREATE TABLE database_dump_links (
    token_hash   bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    dump_id      uuid        NOT NULL REFERENCES database_dumps (id) ON DELETE CASCADE,
    upload       boolean     NOT NULL,
    max_bytes    bigint      NOT NULL DEFAULT 0, -- of an upload
    user_id      uuid        REFERENCES users (id) ON DELETE SET NULL,
    expires_at   timestamptz NOT NULL,
    claimed_at   timestamptz, -- null: not used yet
    client       bytea,       -- hash of address and program that used it
    resume_until timestamptz, -- until when that client may go on with a download that broke off
    resumed      int         NOT NULL DEFAULT 0
);
CREATE INDEX database_dump_links_of_dump ON database_dump_links (dump_id);
CREATE INDEX database_dump_links_expired ON database_dump_links (expires_at);

-- What the latest job loads into a database: a dump, or another database's content.
CREATE TABLE database_loads (
    database_id uuid    PRIMARY KEY REFERENCES databases (id) ON DELETE CASCADE,
    dump_id     uuid    REFERENCES database_dumps (id) ON DELETE SET NULL,
    source_id   uuid    REFERENCES databases (id) ON DELETE SET NULL,
    replace     boolean NOT NULL DEFAULT false, -- what is there is dropped first
    -- The transaction that is about to be committed on the server: whoever takes
    -- the job up after a crash asks the server what became of it.
    xid         text
);
CREATE INDEX database_loads_of_source ON database_loads (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX database_loads_of_dump ON database_loads (dump_id) WHERE dump_id IS NOT NULL;

-- How nodes reach each other's files.
CREATE TABLE file_nodes (
    node    text        PRIMARY KEY,
    url     text,       -- null: it did not say
    seen_at timestamptz NOT NULL DEFAULT now()
);
