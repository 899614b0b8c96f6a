ALTER TABLE database_users DROP COLUMN tried;
ALTER TABLE databases
    DROP CONSTRAINT databases_held,
    DROP COLUMN suspended_from_above, DROP COLUMN suspension_before, DROP COLUMN suspension_tried, DROP COLUMN reopens_as, DROP COLUMN access_tried;
