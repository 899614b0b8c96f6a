-- What the last check of a server found, and whether staff work on it.
ALTER TABLE database_servers
    ADD COLUMN blocked           boolean NOT NULL DEFAULT false, -- nothing may be made on it; problems say why
    ADD COLUMN system_identifier bigint, -- PostgreSQL's own of its cluster; null: never reached, or another row has it
    ADD COLUMN problems          jsonb   NOT NULL DEFAULT '[]', -- sentences for staff
    ADD COLUMN capabilities      jsonb   NOT NULL DEFAULT '[]',
    ADD COLUMN maintenance       jsonb; -- {reason, since}; null: none
-- One cluster is registered once, whatever its addresses are.
CREATE UNIQUE INDEX database_servers_one_per_cluster ON database_servers (system_identifier);
