package store

import (
	"context"
	"fmt"
	"log/slog"

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
	ours := migrate.NewMigrations()
	if err := ours.Discover(migrations.FS); err != nil {
		return fmt.Errorf("read embedded migrations: %w", err)
	}
	m := migrate.NewMigrator(db.DB, ours, migrate.WithMarkAppliedOnSuccess(true))
	if err := m.Init(ctx); err != nil {
		return Wrap(err, "create the table of migrations")
	}
	group, err := m.Migrate(ctx)
	if err != nil {
		return Wrap(err, "migrate")
	}
	if !group.IsZero() {
		log.InfoContext(ctx, "tables migrated", "group", group.ID, "migrations", len(group.Migrations))
	}
	return nil
}
