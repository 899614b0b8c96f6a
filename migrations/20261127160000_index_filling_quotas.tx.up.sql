-- Finds the few customers of whom a quota is almost used up, among all.
CREATE INDEX customer_quotas_filling ON customer_quotas (customer_id) WHERE level <> 'NORMAL';
