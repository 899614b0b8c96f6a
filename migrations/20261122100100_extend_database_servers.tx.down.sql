ALTER TABLE database_servers
    DROP COLUMN blocked,
    DROP COLUMN system_identifier,
    DROP COLUMN problems,
    DROP COLUMN capabilities,
    DROP COLUMN maintenance;
