//go:build e2e

package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLive_RightsTakenBackOnAnyNode: whoever is disabled or loses a role has no socket
// within a second, whichever node it is on, though no message goes from node to node.
func TestLive_RightsTakenBackOnAnyNode(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a"}})
	b := a.start(t, launch{env: a.nodeEnv(t, "b")})
	customer := admin.createCustomer(t, "Rights", -1, "")
	o := admin.makeDatabase(t, customer, "rights")
	d := admin.deleteDatabase(t, o.Database.ID, 120)
	db := a.panelDB(t)
	for name, change := range map[string]string{
		"disabled":     "UPDATE users SET disabled_at = now() WHERE email = $1",
		"another role": "UPDATE memberships SET role = 'DEVELOPER' WHERE user_id = (SELECT id FROM users WHERE email = $1)",
		"no member":    "DELETE FROM memberships WHERE user_id = (SELECT id FROM users WHERE email = $1)",
	} {
		email := uuidOf(t, customer)[:8] + "-" + name[:2] + "@example.com"
		member := a.member(t, email, customer, "OWNER")
		var scripts []*script
		for _, s := range []*server{a, b} {
			w := member.at(s).watch(t, watch{Name: name, Job: d.Job.ID})
			for line, ok := next[sighting](t, w); ok && line.Item == nil; line, ok = next[sighting](t, w) {
			}
			scripts = append(scripts, w)
		}
		_, err := db.Exec(t.Context(), change, email)
		require.NoError(t, err, name)
		began := time.Now()
		for _, w := range scripts {
			seen := all[sighting](t, w)
			took := time.Since(began)
			last := seen[len(seen)-1]
			require.NotNil(t, last.Closed, "%s: %+v", name, last)
			require.Equal(t, 4403, last.Closed.Code, name)
			require.Less(t, took, 1500*time.Millisecond, "%s: with what node takes to end", name)
			t.Logf("%s: closed after %v", name, took.Round(time.Millisecond))
		}
	}
	b.stop(t)
}

// TestLive_Drain: a node that is told to stop sends its sockets elsewhere.
func TestLive_Drain(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	o := admin.makeDatabase(t, admin.createCustomer(t, "Drain", -1, ""), "drain")
	d := admin.deleteDatabase(t, o.Database.ID, 120)
	w := admin.watch(t, watch{Name: "drain", Job: d.Job.ID})
	for line, ok := next[sighting](t, w); ok && line.Item == nil; line, ok = next[sighting](t, w) {
	}
	s.signal(syscall.SIGTERM)
	seen := all[sighting](t, w)
	require.NotEmpty(t, seen)
	last := seen[len(seen)-1]
	require.NotNil(t, last.Closed)
	require.Equal(t, 1012, last.Closed.Code)
	require.Zero(t, s.wait(t, 15*time.Second))
}
