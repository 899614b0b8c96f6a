//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A verdict is one line of conformance.mjs.
type verdict struct {
	Check string
	OK    bool
	Why   string
}

// requireConforms runs the script of graphql-transport-ws and tells how many checks it has.
func requireConforms(t *testing.T, input vars) int {
	t.Helper()
	list := all[verdict](t, node(t, "conformance.mjs", input))
	for _, v := range list {
		if !v.OK {
			t.Errorf("%s: %s", v.Check, v.Why)
		}
	}
	return len(list)
}

// TestConformance_TheScriptItself: the protocol's own reference server passes every
// check, so none of them asks for more than the protocol does.
func TestConformance_TheScriptItself(t *testing.T) {
	t.Parallel()
	reference := node(t, "reference.mjs", vars{})
	at, ok := next[struct{ URL string }](t, reference)
	require.True(t, ok)
	count := func(to int) vars {
		return vars{"query": "subscription($to: Int!) { count(to: $to) }", "variables": vars{"to": to}}
	}
	n := requireConforms(t, vars{"url": at.URL, "badInit": vars{"Authorization": "Bearer bad"}, "endless": count(1e6), "short": count(5)})
	require.Greater(t, n, 50)
	require.NoError(t, reference.cmd.Process.Kill())
}

// TestConformance_GraphQLTransportWS: ours passes every check as well.
func TestConformance_GraphQLTransportWS(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	o := admin.makeDatabase(t, admin.createCustomer(t, "Conformance", -1, ""), "conformance")
	long := admin.deleteDatabase(t, o.Database.ID, 120)
	follow := func(job string) vars {
		return vars{"query": progress, "variables": vars{"id": job}}
	}
	n := requireConforms(t, vars{
		"url": s.url, "init": vars{"Authorization": "Bearer " + admin.token}, "badInit": vars{"Authorization": "Bearer bad"},
		"more":    true,
		"endless": follow(long.Job.ID), "short": follow(o.Job.ID),
	})
	require.Greater(t, n, 50)
}
