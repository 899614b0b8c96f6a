DROP TABLE server_minutes;
