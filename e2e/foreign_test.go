//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCreate_NameTakenOnTheServer: a role or database of that name that is not
// ours makes the job fail, and stays as it is.
func TestCreate_NameTakenOnTheServer(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, "Taken", 5, "")
	first := admin.makeDatabase(t, customer, "first")
	prefix := strings.TrimSuffix(first.Database.ExternalName, "first")
	super := s.tenantsDB(t)
	for _, sql := range []string{
		"CREATE ROLE " + prefix + "role LOGIN", "COMMENT ON ROLE " + prefix + "role IS 'somebody else''s'",
		"CREATE DATABASE " + prefix + "space",
	} {
		_, err := super.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	before := s.onServer(t)

	for _, name := range []string{"role", "space"} {
		o := admin.createDatabase(t, customer, name)
		j := admin.await(t, o.Job.ID)
		require.Equal(t, "FAILED", j.State, name)
		require.Equal(t, "CONFLICT", j.Error.Code, name)
		require.Equal(t, "FAILED", admin.database(t, o.Database.ID).State, name)
		require.Equal(t, before, s.onServer(t), "%s: untouched, and nothing of ours is left", name)
		require.Equal(t, "1", admin.quotaUsed(t, customer), name)

		d := admin.deleteDatabase(t, o.Database.ID, 0)
		require.Nil(t, d.Job, "nothing on a server")
		require.Nil(t, admin.database(t, o.Database.ID))
		require.Equal(t, "1", admin.quotaUsed(t, customer), name)
	}
	require.Equal(t, "CONFLICT", admin.do(t, createMutation, vars{"in": vars{"customerId": customer, "name": "first"}}).code(),
		"one of ours is refused at once")
	require.Equal(t, before, s.onServer(t))
}
