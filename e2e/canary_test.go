//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// verifier is what PostgreSQL keeps of a password, and no log may show.
var verifier = regexp.MustCompile(`SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]{8,}`)

// canaries are the secrets in the forms in which they could turn up.
func (in *installation) canaries() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	var all []string
	for s := range in.secrets {
		all = append(all, s, hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s))) // hex: a bytea as text
	}
	return all
}

// searchLogs finds secrets in what all processes wrote, the clusters' own log
// included: the servers run with level debug, which passes it on.
func (in *installation) searchLogs() error {
	in.mu.Lock()
	outputs := append([]*output{}, in.outputs...)
	in.mu.Unlock()
	var errs []error
	for _, o := range outputs {
		for line := range strings.Lines(o.String()) {
			if setupLine.MatchString(strings.TrimSpace(line)) {
				continue // this is where the token belongs
			}
			for _, c := range in.canaries() {
				if strings.Contains(line, c) {
					errs = append(errs, fmt.Errorf("a log has a secret: %s", line))
				}
			}
			if verifier.MatchString(line) {
				errs = append(errs, fmt.Errorf("a log has a verifier: %s", line))
			}
		}
	}
	return errors.Join(errs...)
}

// searchTold finds secrets in the errors and events that clients were sent.
func (in *installation) searchTold() error {
	in.mu.Lock()
	told := in.told.String()
	in.mu.Unlock()
	var errs []error
	for line := range strings.Lines(told) {
		for _, c := range in.canaries() {
			if strings.Contains(line, c) {
				errs = append(errs, fmt.Errorf("an error or an event has a secret: %s", line))
			}
		}
	}
	return errors.Join(errs...)
}

// searchDump finds secrets in what pg_dump says of the panel's database, whatever
// kinds of objects we think that there are.
func (in *installation) searchDump(ctx context.Context) error {
	dsn, err := in.dsn("panel", "mpanel")
	if err != nil {
		return err
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "pg_dump", "--host="+c.Host, "--port="+strconv.Itoa(int(c.Port)), "--username="+c.User, "--no-password", c.Database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	var said strings.Builder
	cmd.Stderr = &said
	dump, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("pg_dump: %w: %s", err, said.String())
	}
	if !bytes.Contains(dump, []byte("COPY public.audit_entries (")) {
		return errors.New("the dump has no audit")
	}
	var errs []error
	for _, canary := range in.canaries() {
		if before, _, found := bytes.Cut(dump, []byte(canary)); found {
			table := before[max(0, bytes.LastIndex(before, []byte("\nCOPY "))):]
			first, _, _ := bytes.Cut(bytes.TrimSpace(table), []byte("\n"))
			errs = append(errs, fmt.Errorf("a dump has a secret in clear text after: %s", first))
		}
	}
	return errors.Join(errs...)
}

// searchTables finds secrets in every row of every table of the panel's database.
func (in *installation) searchTables(ctx context.Context) error {
	dsn, err := in.dsn("panel", "mpanel")
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	tables, err := tablesOf(ctx, conn)
	if err != nil {
		return err
	}
	var errs []error
	for _, table := range tables {
		rows, err := conn.Query(ctx, "SELECT t::text FROM "+table+" AS t")
		if err != nil {
			return err
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("read table %s: %w", table, err)
		}
		all := strings.Join(texts, "\n")
		for _, c := range in.canaries() {
			if strings.Contains(all, c) {
				errs = append(errs, fmt.Errorf("table %s has a secret in clear text", table))
			}
		}
		if verifier.MatchString(all) {
			errs = append(errs, fmt.Errorf("table %s has a readable verifier", table))
		}
	}
	return errors.Join(errs...)
}

func tablesOf(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
