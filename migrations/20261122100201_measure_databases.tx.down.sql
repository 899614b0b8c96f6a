ALTER TABLE databases DROP COLUMN size_rank, DROP COLUMN measured_at, DROP COLUMN connections, DROP COLUMN size_bytes;
