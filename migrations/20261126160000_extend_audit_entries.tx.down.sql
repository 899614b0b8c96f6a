DROP TABLE audit_seals;
DROP INDEX audit_entries_of_user, audit_entries_feed, audit_entries_event;
ALTER TABLE audit_entries
    DROP COLUMN times, DROP COLUMN allowed, DROP COLUMN before, DROP COLUMN api_token_id, DROP COLUMN session_id,
    DROP COLUMN impersonator_id, DROP COLUMN xid, DROP COLUMN event_id;
