-- Tries are counted in the table tries alone.
DROP TABLE rate_limits;
