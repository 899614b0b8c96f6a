package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// AppendOnly are the tables of which the panel's role may only read and insert rows,
// with the columns that it may not set: who could, could put an entry between others.
var AppendOnly = map[string][]string{
	"audit_entries": {"id", "at", "xid"},
	"audit_seals":   nil,
}

// ofOwner are the tables that only migrations write, and what they have made.
var ofOwner = []string{"bun_migrations", "bun_migration_locks", "river_migration", "job_counts"}

// Grant lets a role, which is not the owner's, work with all tables and sequences that
// are there, and takes what it may not do from it. It is for the owner, after every
// migration.
func Grant(ctx context.Context, owner *DB, role string) error {
	err := pgx.BeginFunc(ctx, owner.Pool, func(tx pgx.Tx) error {
		var statements []string
		to := pgx.Identifier{role}.Sanitize()
		rows, err := tx.Query(ctx, `SELECT n.nspname, c.relname, c.relkind = 'S', ARRAY(SELECT a.attname::text FROM pg_attribute AS a
				WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
			FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'S') ORDER BY c.relname`)
		if err != nil {
			return err
		}
		var schema, name string
		var sequence bool
		var columns []string
		_, err = pgx.ForEachRow(rows, []any{&schema, &name, &sequence, &columns}, func() error {
			statements = append(statements, grants(pgx.Identifier{schema, name}.Sanitize(), name, to, sequence, columns)...)
			return nil
		})
		if err != nil {
			return err
		}
		if schema != "" {
			statements = append(statements, "GRANT USAGE ON SCHEMA "+pgx.Identifier{schema}.Sanitize()+" TO "+to)
		}
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	return Wrap(err, "grant the tables to %s", role)
}

// grants are what a role may do with one table or sequence, and no more.
func grants(object, name, to string, sequence bool, columns []string) []string {
	never, appendOnly := AppendOnly[name]
	switch {
	case sequence:
		return []string{"GRANT USAGE, SELECT ON SEQUENCE " + object + " TO " + to}
	case appendOnly:
		var may []string
		for _, c := range columns {
			if !slices.Contains(never, c) {
				may = append(may, pgx.Identifier{c}.Sanitize())
			}
		}
		return []string{
			"REVOKE ALL ON TABLE " + object + " FROM " + to,
			"GRANT SELECT, INSERT (" + strings.Join(may, ", ") + ") ON TABLE " + object + " TO " + to,
		}
	case slices.Contains(ofOwner, name):
		return []string{"REVOKE ALL ON TABLE " + object + " FROM " + to, "GRANT SELECT ON TABLE " + object + " TO " + to}
	}
	return []string{"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE " + object + " TO " + to}
}

// Role is the name of the role that a database is opened as.
func Role(ctx context.Context, db *DB) (name string, err error) {
	err = db.NewRaw("SELECT current_user::text").Scan(ctx, &name)
	return name, Wrap(err, "ask for the role")
}

// Owns tells whether the role of a database may migrate it: it owns its tables, or there
// are none.
func Owns(ctx context.Context, db *DB) (owns bool, err error) {
	err = db.NewRaw(`SELECT coalesce(bool_and(pg_has_role(c.relowner, 'USAGE')), TRUE) FROM pg_class AS c
		WHERE c.oid = to_regclass('bun_migrations')`).Scan(ctx, &owns)
	return owns, Wrap(err, "ask whose the tables are")
}

// AuditProtected tells whether the role of a database can neither change what is in
// the append-only tables nor let itself do so.
func AuditProtected(ctx context.Context, db *DB) (protected bool, err error) {
	var tables []string
	for name := range AppendOnly {
		tables = append(tables, name)
	}
	err = db.NewRaw(`SELECT coalesce(bool_and(NOT has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER') AND NOT has_any_column_privilege(c.oid, 'UPDATE')
			AND NOT pg_has_role(c.relowner, 'MEMBER')), FALSE)
		FROM pg_class AS c WHERE c.relname = ANY (string_to_array(?, ',')) AND c.relnamespace = current_schema()::regnamespace`, strings.Join(tables, ",")).Scan(ctx, &protected)
	return protected, Wrap(err, "ask who may change the audit")
}

// ErrNotMigrated says that the tables are not of this version, and that the role may
// not make them so.
var ErrNotMigrated = errors.New("the tables are not of this version, and the panel's role does not own them; run: mpanel migrate, with MPANEL_DATABASE_OWNER_URL")

// UpToDate is nil when nothing is to be migrated. Error: ErrNotMigrated.
func UpToDate(ctx context.Context, db *DB) error {
	ours, err := migrator(db)
	if err != nil {
		return err
	}
	all, err := ours.MigrationsWithStatus(ctx)
	if err != nil {
		return Wrap(err, "read which migrations were applied")
	}
	river, err := rivermigrate.New(riverpgxv5.New(db.Pool), nil)
	if err != nil {
		return fmt.Errorf("prepare river's migrations: %w", err)
	}
	theirs, err := river.Validate(ctx, nil)
	if err != nil {
		return Wrap(err, "read which migrations of river were applied")
	}
	if len(all.Unapplied()) > 0 || !theirs.OK {
		return ErrNotMigrated
	}
	return nil
}
