-- From which networks a database may be reached beside the server's own machine,
-- where the panel writes the server's pg_hba.conf.
ALTER TABLE databases
    ADD COLUMN access_cidrs  text[] NOT NULL DEFAULT '{}' CHECK (cardinality(access_cidrs) <= 50),
    ADD COLUMN access_before text[]; -- while a change is at work: what it goes back to when it fails
