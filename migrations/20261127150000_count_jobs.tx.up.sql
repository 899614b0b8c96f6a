-- Nobody reads or writes jobs until this is committed: who has begun to may be waited for,
-- and is not to be waited for with half of what follows done.
LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE;

-- How many jobs each customer has in each state, kept by whatever changes jobs, since the
-- total of a page is asked far more often than a job changes its state. A customer's jobs in a
-- state are the sum of its rows: who finds one locked takes or makes another, so that
-- nobody waits for anybody, and there are as many as once changed jobs at the same time.
CREATE TABLE job_counts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid, -- as in jobs
    state       text   NOT NULL,
    n           bigint NOT NULL  -- below zero in one row, never in the sum
) WITH (fillfactor = 50); -- rows are changed in place
CREATE INDEX job_counts_of_customer ON job_counts (customer_id, state);

-- With the rights of the tables' owner: whoever may change jobs changes their counts, and
-- nobody may otherwise.
CREATE FUNCTION count_jobs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    CASE TG_OP
    WHEN 'INSERT' THEN
        PERFORM add_to_job_counts(customer_id, state, count(*)) FROM after GROUP BY customer_id, state;
    WHEN 'DELETE' THEN
        PERFORM add_to_job_counts(customer_id, state, -count(*)) FROM before GROUP BY customer_id, state;
    ELSE
        PERFORM add_to_job_counts(customer_id, state, sum(n)::bigint)
            FROM (SELECT customer_id, state, -1 AS n FROM before UNION ALL SELECT customer_id, state, 1 FROM after) AS changed
            GROUP BY customer_id, state HAVING sum(n) <> 0;
    END CASE;
    RETURN NULL;
END
$$;

CREATE FUNCTION add_to_job_counts(of_customer uuid, in_state text, more bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    free bigint;
BEGIN
    IF of_customer IS NULL THEN
        SELECT id INTO free FROM job_counts WHERE customer_id IS NULL AND state = in_state LIMIT 1 FOR UPDATE SKIP LOCKED;
    ELSE
        SELECT id INTO free FROM job_counts WHERE customer_id = of_customer AND state = in_state LIMIT 1 FOR UPDATE SKIP LOCKED;
    END IF;
    IF free IS NULL THEN
        INSERT INTO job_counts (customer_id, state, n) VALUES (of_customer, in_state, more);
    ELSE
        UPDATE job_counts SET n = n + more WHERE id = free;
    END IF;
END
$$;

CREATE TRIGGER jobs_counted_in AFTER INSERT ON jobs REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
CREATE TRIGGER jobs_counted_out AFTER DELETE ON jobs REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
CREATE TRIGGER jobs_counted_again AFTER UPDATE ON jobs REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
INSERT INTO job_counts (customer_id, state, n)
    SELECT customer_id, state, count(*) FROM jobs GROUP BY customer_id, state;

-- The index of totals is that of pages now: the newest in a state, be it a rare one.
DROP INDEX jobs_state_customer;
CREATE INDEX jobs_state_newest ON jobs (state, created_at, id);
