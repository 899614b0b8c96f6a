DROP TABLE file_nodes;
DROP TABLE database_loads;
DROP TABLE database_dump_links;
DROP TABLE database_dumps;
