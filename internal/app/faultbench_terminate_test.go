package app

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/testkit"
)

// ownAdmin gives the bench an admin of its own on the cluster that it shares, so
// that its panel's sessions can be told from those of others.
func (b *faultBench) ownAdmin(t *testing.T) {
	t.Helper()
	b.admin = "admin_" + b.name
	sqlOn(t, b.tenants, "postgres", "CREATE ROLE "+b.admin+" SUPERUSER LOGIN PASSWORD '"+testkit.Password().Reveal()+"'")
	require.NoError(t, b.panel.databases.RegisterEmbedded(t.Context(), b.ownAddress()))
}

func (b *faultBench) ownAddress() database.Address {
	return database.Address{Host: b.tenants.Host(), Port: b.tenants.Port(), User: b.admin, Password: testkit.Password(), SSLMode: "disable"}
}

// renew gives the next scene new sessions: it is set by runs without a second
// attempt, which must not come upon one that was ended.
func (b *faultBench) renew() {
	b.oracle.Pool.Reset()
	b.panel.stores.db.Pool.Reset()
	b.panel.dialer.Forget(b.ownAddress())
}

// terminate ends every session that the bench's panel has anywhere: those of the
// journal's database, the admin's on the tenants' cluster and those of the logins
// that a job makes for itself, and those on the cluster with the access list. It
// is the sessions of the panel alone, and they are gone when it returns.
func (b *faultBench) terminate(s scene) func(context.Context) error {
	logins := []string{b.admin, workName(s.database) + "_in", workName(s.database) + "_out"}
	return func(ctx context.Context) error {
		err := errors.Join(
			endSessions(ctx, b.cluster, "datname = $1", b.name),
			endSessions(ctx, b.tenants, "usename = ANY($1)", logins))
		if b.access.cluster != nil {
			err = errors.Join(err, endSessions(ctx, b.access.cluster, "$1", true))
		}
		return err
	}
}

func endSessions(ctx context.Context, c *devstack.Cluster, which string, arg any) error {
	conn, err := pgx.Connect(ctx, c.ConnString("postgres").Reveal())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND `+which, arg)
	return errors.Join(err, conn.Close(ctx))
}
