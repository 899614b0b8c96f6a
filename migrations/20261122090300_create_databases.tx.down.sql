DROP TABLE databases;
DROP TABLE database_servers;
