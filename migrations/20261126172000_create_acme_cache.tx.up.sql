-- What nodes share of automatic certificates: the account with the authority, the
-- certificates with their keys, and answers to its challenges, which any node gives.
CREATE TABLE acme_cache (
    name         text        PRIMARY KEY CHECK (octet_length(name) <= 500),
    value_sealed bytea       NOT NULL, -- place "acme_cache.value/<name>"
    updated_at   timestamptz NOT NULL DEFAULT now()
);
