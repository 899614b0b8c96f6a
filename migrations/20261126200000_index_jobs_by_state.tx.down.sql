DROP INDEX jobs_state_customer;
