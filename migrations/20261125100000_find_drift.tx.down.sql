ALTER TABLE database_servers
    DROP COLUMN next_survey_at,
    DROP COLUMN surveyed_at,
    DROP COLUMN drift_brake;
ALTER TABLE databases DROP COLUMN drift_policy;
DROP TABLE drift_findings;
