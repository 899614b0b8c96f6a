DROP INDEX customer_quotas_filling;
