DROP TABLE job_events;
DROP TABLE job_steps;
DROP TABLE jobs;
