package main

import (
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

// measureWeb has Chromium and Lighthouse use the web app, as web/bench says.
func measureWeb(ctx context.Context, p *panel, stdout, progress io.Writer) (err error) {
	node := func(stdin any, name string, args ...string) error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join("web", "bench"), stdout, progress
		if stdin == nil {
			cmd.Stdout = progress
			return cmd.Run()
		}
		in, err := json.Marshal(stdin)
		if err != nil {
			return fmt.Errorf("encode what to measure: %w", err)
		}
		pipe, err := cmd.StdinPipe()
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		_, failed := pipe.Write(in)
		return errors.Join(failed, pipe.Close(), cmd.Wait())
	}
	if err := errors.Join(
		node(nil, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
		node(nil, filepath.Join("..", "node_modules", ".bin", "vite"), "build", "--config", "vite.config.ts"),
	); err != nil {
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
	return node(vars{"url": p.base, "email": email, "password": password}, "node", "measure.mjs")
}
