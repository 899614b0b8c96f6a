DROP TABLE mails;
DROP INDEX users_oldest;
ALTER TABLE users DROP COLUMN email_verified_at;
ALTER TABLE users DROP COLUMN language;
