ALTER TABLE databases DROP COLUMN access_cidrs, DROP COLUMN access_before;
