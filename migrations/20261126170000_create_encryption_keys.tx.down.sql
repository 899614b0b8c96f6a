-- What is under a data key cannot be opened without it.
DROP TABLE encryption_keys;
