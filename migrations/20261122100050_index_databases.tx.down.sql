DROP INDEX IF EXISTS databases_search;
CREATE INDEX databases_of_server ON databases (server_id);
DROP INDEX databases_server_by_name, databases_server_newest, databases_state_by_name, databases_state_newest;
