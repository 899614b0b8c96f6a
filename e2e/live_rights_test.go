//go:build e2e

package e2e

import (
	"strings"
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
		losesSockets(t, name, []*server{a, b}, member, d.Job.ID, func() {
			_, err := db.Exec(t.Context(), change, email)
			require.NoError(t, err, name)
		})
	}
	// The same by what people do; the last one the member's own.
	const own = `mutation($input: ChangePasswordInput!) { changePassword(input: $input) { ok } }`
	for name, change := range map[string]func(member *client, user string){
		"disableUser": func(_ *client, user string) {
			data[any](t, admin.do(t, `mutation($id: ID!) { disableUser(input: {id: $id}) { user { disabledAt } } }`, vars{"id": user}))
		},
		"changeMembership": func(_ *client, user string) {
			data[any](t, admin.do(t, `mutation($input: ChangeMembershipInput!) { changeMembership(input: $input) { membership { role } } }`,
				vars{"input": vars{"userId": user, "customerId": customer, "role": "DEVELOPER"}}))
		},
		"removeMember": func(_ *client, user string) {
			data[any](t, admin.do(t, `mutation($input: RemoveMemberInput!) { removeMember(input: $input) { ok } }`, vars{"input": vars{"userId": user, "customerId": customer}}))
		},
		"setProviderRole": func(_ *client, user string) {
			data[any](t, admin.do(t, `mutation($input: SetProviderRoleInput!) { setProviderRole(input: $input) { user { role } } }`, vars{"input": vars{"userId": user, "role": "BILLING"}}))
		},
		"changePassword in another session": func(member *client, _ string) {
			email := data[struct {
				Viewer struct{ User struct{ Email string } }
			}](t, member.do(t, `{ viewer { user { email } } }`, nil)).Viewer.User.Email
			data[any](t, a.signIn(t, email).do(t, own, vars{"input": vars{"currentPassword": adminPassword, "password": "canary of another password"}}))
			a.keepSecret("canary of another password")
		},
	} {
		email := uuidOf(t, customer)[:8] + "-by-" + strings.ToLower(strings.Fields(name)[0]) + "@example.com"
		member := a.member(t, email, customer, "OWNER")
		user := data[struct {
			Viewer struct{ User struct{ ID string } }
		}](t, member.do(t, `{ viewer { user { id } } }`, nil)).Viewer.User.ID
		losesSockets(t, name, []*server{a, b}, member, d.Job.ID, func() { change(member, user) })
	}
	b.stop(t)
}

// losesSockets opens one on each node, makes the change, and wants all closed in a
// moment.
func losesSockets(t *testing.T, name string, nodes []*server, member *client, job string, change func()) {
	t.Helper()
	var scripts []*script
	for _, s := range nodes {
		w := member.at(s).watch(t, watch{Name: name, Job: job})
		for line, ok := next[sighting](t, w); ok && line.Item == nil; line, ok = next[sighting](t, w) {
		}
		scripts = append(scripts, w)
	}
	change()
	began := time.Now()
	for _, w := range scripts {
		var last sighting
		for last.Closed == nil {
			seen, ok := next[sighting](t, w)
			require.True(t, ok, "%s: %+v", name, last)
			last = seen
		}
		took := time.Since(began)
		require.NotNil(t, last.Closed, "%s: %+v", name, last)
		require.Equal(t, 4403, last.Closed.Code, name)
		require.Less(t, took, 3*time.Second, name)
		t.Logf("%s: closed after %v", name, took.Round(time.Millisecond))
	}
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
