package app

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"

	"github.com/mpanel/mpanel/internal/devstack"
)

// tenantsHBA are the lines of the tenants' cluster that come before those of its
// databases. Its superuser, which the panel is, comes from this machine alone.
func tenantsHBA(listen string) []string {
	lines := []string{"local all all scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256", "host all all ::1/128 scram-sha-256"}
	if ip, err := netip.ParseAddr(listen); err == nil && !ip.IsLoopback() && !ip.IsUnspecified() {
		// The panel's own connections to that address come from it.
		lines = append(lines, fmt.Sprintf("host all %q %s scram-sha-256", superuser, netip.PrefixFrom(ip, ip.BitLen())))
	}
	return append(lines, fmt.Sprintf("host all %q all reject", superuser))
}

// listensRemotely tells whether anybody but this machine reaches the address.
func listensRemotely(listen string) bool {
	ip, err := netip.ParseAddr(listen)
	return err == nil && !ip.IsLoopback()
}

// An accessList is the pg_hba.conf of a cluster, seen as which networks get into
// which database.
type accessList struct{ *devstack.Access }

// databaseName is what our databases are called; it is never a word that means
// something in pg_hba.conf.
var databaseName = regexp.MustCompile(`^c[a-z0-9_]{0,62}$`)

// Allowed implements database.AccessList.
func (a accessList) Allowed(ctx context.Context) (map[string][]netip.Prefix, error) {
	rules, err := a.Rules(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string][]netip.Prefix{}
	for _, r := range rules {
		if r.Type != "host" || r.Method == "reject" || len(r.Databases) != 1 || !databaseName.MatchString(r.Databases[0]) {
			continue
		}
		found[r.Databases[0]] = append(found[r.Databases[0]], r.Network)
	}
	for _, list := range found {
		slices.SortFunc(list, netip.Prefix.Compare)
	}
	return found, nil
}

// Allow implements database.AccessList. Every role may try, since a role that
// may connect to that database is one of its own.
func (a accessList) Allow(ctx context.Context, networks map[string][]netip.Prefix) error {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		if !databaseName.MatchString(name) {
			return fmt.Errorf("let networks into %q: that is no name of a database of ours", name)
		}
		for _, p := range networks[name] {
			lines = append(lines, fmt.Sprintf("host %q all %s scram-sha-256", name, p))
		}
	}
	return a.Set(ctx, lines)
}
