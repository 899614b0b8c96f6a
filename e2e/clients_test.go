//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClients_OfOthers has the usual clients, unmodified, query, mutate and follow a
// job to its end: over HTTP, a socket, server-sent events and parts.
func TestClients_OfOthers(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	o := admin.makeDatabase(t, admin.createCustomer(t, "Clients", -1, ""), "clients")
	job := admin.job(t, o.Job.ID)
	type result struct {
		Client, Viewer, Failed string
		Mutated                json.RawMessage
		Positions              []string
	}
	seen := all[result](t, node(t, "clients.mjs", vars{
		"url": s.url, "token": admin.token, "job": o.Job.ID, "events": len(job.Events),
		"mutation": vars{
			"query":     "mutation ($in: UpdateCustomerInput!) { updateCustomer(input: $in) { customer { name } } }",
			"variables": vars{"in": vars{"id": admin.createCustomer(t, "Before", -1, ""), "name": "After"}},
		},
	}))
	require.Len(t, seen, 8)
	for _, r := range seen {
		require.Empty(t, r.Failed, r.Client)
		require.Equal(t, adminEmail, r.Viewer, r.Client)
		require.Contains(t, string(r.Mutated), `"name":"After"`, r.Client)
		require.Len(t, r.Positions, len(job.Events), "%s: each event, once", r.Client)
		require.Equal(t, seen[0].Positions, r.Positions, r.Client)
	}
}

// TestClients_Resume cuts the line in the middle of a stream, again and again: with
// the link and the exchange of client/ts each event comes once, and without them
// some come twice.
func TestClients_Resume(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	o := admin.makeDatabase(t, admin.createCustomer(t, "Resume", -1, ""), "resume")
	job := admin.job(t, o.Job.ID)
	require.Greater(t, len(job.Events), 8)
	seen := all[struct {
		Client      string
		Positions   []string
		Connections int
	}](t, node(t, "resume.mjs", vars{"url": s.url, "token": admin.token, "job": o.Job.ID, "cutEvery": 3}))
	require.Len(t, seen, 10, "each wire, with and without")
	for _, r := range seen {
		require.Equal(t, 4, r.Connections, r.Client)
		if strings.HasSuffix(r.Client, ", unmodified") {
			require.Greater(t, len(r.Positions), len(job.Events), "%s has nothing to be mended", r.Client)
			continue
		}
		require.Len(t, r.Positions, len(job.Events), "%s: each event, once", r.Client)
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(r.Positions))), len(job.Events), r.Client)
	}
}
