package app

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// twoRoles are a database with no tables, its owner, and a role that may only connect.
func twoRoles(t *testing.T) (owner, panel secret.Text) {
	t.Helper()
	testkit.URL(t) // starts the cluster
	name := "roles_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin, err := pgx.Connect(t.Context(), testkit.Panel().ConnString("postgres").Reveal())
	require.NoError(t, err)
	for _, s := range []string{
		"CREATE ROLE " + name + "_owner LOGIN PASSWORD 'testkit-password'", "CREATE ROLE " + name + " LOGIN PASSWORD 'testkit-password'",
		"CREATE DATABASE " + name + " OWNER " + name + "_owner",
	} {
		_, err := admin.Exec(t.Context(), s)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		for _, s := range []string{"DROP DATABASE " + name + " WITH (FORCE)", "DROP ROLE " + name, "DROP ROLE " + name + "_owner"} {
			_, err := admin.Exec(context.Background(), s)
			require.NoError(t, err)
		}
		require.NoError(t, admin.Close(context.Background()))
	})
	dsn := testkit.Panel().ConnString(name).Reveal()
	as := func(role string) secret.Text {
		return secret.New(strings.Replace(dsn, "user='"+testkit.Superuser+"'", "user='"+role+"'", 1))
	}
	return as(name + "_owner"), as(name)
}

// S35: an ordinary owner migrates; the panel works as a role that cannot change its audit.
func TestS35_ThePanelsRoleCannotChangeTheAudit(t *testing.T) {
	t.Parallel()
	owner, panel := twoRoles(t)
	log := slog.New(slog.DiscardHandler)
	o := config.Options{DatabaseURL: panel, OwnerURL: owner, SecretKey: secret.New(strings.Repeat("test-key", 8)), DataDir: t.TempDir(), BaseURL: "http://example.com"}
	s, err := openStores(t.Context(), o, log)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close(context.Background())) }()
	require.NoError(t, s.migrate(t.Context(), log))
	require.NoError(t, s.migrate(t.Context(), log), "again")
	note, err := s.unprotected(t.Context())
	require.NoError(t, err)
	require.Empty(t, note)

	p, err := newPanel(t.Context(), s, o, engine.Config{Node: "restricted"}, log)
	require.NoError(t, err)
	defer p.close()
	require.NoError(t, p.fleet.RegisterHost(t.Context()))
	require.NoError(t, p.chores.Start(t.Context()))
	_, err = p.auth.CreateAdmin(t.Context(), "boss@example.com", "Boss", secret.New("copper lantern ninety fields"))
	require.NoError(t, err)
	running, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); p.sealer.Run(running) }()
	require.Eventually(t, func() bool {
		behind, err := seal.Lag(t.Context(), s.db)
		require.NoError(t, err)
		var jobs int
		require.NoError(t, s.db.NewRaw("SELECT count(*) FROM river_job WHERE state = 'completed'").Scan(t.Context(), &jobs))
		return behind.Entries == 0 && jobs > 3
	}, 20*time.Second, 20*time.Millisecond)
	stop()
	<-over
	p.chores.Stop(t.Context())
	families, err := p.metrics.Gather()
	require.NoError(t, err)
	require.NotEmpty(t, families)
	_, err = s.db.NewUpdate().Model((*models.AuditEntry)(nil)).Set("action = 'x'").Where("true").Exec(t.Context())
	require.ErrorContains(t, err, "permission denied")
	files, err := seal.CheckpointFiles(o.DataDir)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(o.DataDir, "audit", "checkpoints-restricted.jsonl")}, files)

	// A node that does not know the owner's password.
	alone, err := openStores(t.Context(), config.Options{DatabaseURL: panel, SecretKey: o.SecretKey}, log)
	require.NoError(t, err)
	defer func() { require.NoError(t, alone.close(context.Background())) }()
	require.NoError(t, alone.migrate(t.Context(), log), "there is nothing to migrate")
	conn, err := pgx.Connect(t.Context(), owner.Reveal())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(t.Context(), "DELETE FROM bun_migrations WHERE id = (SELECT max(id) FROM bun_migrations)")
	require.NoError(t, err)
	require.ErrorIs(t, alone.migrate(t.Context(), log), store.ErrNotMigrated)
}

// The commands on a database with one role: they say that it is one.
func TestAuditVerify_OneRole(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t)
	env := func(args ...string) (Env, *bytes.Buffer) {
		var out bytes.Buffer
		return Env{Args: args, Lookup: func(name string) (string, bool) {
			v := map[string]string{"MPANEL_DATABASE_URL": url.Reveal(), "MPANEL_SECRET_KEY": strings.Repeat("test-key", 8), "MPANEL_DATA_DIR": t.TempDir()}[name]
			return v, v != ""
		}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &bytes.Buffer{}}, &out
	}
	e, out := env("audit", "verify")
	require.NoError(t, Run(t.Context(), e))
	require.Equal(t, "0 entries in 0 seals; 0 not sealed yet; 0 checkpoints agree, 0 could not be checked; 0 problems.\n"+
		"Note: without a checkpoint nobody can tell whether the end was cut off or all of it was written anew.\n", out.String())
	e, out = env("doctor")
	require.NoError(t, Run(t.Context(), e))
	require.Contains(t, out.String(), "the audit is not protected from the panel itself")
	e, out = env("audit", "key")
	require.NoError(t, Run(t.Context(), e))
	require.Len(t, strings.TrimSpace(out.String()), 44)
	e, _ = env("audit", "verify", "--public-key=x")
	require.ErrorContains(t, Run(t.Context(), e), "is not a public key")
	e, _ = env("audit", "verify", "--checkpoints=/nosuch")
	require.ErrorContains(t, Run(t.Context(), e), "there is no file /nosuch")
}
