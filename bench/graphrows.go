package main

import "fmt"

// What there is to read.
const (
	graphCustomers = 2_000 // below one reseller, with five databases each
	nestedRows     = 50    // of the outermost list
	tenantEmail    = "tenant@example.com"
)

// graphRows fill the panel's tables: 10,000 databases with two users and ten jobs
// each, so 100,000 jobs. The servers do not exist, and refuse at once who looks.
var graphRows = []string{
	fmt.Sprintf(`INSERT INTO users (id, email, name, password_hash)
		SELECT gen_random_uuid(), '%s', 'Tenant', password_hash FROM users LIMIT 1`, tenantEmail),
	`INSERT INTO users (id, email, name, password_hash) SELECT gen_random_uuid(), 'member' || i || '@example.com', 'Member ' || i, 'x' FROM generate_series(1, 200) AS i`,
	`INSERT INTO database_servers (id, name, host, port, admin_user, admin_password_sealed, created_at)
		SELECT gen_random_uuid(), 'db' || i, '127.0.0.' || i, 1, 'admin', '', now() - i * interval '1 s' FROM generate_series(1, 20) AS i`,
	`INSERT INTO customers (id, name, email) VALUES (gen_random_uuid(), 'Reseller', 'reseller@example.com')`,
	fmt.Sprintf(`INSERT INTO customers (id, parent_id, name, email, company, country, created_at)
		SELECT gen_random_uuid(), c.id, 'Customer ' || i, 'customer' || i || '@example.com', 'Company ' || i, 'DE', now() + i * interval '1 ms'
		FROM customers AS c, generate_series(1, %d) AS i`, graphCustomers),
	`INSERT INTO customer_tree (ancestor_id, customer_id, depth)
		SELECT id, c.id, 0 FROM customers AS c UNION ALL SELECT parent_id, id, 1 FROM customers WHERE parent_id IS NOT NULL`,
	`INSERT INTO customer_quotas (customer_id, name, used, max) SELECT c.id, q.name, 5, 100 FROM customers AS c, unnest(ARRAY['DATABASES', 'DATABASE_BYTES']) AS q(name)`,
	fmt.Sprintf(`INSERT INTO memberships (user_id, customer_id, role) SELECT u.id, c.id, 'OWNER' FROM users AS u, customers AS c WHERE u.email = '%s' AND c.parent_id IS NULL`, tenantEmail),
	`INSERT INTO memberships (user_id, customer_id, role)
		SELECT u.id, c.id, 'ADMIN' FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS n FROM customers WHERE parent_id IS NOT NULL) AS c
		JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users WHERE email LIKE 'member%') AS u ON u.n IN (c.n % 200 + 1, (c.n + 7) % 200 + 1)`,
	`INSERT INTO databases (id, customer_id, server_id, name, ext_name, username, verifier_sealed, connection_limit, state, created_at)
		SELECT gen_random_uuid(), c.id, s.id, 'shop_' || i, 'c' || c.number || '_shop_' || i, 'c' || c.number || '_shop_' || i, '', 20, 'ACTIVE', now() + i * interval '1 ms'
		FROM customers AS c CROSS JOIN generate_series(1, 5) AS i
		JOIN (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM database_servers) AS s ON s.n = (c.number + i) % 20 + 1 WHERE c.parent_id IS NOT NULL`,
	`INSERT INTO database_users (id, database_id, server_id, name, username, rights, verifier_sealed, connection_limit, state, created_at)
		SELECT gen_random_uuid(), d.id, d.server_id, 'guest_' || i, 'u' || substr(d.ext_name, 2) || '_guest_' || i, 'READ_ONLY', '', 5, 'ACTIVE', now() + i * interval '1 ms'
		FROM databases AS d, generate_series(1, 2) AS i`,
	`INSERT INTO jobs (id, kind, plan_version, customer_id, resource_kind, resource_id, target_generation, state, event_seq, percent, created_at)
		SELECT gen_random_uuid(), 'database.create', 1, d.customer_id, 'database', d.id, 1, (ARRAY['SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELED'])[i % 4 + 1], 2, i * 10, now() - i * interval '1 h'
		FROM databases AS d, generate_series(1, 10) AS i`,
	`VACUUM ANALYZE`,
}
