-- Customers form a tree: a reseller's customers stand below the reseller.
CREATE TABLE customers (
    id         uuid        PRIMARY KEY,
    number     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE, -- short prefix of names on servers
    parent_id  uuid        REFERENCES customers (id) ON DELETE RESTRICT,
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    email      text        NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    company    text        CHECK (char_length(company) BETWEEN 1 AND 200),
    country    text        CHECK (country ~ '^[A-Z]{2}$'),
    state      text        NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'SUSPENDED', 'ARCHIVED')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- Serve the list pages: newest first, by name, by address; and one reseller's children.
CREATE INDEX customers_newest ON customers (created_at, id);
CREATE INDEX customers_by_name ON customers (name, id);
CREATE INDEX customers_by_email ON customers (email, id);
CREATE INDEX customers_children ON customers (parent_id, created_at, id);

-- The closure of the tree: each customer below each of its ancestors and itself.
-- Membership in a subtree is one index look-up, whatever its depth.
CREATE TABLE customer_tree (
    ancestor_id uuid NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    customer_id uuid NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    depth       int  NOT NULL CHECK (depth BETWEEN 0 AND 8), -- 0: itself
    PRIMARY KEY (ancestor_id, customer_id)
);
CREATE INDEX customer_tree_line ON customer_tree (customer_id, depth);

-- A counter per customer and resource; it counts everything below the customer too.
CREATE TABLE customer_quotas (
    customer_id uuid   NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    name        text   NOT NULL CHECK (name IN ('DATABASES')),
    used        bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    max         bigint CHECK (max >= 0), -- null: no limit
    PRIMARY KEY (customer_id, name)
);
