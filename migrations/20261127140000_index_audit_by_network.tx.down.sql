CREATE INDEX audit_entries_of_ip ON audit_entries (ip, id);
DROP INDEX audit_entries_of_network;
DROP FUNCTION audit_network(text);
