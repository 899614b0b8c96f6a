-- Which transaction wrote an event: the order of the feed of all jobs. Numbers that
-- are given out before the commit would let a reader pass by what commits later.
ALTER TABLE job_events ADD COLUMN xid xid8 NOT NULL DEFAULT '0';
ALTER TABLE job_events ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
CREATE INDEX job_events_feed ON job_events (xid, job_id, seq);
