package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
)

// command runs a sub-command as from a terminal.
func command(t *testing.T, vars map[string]string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(t.Context(), Env{
		Args: args, Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
	})
	return out.String(), err
}

func clusterFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mpanel-test-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) // #nosec G302 -- the clusters' own user enters it
	return dir
}

// sealed runs the sealer of a panel until nothing is left to seal; when it stops it
// writes a checkpoint.
func sealed(t *testing.T, p *panel) {
	t.Helper()
	running, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); p.sealer.Run(running) }()
	require.Eventually(t, func() bool {
		behind, err := seal.Lag(t.Context(), p.stores.db)
		require.NoError(t, err)
		return behind.Entries == 0
	}, 20*time.Second, 20*time.Millisecond)
	stop()
	<-over
}

// The embedded default's secret key is in the data dir; with it change the
// passwords of its two clusters.
func TestKeysRotate_RenewsTheSecretKeyOfTheEmbeddedDefault(t *testing.T) {
	t.Parallel()
	dir := clusterFolder(t)
	o := config.Options{DataDir: dir, TenantsListen: "127.0.0.1"}
	vars := map[string]string{"MPANEL_DATA_DIR": dir, "MPANEL_LOG_LEVEL": "error"}
	start := func() *stores {
		s, err := openStores(t.Context(), o, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		return s
	}
	stop := func(s *stores) { require.NoError(t, s.close(context.WithoutCancel(t.Context()))) }
	s := start()
	require.NoError(t, s.migrate(t.Context(), slog.New(slog.DiscardHandler)))
	p, err := newPanel(t.Context(), s, o, engine.Config{Node: "n"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, p.databases.RegisterEmbedded(t.Context(), s.embedded.tenantsAddress()))
	_, err = p.auth.CreateAdmin(t.Context(), "boss@example.com", "Boss", secret.New("copper lantern ninety fields"))
	require.NoError(t, err)
	sealed(t, p)
	auditKey, err := command(t, vars, "audit", "key")
	require.NoError(t, err)
	auditKey = strings.TrimSpace(auditKey)
	_, err = command(t, vars, "keys", "rotate", "--renew-secret-key")
	require.ErrorContains(t, err, "stop it first")
	out, err := command(t, vars, "keys", "list") // of the server that runs
	require.NoError(t, err)
	require.Contains(t, out, "current")
	p.close()
	stop(s)
	before, err := os.ReadFile(filepath.Join(dir, keyFile))
	require.NoError(t, err)

	// A change that was broken off between the two files is gone on with.
	require.NoError(t, os.Link(filepath.Join(dir, keyFile), filepath.Join(dir, oldKeyFile)))
	out, err = command(t, vars, "keys", "rotate", "--renew-secret-key")
	require.NoError(t, err, out)
	require.Contains(t, out, "1 data keys are wrapped under the new secret key now.")
	require.Contains(t, out, "1 values were moved, all are under data key 2 now.")
	require.Contains(t, out, "for audit verify --public-key: "+auditKey+"\n")
	after, err := os.ReadFile(filepath.Join(dir, keyFile))
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	require.NoFileExists(t, filepath.Join(dir, oldKeyFile))

	s = start()
	require.NoError(t, s.migrate(t.Context(), slog.New(slog.DiscardHandler)))
	p, err = newPanel(t.Context(), s, o, engine.Config{Node: "n"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, p.databases.RegisterEmbedded(t.Context(), s.embedded.tenantsAddress()))
	all, err := p.complaints(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	out, err = command(t, vars, "audit", "verify")
	require.NoError(t, err, out)
	require.Contains(t, out, "0 checkpoints agree, 1 could not be checked; 0 problems.", "the new key did not sign it")
	out, err = command(t, vars, "audit", "verify", "--public-key="+auditKey)
	require.NoError(t, err, out)
	require.Contains(t, out, "1 checkpoints agree, 0 could not be checked; 0 problems.")
	p.close()
	stop(s)

	// With the key of before nothing starts.
	require.NoError(t, os.WriteFile(filepath.Join(dir, keyFile), before, 0o600))
	_, err = openStores(t.Context(), o, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "set the earlier MPANEL_SECRET_KEY again")
	// But it may be given beside the new one, as on the way back.
	require.NoError(t, os.WriteFile(filepath.Join(dir, oldKeyFile), after, 0o600))
	s = start()
	require.NoError(t, s.migrate(t.Context(), slog.New(slog.DiscardHandler)))
	found, err := s.keys.Status(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, found[len(found)-1].ID)
	stop(s)
}

// With MPANEL_DATABASE_URL nodes change the key one after another: first all know
// both, then the old one is ended.
func TestKeysRotate_ChangesMPANEL_SECRET_KEY(t *testing.T) {
	t.Parallel()
	const old, fresh = "old-key-old-key-old-key-old-key-", "new-key-new-key-new-key-new-key-"
	url := testkit.URL(t)
	vars := func(more ...string) map[string]string {
		v := map[string]string{"MPANEL_DATABASE_URL": url.Reveal(), "MPANEL_LOG_LEVEL": "error", "MPANEL_DATA_DIR": t.TempDir()}
		for i := 0; i < len(more); i += 2 {
			v[more[i]] = more[i+1]
		}
		return v
	}
	out, err := command(t, vars("MPANEL_SECRET_KEY", old), "migrate")
	require.NoError(t, err, out)
	_, err = command(t, vars("MPANEL_SECRET_KEY", fresh), "keys", "rotate")
	require.ErrorContains(t, err, "MPANEL_OLD_SECRET_KEY")
	_, err = command(t, vars("MPANEL_SECRET_KEY", old), "keys", "rotate", "--renew-secret-key")
	require.ErrorContains(t, err, "MPANEL_OLD_SECRET_KEY")
	_, err = command(t, vars("MPANEL_NEW_SECRET_KEY", fresh), "keys", "rotate")
	require.ErrorContains(t, err, "MPANEL_SECRET_KEY")
	out, err = command(t, vars("MPANEL_SECRET_KEY", old, "MPANEL_NEW_SECRET_KEY", fresh), "keys", "list")
	require.NoError(t, err, out)

	out, err = command(t, vars("MPANEL_SECRET_KEY", old, "MPANEL_NEW_SECRET_KEY", fresh), "keys", "rotate")
	require.NoError(t, err, out)
	require.Contains(t, out, "wrapped under the new secret key now")
	out, err = command(t, vars("MPANEL_SECRET_KEY", fresh), "keys", "list")
	require.NoError(t, err, out)
	require.NotContains(t, out, old)
	_, err = command(t, vars("MPANEL_SECRET_KEY", old), "keys", "list")
	require.ErrorContains(t, err, "MPANEL_SECRET_KEY is not the one")
	// And back, with the one of before given.
	out, err = command(t, vars("MPANEL_SECRET_KEY", old, "MPANEL_OLD_SECRET_KEY", fresh), "keys", "rotate")
	require.NoError(t, err, out)
	_, err = command(t, vars("MPANEL_SECRET_KEY", old), "keys", "list")
	require.NoError(t, err)
	_, err = command(t, vars("MPANEL_SECRET_KEY", fresh), "keys", "list")
	require.Error(t, err)
}

func TestDoctor_TellsOfOldKeys(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s := b.panel.stores
	all, err := b.panel.keyComplaints(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	bare, err := secret.NewBox(secret.New(testKey))
	require.NoError(t, err)
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE database_servers SET admin_password_sealed = ?", bare.Seal(secret.New("x"), "p"))
	require.NoError(t, err)
	_, err = b.oracle.ExecContext(t.Context(), "INSERT INTO encryption_keys (id, secret_key_id, wrapped, created_at) SELECT 7, 'other', wrapped, now() - interval '1 hour' FROM encryption_keys")
	require.NoError(t, err)
	all, err = b.panel.keyComplaints(t.Context())
	require.NoError(t, err)
	var what []string
	for _, c := range all {
		what = append(what, c.What)
	}
	require.ElementsMatch(t, []string{"NO DATA KEY", "OLD SECRET KEY"}, what)
	require.NotNil(t, s.keys)
}
