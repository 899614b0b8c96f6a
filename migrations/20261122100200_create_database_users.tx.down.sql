DROP TABLE database_users;
