package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// A survey knows both logins of a rotation with a grace, and what a size quota
// has closed: what is as it is wished is no drift, and what is not is mended.
func TestDrift_LoginsInTheirGraceAndClosedForSize(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	ctx := b.asStaff(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	out, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: new(3600)})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	s.next = out.Credentials.Secret
	now, before := login{nextLogin(s), s.next}, login{s.database.ExtName, s.password}
	require.Empty(t, b.survey(t))
	require.NoError(t, b.enters(t.Context(), s, s.password))
	b.serve(t)
	for _, sql := range []string{"ALTER ROLE " + before.name + " NOLOGIN", "REVOKE " + now.name + " FROM " + before.name, "ALTER ROLE " + now.name + " NOLOGIN"} {
		sqlOn(t, b.tenants, "postgres", sql)
		require.NotEmpty(t, b.survey(t), sql)
		b.untilRepaired(t)
		require.Empty(t, b.survey(t), sql)
		require.Empty(t, b.loginsMustBe(t.Context(), s, &now, &before), sql)
	}
	b.outlives(t, s)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t))
	require.Empty(t, b.loginsMustBe(t.Context(), s, &now, nil))

	s, err = b.exceed(t.Context(), s)
	require.NoError(t, err)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t), "closed is what is wished")
	sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+now.name+" LOGIN; ALTER DATABASE "+s.database.ExtName+" CONNECTION LIMIT 5; GRANT CONNECT ON DATABASE "+s.database.ExtName+" TO "+now.name)
	require.NotEmpty(t, b.survey(t), "somebody opened it")
	b.untilRepaired(t)
	require.Empty(t, b.survey(t))
	_, err = b.login(t.Context(), s.database.ExtName, now.name, now.password.Reveal())
	require.Error(t, err)
	require.Equal(t, models.ResourceSuspended, b.state(t, s))
}
