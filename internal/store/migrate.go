package store

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/uptrace/bun/migrate"

	"github.com/mpanel/mpanel/migrations"
)

// migrationLock is a number of our own for pg_advisory_lock, so that of several
// nodes that start at once one migrates.
const migrationLock = 0x6d70616e656c01

// Migrate brings the tables, ours and River's, to this version; it does
// nothing when they are there already. Other nodes wait for it.
func Migrate(ctx context.Context, db *DB, log *slog.Logger) error {
	lock, err := db.Pool.Acquire(ctx)
	if err != nil {
		return Wrap(err, "migrate")
	}
	defer lock.Release()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return Wrap(err, "wait for other nodes to migrate")
	}
	defer func() {
		_, _ = lock.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
	}()

	river, err := rivermigrate.New(riverpgxv5.New(db.Pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare river's migrations: %w", err)
	}
	if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return Wrap(err, "migrate river's tables")
	}
	m, err := migrator(db)
	if err != nil {
		return err
	}
	if err := m.Init(ctx); err != nil {
		return Wrap(err, "create the table of migrations")
	}
	all, err := m.MigrationsWithStatus(ctx)
	if err != nil {
		return Wrap(err, "read which migrations were applied")
	}
	group, unapplied := all.LastGroupID()+1, all.Unapplied()
	for _, one := range unapplied {
		if err := apply(ctx, lock.Conn(), one, group); err != nil {
			return err
		}
	}
	if len(unapplied) > 0 {
		log.InfoContext(ctx, "tables migrated", "group", group, "migrations", len(unapplied))
	}
	return nil
}

// migrator knows the migrations of this version, and which of them were applied.
func migrator(db *DB) (*migrate.Migrator, error) {
	ours := migrate.NewMigrations()
	if err := ours.Discover(migrations.FS); err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	return migrate.NewMigrator(db.DB, ours), nil
}

// apply makes a migration and notes that it was made in one transaction, which bun does
// in two: whoever is stopped between them could never start again.
func apply(ctx context.Context, conn *pgx.Conn, one migrate.Migration, group int64) error {
	text, err := fs.ReadFile(migrations.FS, one.String()+".tx.up.sql")
	if err != nil {
		return fmt.Errorf("read embedded migration: %w", err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Several statements at once: only the simple protocol has that.
		if _, err := tx.Conn().PgConn().Exec(ctx, string(text)).ReadAll(); err != nil { //allow:sql it is embedded
			return err //nolint:wrapcheck // below
		}
		_, err := tx.Exec(ctx, "INSERT INTO bun_migrations (name, group_id) VALUES ($1, $2)", one.Name, group)
		return err //nolint:wrapcheck // below
	})
	return Wrap(err, "migrate: %s", one.String())
}
