ALTER TABLE databases
    DROP COLUMN login_number, DROP COLUMN next_username, DROP COLUMN next_grace_seconds,
    DROP COLUMN previous_username, DROP COLUMN previous_verifier_sealed, DROP COLUMN previous_until;
