package trail_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
)

// U40: entries are found by the address that they show, in every way to write it, and by
// what a caller cannot see there nothing is found.
func TestList_U40_ByAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	owner := ident.NewUserID()
	r.exec("INSERT INTO users (id, email, name, password_hash) VALUES (?, 'owner@example.com', 'Owner', 'x')", owner)
	for action, by := range map[string]struct {
		who *actor.Actor
		ip  string
	}{
		"by.owner":      {&actor.Actor{User: owner}, "192.0.2.1"},
		"by.staff":      {&actor.Actor{User: r.boss}, "192.0.2.1"},
		"as.owner":      {&actor.Actor{User: owner, Impersonator: r.boss}, "192.0.2.1"},
		"from.beside":   {&actor.Actor{User: owner}, "192.0.2.11"},
		"from.v6":       {&actor.Actor{User: owner}, "2001:db8::1"},
		"from.network":  {&actor.Actor{User: owner}, "2001:db8::/64"},
		"from.anywhere": {&actor.Actor{User: owner}, ""},
		"from.a.socket": {&actor.Actor{User: owner}, "@"},
		"from.a.riddle": {&actor.Actor{User: owner}, "1:2:3/4"},
	} {
		ctx := actor.WithRequest(actor.With(t.Context(), by.who), actor.Request{ID: "r", IP: by.ip})
		require.NoError(t, r.record(ctx, audit.Entry{Action: action, Customer: r.below}))
	}
	found := func(ctx context.Context, ip string) []string {
		t.Helper()
		rows, err := r.List(ctx, page.Args{}, &trail.Filter{IP: &ip})
		require.NoError(t, err, ip)
		var actions []string
		for _, e := range rows.Nodes() {
			actions = append(actions, e.Action)
		}
		return actions
	}
	for ip, want := range map[string][]string{
		"192.0.2.1":            {"by.owner", "by.staff", "as.owner"},
		"::ffff:192.0.2.1":     {"by.owner", "by.staff", "as.owner"},
		"192.0.2.11":           {"from.beside"},
		"2001:0db8::0001":      {"from.v6"},
		"2001:db8::1%eth0":     {"from.v6"},
		"2001:DB8:0:0:5::/64":  {"from.v6", "from.network"},
		"192.0.2.1/32":         {"by.owner", "by.staff", "as.owner"},
		"192.0.2.0/24":         {"by.owner", "by.staff", "as.owner", "from.beside"},
		"192.0.2.9/29":         {"from.beside"}, // 192.0.2.8 to 192.0.2.15
		"::ffff:192.0.2.0/120": {"by.owner", "by.staff", "as.owner", "from.beside"},
		"192.0.3.0/24":         nil,
		"2001:db8::/64":        {"from.v6", "from.network"},
		"2001:db8::/65":        {"from.v6"}, // the network reaches beyond it
		"2000::/3":             {"from.v6", "from.network"},
		"0.0.0.0/0":            {"by.owner", "by.staff", "as.owner", "from.beside"},
		"::/0":                 {"from.v6", "from.network"},
		"198.51.100.1":         nil,
	} {
		require.ElementsMatch(t, want, found(staff(t.Context()), ip), ip)
	}
	require.Equal(t, []string{"by.owner"}, found(member(t.Context(), r.below), "192.0.2.1"), "customers do not find out where the staff sit")
	require.Contains(t, r.export(staff(t.Context()), &trail.Filter{IP: new("192.0.2.1")}, trail.CSV), "as.owner")
	exported := r.export(member(t.Context(), r.below), &trail.Filter{IP: new("192.0.2.1")}, trail.CSV)
	require.Contains(t, exported, "by.owner")
	require.NotContains(t, exported, "by.staff")
	require.NotContains(t, exported, "as.owner")
	for _, bad := range []string{"", "somewhere", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/24/8", "::/129", "192.0.2.1-192.0.2.9", "' OR true --", "a\x00b", strings.Repeat("1", 10_000)} {
		_, err := r.List(staff(t.Context()), page.Args{}, &trail.Filter{IP: &bad})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%.20q", bad)
		_, err = r.Export(staff(t.Context()), &trail.Filter{IP: &bad}, trail.CSV)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%.20q", bad)
	}
}

// A stranger's few entries are found without a look at everybody else's many.
func TestList_U40_ByAddressReadsAnIndex(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.exec("INSERT INTO audit_entries (action, ip) SELECT 'test.many', '192.0.2.' || (i % 200) FROM generate_series(1, 20000) AS i")
	r.exec("INSERT INTO audit_entries (action, ip) VALUES ('test.one', '198.51.100.7')")
	r.exec("ANALYZE audit_entries")
	for ip, operator := range map[string]string{"198.51.100.7": "=", "203.0.113.1": "=", "198.51.100.0/24": "<<=", "2001:db8::/64": "<<="} {
		var plan []string
		require.NoError(t, r.db.NewRaw("EXPLAIN (COSTS OFF) SELECT a.event_id FROM audit_entries AS a WHERE audit_network(a.ip) "+operator+" ?::inet ORDER BY a.id DESC, a.event_id DESC LIMIT 21", ip).Scan(t.Context(), &plan))
		require.Regexp(t, `audit_entries_of_network[^$]*Index Cond`, strings.Join(plan, "\n"), ip)
	}
}
