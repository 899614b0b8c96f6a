ALTER TABLE jobs
    -- It waits until the job that ordered it lets it go: only a few are at work at once.
    ADD COLUMN held boolean NOT NULL DEFAULT false,
    -- Something that it waits for has happened since it was taken up.
    ADD COLUMN woken boolean NOT NULL DEFAULT false;
-- Whose turn is next. Nobody but the parent asks.
CREATE INDEX jobs_held ON jobs (parent_id, id) WHERE held;
