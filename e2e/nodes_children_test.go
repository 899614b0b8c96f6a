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
			kind, point string
			mutation    string
			input       func(t *testing.T, s *ofMany) vars
			check       func(s *ofMany, t *testing.T)
		}{
			"suspendCustomer": {
				"customer.suspend", "2@customer.suspend/suspend-services:after-intent", suspendCustomerMutation,
				func(_ *testing.T, s *ofMany) vars { return vars{"id": s.customer, "reason": "Unpaid."} }, (*ofMany).mustBeShut,
			},
			"changeDatabases": {
				"database.bulk", "1@database.bulk/change-each:children-let-go", bulkMutation,
				func(_ *testing.T, s *ofMany) vars { return vars{"action": "SUSPEND", "ids": s.ids} }, (*ofMany).mustBeShut,
			},
			"repair": {
				"database.repair", "1@database.repair/repair-logins:login-repaired", surveyMutation,
				func(t *testing.T, s *ofMany) vars {
					t.Helper()
					_, err := a.tenantsDB(t).Exec(t.Context(), "ALTER ROLE "+pgx.Identifier{s.made[0].Username}.Sanitize()+" NOLOGIN")
					require.NoError(t, err)
					return vars{"id": pause(t, admin, false)}
				}, (*ofMany).mustBeOpen,
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := manyOf(t, admin, name)
				b := a.start(t, launch{binary: built.fault, env: append(a.nodeEnv(t, name), "MPANEL_FAULT_POINT="+one.point)})
				_, _ = admin.at(b).send(t.Context(), nil, one.mutation, vars{"in": one.input(t, s)})
				died := b.dies(t)
				j := admin.awaitSuccess(t, a.lastJob(t, one.kind))
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
