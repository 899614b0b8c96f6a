-- What an entry's address is to those who look for a network; null for what is none. An
-- entry is written whatever stands there, so that nothing here may fail. What catches an
-- exception is not safe in parallel.
CREATE FUNCTION audit_network(ip text) RETURNS inet LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF ip = '' THEN
        RETURN NULL;
    END IF;
    RETURN ip::inet;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- What came from one address, the newest first, and what came from a network: a search for
-- a stranger reads no entry of anybody else's.
CREATE INDEX audit_entries_of_network ON audit_entries (audit_network(ip), id);
DROP INDEX audit_entries_of_ip;
