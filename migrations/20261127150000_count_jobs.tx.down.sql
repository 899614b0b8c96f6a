DROP INDEX jobs_state_newest;
CREATE INDEX jobs_state_customer ON jobs (state, customer_id);
DROP TRIGGER jobs_counted_again ON jobs;
DROP TRIGGER jobs_counted_out ON jobs;
DROP TRIGGER jobs_counted_in ON jobs;
DROP FUNCTION count_jobs();
DROP FUNCTION add_to_job_counts(uuid, text, bigint);
DROP TABLE job_counts;
