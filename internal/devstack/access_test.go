package devstack

import (
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAccess_HoldsAtOnceAndAfterRestarts(t *testing.T) {
	t.Parallel()
	cfg, _ := preparedConfig(t)
	cfg.HBA = []string{"local all all scram-sha-256"}
	c := start(t, cfg)
	networks := func() (list []netip.Prefix) {
		rules, err := c.Access().Rules(t.Context())
		require.NoError(t, err)
		require.Equal(t, "local", rules[0].Type, "those of the Config come first")
		for _, r := range rules[1:] {
			require.Equal(t, []string{"c1_shop"}, r.Databases)
			list = append(list, r.Network)
		}
		return list
	}
	require.Empty(t, networks())
	require.NoError(t, c.Access().Set(t.Context(), []string{
		`host "c1_shop" all 192.0.2.0/24 scram-sha-256`, `host "c1_shop" all 2001:db8::/32 scram-sha-256`,
	}))
	want := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	require.Equal(t, want, networks())
	require.NoError(t, c.Restart(t.Context(), true))
	require.Equal(t, want, networks())
	stop(t, c)
	c = start(t, cfg)
	require.Equal(t, want, networks(), "another process goes by it from the start")

	// What the server cannot read changes nothing.
	for name, lines := range map[string][]string{
		"no method": {`host "c1_shop" all 192.0.2.0/24`}, "no network": {`host "c1_shop" all 192.0.2.0/99 scram-sha-256`},
		"two lines": {"host all all 192.0.2.0/24 scram-sha-256\nlocal all all trust"},
	} {
		require.Error(t, c.Access().Set(t.Context(), lines), name)
		require.Equal(t, want, networks(), name)
	}
	require.NoError(t, c.Restart(t.Context(), false))
	require.Equal(t, want, networks())
	info, err := os.Stat(filepath.Join(cfg.Dir, accessName))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// Another process of this machine writes the same.
	other, err := NewAccess(cfg.Dir, cfg.HBA, c.ConnString("postgres"))
	require.NoError(t, err)
	require.NoError(t, other.Set(t.Context(), nil))
	require.Empty(t, networks())

	// Many at once: one of them is what is there, as a whole.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := c.Access().Set(t.Context(), []string{`host "c1_shop" all 192.0.2.0/24 scram-sha-256`, `host "c1_shop" all 2001:db8::/32 scram-sha-256`}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, want, networks())
}
