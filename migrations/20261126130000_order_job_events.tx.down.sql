DROP INDEX job_events_feed;
ALTER TABLE job_events DROP COLUMN xid;
