-- What servers were doing, minute by minute.
CREATE TABLE server_minutes (
    server_id uuid        NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    at        timestamptz NOT NULL, -- where the minute begins
    metrics   jsonb       NOT NULL, -- the average of what was measured in it
    PRIMARY KEY (server_id, at)
);
