-- What came from one address, the newest first: a search for a stranger reads no entry of
-- anybody else's.
CREATE INDEX audit_entries_of_ip ON audit_entries (ip, id);
