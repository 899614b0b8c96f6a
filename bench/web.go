package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// webRows are 10,000 customers, of which one is made by the graph for the others to be
// like it.
var webRows = []string{
	`INSERT INTO customers (id, name, email, company, country, created_at)
		SELECT gen_random_uuid(), 'Customer ' || i, 'customer' || i || '@example.com', 'Company ' || i, 'DE', now() - i * interval '1 minute' FROM generate_series(1, 9999) AS i`,
	`INSERT INTO customer_tree (ancestor_id, depth, customer_id) SELECT id, 0, id FROM customers ON CONFLICT DO NOTHING`,
	`INSERT INTO customer_quotas (customer_id, name, used, max) SELECT c.id, q.name, 5, q.max FROM customers AS c, (SELECT DISTINCT name, max FROM customer_quotas) AS q ON CONFLICT DO NOTHING`,
	`VACUUM ANALYZE`,
}

// measureWeb has Chromium and Lighthouse use the web app, as web/bench says; without
// parts, all of it is measured.
func measureWeb(ctx context.Context, parts []string, p *panel, stdout, progress io.Writer) (err error) {
	run := func(stdin []byte, out io.Writer, name string, args ...string) error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = filepath.Join("web", "bench"), bytes.NewReader(stdin), out, progress
		return cmd.Run()
	}
	if err := run(nil, progress, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"); err != nil {
		return fmt.Errorf("install what measures the web app: %w", err)
	}
	if err := run(nil, progress, filepath.Join("..", "node_modules", ".bin", "vite"), "build", "--config", "vite.config.ts"); err != nil {
		return fmt.Errorf("build what measures the web app (make build installs what it needs): %w", err)
	}
	if _, err := p.start(ctx); err != nil {
		return err
	}
	token, err := p.setupToken(ctx)
	if err != nil {
		return err
	}
	c := newClient(p.base, 1)
	if err := errors.Join(c.setUp(ctx, token), c.signIn(ctx)); err != nil {
		return err
	}
	if _, err := c.createCustomer(ctx); err != nil {
		return err
	}
	dsn, _, err := p.panelDSN()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn.Reveal())
	if err != nil {
		return fmt.Errorf("connect to the panel's database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	for _, text := range webRows {
		if _, err := conn.Exec(ctx, text); err != nil {
			return fmt.Errorf("make rows: %w\n%s", err, text)
		}
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return fmt.Errorf("read the load: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "load before: %s\n", load); err != nil {
		return err
	}
	in, err := json.Marshal(vars{"url": p.base, "email": email, "password": password, "parts": parts})
	if err != nil {
		return fmt.Errorf("encode what to measure: %w", err)
	}
	return run(in, stdout, "node", "measure.mjs")
}
