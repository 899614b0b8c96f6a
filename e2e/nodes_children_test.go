//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
)

const suspendCustomerMutation = `mutation ($in: SuspendCustomerInput!) { suspendCustomer(input: $in) { job { ` + jobFields + ` } } }`

// TestTwoNodes_OneDiesInWhatIsManyJobs kills a node in the middle of what has
// children and of a repair that a survey orders: the other finishes all of them. A
// node begins with what it is asked to order, and may die before it answers.
func TestTwoNodes_OneDiesInWhatIsManyJobs(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=first"}})
	t.Run("at once", func(t *testing.T) {
		for name, one := range map[string]struct {
			point string
			order func(t *testing.T, c *client, s *ofMany) (job string)
			check func(s *ofMany, t *testing.T)
		}{
			"suspendCustomer": {
				"2@customer.suspend/suspend-services:after-intent",
				func(t *testing.T, c *client, s *ofMany) string {
					t.Helper()
					_, _ = c.send(t.Context(), nil, suspendCustomerMutation, vars{"in": vars{"id": s.customer, "reason": "Unpaid."}})
					return a.lastJob(t, "customer.suspend")
				}, (*ofMany).mustBeShut,
			},
			"changeDatabases": {
				"1@database.bulk/change-each:children-let-go",
				func(t *testing.T, c *client, s *ofMany) string {
					t.Helper()
					_, _ = c.send(t.Context(), nil, bulkMutation, vars{"in": vars{"action": "SUSPEND", "ids": s.ids}})
					return a.lastJob(t, "database.bulk")
				}, (*ofMany).mustBeShut,
			},
			"repair": {
				"1@database.repair/repair-logins:login-repaired",
				func(t *testing.T, c *client, s *ofMany) string {
					t.Helper()
					_, err := a.tenantsDB(t).Exec(t.Context(), "ALTER ROLE "+pgx.Identifier{s.made[0].Username}.Sanitize()+" NOLOGIN")
					require.NoError(t, err)
					_, _ = c.send(t.Context(), nil, surveyMutation, vars{"in": vars{"id": pause(t, admin, false)}})
					return a.lastJob(t, "database.repair")
				}, (*ofMany).mustBeOpen,
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := manyOf(t, admin, name)
				b := a.start(t, launch{binary: built.fault, env: append(a.nodeEnv(t, name), "MPANEL_FAULT_POINT="+one.point)})
				job := one.order(t, admin.at(b), s)
				died := b.dies(t)
				j := admin.awaitSuccess(t, job)
				require.Less(t, j.FinishedAt.Sub(died), 15*time.Second)
				require.Greater(t, j.Attempts, 1, "it was taken over")
				one.check(s, t)
			})
		}
	})
	a.requireGaplessEvents(t)
}

// ofMany are the databases of one customer.
type ofMany struct {
	admin    *client
	customer string
	ids      []string
	made     []*credentials
}

func manyOf(t *testing.T, admin *client, name string) *ofMany {
	t.Helper()
	s := &ofMany{admin: admin, customer: admin.createCustomer(t, name, -1, "")}
	for i := range 3 {
		o := admin.makeDatabase(t, s.customer, fmt.Sprintf("many_%d", i))
		s.ids, s.made = append(s.ids, o.Database.ID), append(s.made, o.Credentials)
	}
	return s
}

func (s *ofMany) mustBeShut(t *testing.T) {
	t.Helper()
	for i, c := range s.made {
		require.Equal(t, "SUSPENDED", s.admin.database(t, s.ids[i]).State)
		require.Error(t, connectURI(t, c.in(t, "URI")))
	}
}

func (s *ofMany) mustBeOpen(t *testing.T) {
	t.Helper()
	for i, c := range s.made {
		require.Equal(t, "ACTIVE", s.admin.database(t, s.ids[i]).State)
		login(t, c.in(t, "URI"))
	}
}

// dies waits for the process's end, which is by SIGKILL, and tells when it was.
func (s *server) dies(t *testing.T) time.Time {
	t.Helper()
	require.Equal(t, -1, s.wait(t, 30*time.Second), "it is to be killed")
	return time.Now()
}

// lastJob is the newest job of a kind, as clients name it.
func (in *installation) lastJob(t *testing.T, kind string) (id string) {
	t.Helper()
	var raw [16]byte
	require.NoError(t, in.panelDB(t).QueryRow(t.Context(), "SELECT id FROM jobs WHERE kind = $1 ORDER BY created_at DESC LIMIT 1", kind).Scan(&raw))
	return ident.JobIDOf(raw).Opaque()
}
