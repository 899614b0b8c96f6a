package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/secret"
)

// A bareServer makes databases by the statements that an order ends up with,
// and nothing around them: no looks, no journal, nobody who watches. They are
// those of package pgprov, in its transactions, on connections set up as it does.
type bareServer struct {
	config   *pgx.ConnConfig
	verifier string
	mark     string
}

// newBareServer finds the tenants' cluster in the panel's tables.
func newBareServer(ctx context.Context, panelDB *pgx.Conn, box *secret.Box) (*bareServer, error) {
	var host string
	var port uint16
	if err := panelDB.QueryRow(ctx, "SELECT host, port FROM database_servers WHERE embedded").Scan(&host, &port); err != nil {
		return nil, fmt.Errorf("look for the tenants' cluster: %w", err)
	}
	cfg, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("set up the connection: %w", err)
	}
	cfg.Host, cfg.Port, cfg.User, cfg.Database = host, port, "mpanel", "postgres"
	cfg.Password = box.Password("tenants cluster").Reveal()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.RuntimeParams = map[string]string{"application_name": "bench", "search_path": "pg_catalog"}
	verifier, err := database.ScramVerifier(secret.NewPassword(24))
	if err != nil {
		return nil, err
	}
	return &bareServer{
		config: cfg, verifier: verifier.Reveal(),
		mark: "mpanel:00000000-0000-7000-8000-000000000000:00000000-0000-7000-8000-000000000000",
	}, nil
}

// A bareClient keeps one connection.
type bareClient struct {
	*bareServer
	conn *pgx.Conn
}

func (s *bareServer) connect(ctx context.Context) (*bareClient, error) {
	conn, err := pgx.ConnectConfig(ctx, s.config.Copy())
	if err != nil {
		return nil, fmt.Errorf("connect to the tenants' cluster: %w", err)
	}
	return &bareClient{s, conn}, nil
}

func (c *bareClient) close(ctx context.Context) { _ = c.conn.Close(context.WithoutCancel(ctx)) }

// create makes role and database of that name.
func (c *bareClient) create(ctx context.Context, name string) error {
	role, work, base := quoted(name), quoted("mp_"+name), quoted(name)
	if err := together(ctx, c.conn,
		"CREATE ROLE "+role+" LOGIN PASSWORD '"+c.verifier+"' VALID UNTIL 'infinity' CONNECTION LIMIT 20"+
			" NOCREATEDB NOCREATEROLE NOSUPERUSER NOREPLICATION NOBYPASSRLS",
		"ALTER ROLE "+role+" SET temp_file_limit = 5242880",
		"COMMENT ON ROLE "+role+" IS '"+c.mark+"'"); err != nil {
		return err
	}
	if err := together(ctx, c.conn, "CREATE DATABASE "+work+" TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT 0"); err != nil {
		return err
	}
	if err := together(ctx, c.conn,
		"REVOKE ALL ON DATABASE "+work+" FROM PUBLIC",
		"COMMENT ON DATABASE "+work+" IS '"+c.mark+"'"); err != nil {
		return err
	}
	if err := c.inside(ctx, "mp_"+name,
		"ALTER SCHEMA public OWNER TO "+role,
		"REVOKE ALL ON SCHEMA public FROM PUBLIC"); err != nil {
		return err
	}
	if err := together(ctx, c.conn,
		"ALTER DATABASE "+work+" CONNECTION LIMIT 20",
		"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "+work+" TO "+role); err != nil {
		return err
	}
	return together(ctx, c.conn, "ALTER DATABASE "+work+" RENAME TO "+base)
}

func (c *bareClient) drop(ctx context.Context, name string) error {
	return alone(ctx, c.conn, "DROP DATABASE "+quoted(name)+" WITH (FORCE)", "DROP ROLE "+quoted(name))
}

// inside runs statements in another database, over a connection of its own.
func (c *bareClient) inside(ctx context.Context, name string, stmts ...string) error {
	cfg := c.config.Copy()
	cfg.Database = name
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connect to database %s: %w", name, err)
	}
	return errors.Join(together(ctx, conn, stmts...), conn.Close(ctx))
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// together runs statements in one transaction and one round trip, as pgprov does.
func together(ctx context.Context, conn *pgx.Conn, stmts ...string) error {
	if _, err := conn.Exec(ctx, strings.Join(stmts, ";\n")); err != nil {
		return fmt.Errorf("bare statement: %w", err)
	}
	return nil
}

// alone runs statements in a transaction each.
func alone(ctx context.Context, conn *pgx.Conn, stmts ...string) error {
	for _, sql := range stmts {
		if err := together(ctx, conn, sql); err != nil {
			return err
		}
	}
	return nil
}

// A committer commits one row at a time on the panel's cluster: the unit in
// which the panel's overhead is counted.
type committer struct{ conn *pgx.Conn }

func newCommitter(ctx context.Context, conn *pgx.Conn) (*committer, error) {
	err := alone(ctx, conn, "CREATE TABLE bench_commits (id int PRIMARY KEY, n bigint NOT NULL)", "INSERT INTO bench_commits VALUES (1, 0)")
	return &committer{conn}, err
}

// commit times one transaction of one row.
func (c *committer) commit(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	err := pgx.BeginFunc(ctx, c.conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE bench_commits SET n = n + 1 WHERE id = 1")
		return err
	})
	return time.Since(began), err
}
