-- For the totals of jobs in a state, and of each customer's, without a look at the table.
CREATE INDEX jobs_state_customer ON jobs (state, customer_id);
