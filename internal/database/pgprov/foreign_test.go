package pgprov

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// A call is one method of database.Server.
type call struct {
	do func(ctx context.Context) error
	// makes tells whether the method makes something, and so must complain about
	// what is foreign; the others leave it alone without an error.
	makes bool
}

func (w *world) calls(x wish) map[string]call {
	return map[string]call{
		"EnsureLogin":   {func(ctx context.Context) error { return w.EnsureLogin(ctx, x.login) }, true},
		"DisableLogin":  {func(ctx context.Context) error { return w.DisableLogin(ctx, x.login) }, false},
		"DropLogin":     {func(ctx context.Context) error { return w.DropLogin(ctx, x.login) }, false},
		"EnsureSpace":   {func(ctx context.Context) error { return w.EnsureSpace(ctx, x.space) }, true},
		"OpenSpace":     {func(ctx context.Context) error { return w.OpenSpace(ctx, x.space) }, true},
		"PublishSpace":  {func(ctx context.Context) error { return w.PublishSpace(ctx, x.space) }, true},
		"WithdrawSpace": {func(ctx context.Context) error { return w.WithdrawSpace(ctx, x.space) }, false},
		"CloseSpace":    {func(ctx context.Context) error { return w.CloseSpace(ctx, x.space) }, false},
		"DropSpace":     {func(ctx context.Context) error { return w.DropSpace(ctx, x.space) }, false},
		"GrantRights":   {func(ctx context.Context) error { return w.GrantRights(ctx, x.member()) }, true},
		"RevokeRights":  {func(ctx context.Context) error { return w.RevokeRights(ctx, x.member()) }, false},
		"DropGroups":    {func(ctx context.Context) error { return w.DropGroups(ctx, x.space) }, false},
		"ObserveRights": {func(ctx context.Context) error {
			_, err := w.ObserveRights(ctx, x.member())
			return err
		}, false},
		"ObserveLogin": {func(ctx context.Context) error {
			_, err := w.ObserveLogin(ctx, x.login)
			return err
		}, false},
		"ObserveSpace": {func(ctx context.Context) error {
			_, err := w.ObserveSpace(ctx, x.space)
			return err
		}, false},
		"ObserveOpen": {func(ctx context.Context) error {
			_, err := w.ObserveOpen(ctx, x.space)
			return err
		}, false},
		"ObservePublished": {func(ctx context.Context) error {
			_, err := w.ObservePublished(ctx, x.space)
			return err
		}, false},
	}
}

func requireTaken(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
	require.True(t, fault.IsPermanent(err), "%v", err)
	require.ErrorContains(t, err, "name: ")
}

// everything is all that the server knows about roles and databases of a name.
func everything(t *testing.T, name string) string {
	t.Helper()
	return ask(t, adminDatabase, `
SELECT concat_ws(E'\n',
  (SELECT concat(a, shobj_description(a.oid, 'pg_authid')) FROM pg_authid a WHERE rolname = $1),
  (SELECT array_agg(c) FROM pg_db_role_setting c JOIN pg_roles r ON r.oid = c.setrole WHERE rolname = $1),
  (SELECT array_agg((r.rolname, m.*)::text) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname = $1),
  (SELECT concat(d.oid, d.datname, d.datdba, d.datconnlimit, d.datallowconn, d.datacl, shobj_description(d.oid, 'pg_database'))
   FROM pg_database d WHERE datname = $1))`, name)
}

func TestServer_ForeignThingsAreUntouched(t *testing.T) {
	for name, mark := range map[string]string{"without a mark": "NULL", "with another mark": "'mpanel:other:1'"} {
		t.Run(name, func(t *testing.T) {
			eachAdmin(t, func(t *testing.T, w *world) {
				x := w.newWish(t)
				n, owner := ident(x.login.Name), "owner_of_"+x.login.Name
				sql(t, adminDatabase,
					"CREATE ROLE "+owner, "CREATE ROLE "+n+" LOGIN PASSWORD "+literal(x.password.Reveal()),
					"COMMENT ON ROLE "+n+" IS "+mark,
					"CREATE DATABASE "+n+" OWNER "+owner, "COMMENT ON DATABASE "+n+" IS "+mark,
					"GRANT TEMPORARY ON DATABASE "+n+" TO "+n)
				session := x.enter(t, x.space.Name)
				before := everything(t, x.login.Name)
				require.NotEmpty(t, before)
				require.Equal(t, allForeign, w.states(t, x))

				for name, c := range w.calls(x) {
					t.Run(name, func(t *testing.T) {
						err := c.do(t.Context())
						if c.makes {
							requireTaken(t, err)
						} else {
							require.NoError(t, err)
						}
						require.Equal(t, before, everything(t, x.login.Name))
						require.Empty(t, everything(t, x.space.WorkName), "nothing was made")
						require.NoError(t, session.Ping(t.Context()), "its session goes on")
					})
				}
				require.Equal(t, allForeign, w.states(t, x))
			})
		})
	}
}

func TestServer_ForeignWorkName(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		n, owner := ident(x.space.WorkName), "owner_of_"+x.space.WorkName[:20]+x.login.Name
		sql(t, adminDatabase, "CREATE ROLE "+owner, "CREATE DATABASE "+n+" OWNER "+owner)
		require.NoError(t, w.EnsureLogin(t.Context(), x.login))
		before := everything(t, x.space.WorkName)
		for _, name := range []string{"EnsureSpace", "OpenSpace", "PublishSpace"} {
			requireTaken(t, w.calls(x)[name].do(t.Context()))
		}
		for _, name := range []string{"CloseSpace", "WithdrawSpace", "DropSpace"} {
			require.NoError(t, w.calls(x)[name].do(t.Context()))
		}
		o, err := w.ObserveSpace(t.Context(), x.space)
		require.NoError(t, err)
		require.Equal(t, engine.Foreign, o.State)
		require.Equal(t, before, everything(t, x.space.WorkName))
		require.Equal(t, "0", ask(t, adminDatabase, "SELECT count(*)::text FROM pg_database WHERE datname = $1", x.space.Name))
	})
}

// Somebody takes the name while ours is still under its working name.
func TestPublishSpace_NameTakenMeanwhile(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		for _, step := range w.steps(x)[:3] {
			require.NoError(t, step(t.Context()))
		}
		sql(t, adminDatabase, "CREATE DATABASE "+ident(x.space.Name))
		before := everything(t, x.space.Name)
		requireTaken(t, w.PublishSpace(t.Context(), x.space))
		require.Equal(t, []engine.State{engine.Matches, engine.Matches, engine.Matches, engine.Foreign}, w.states(t, x))
		require.NoError(t, w.WithdrawSpace(t.Context(), x.space))
		require.NoError(t, w.CloseSpace(t.Context(), x.space))
		require.NoError(t, w.DropSpace(t.Context(), x.space))
		require.Empty(t, everything(t, x.space.WorkName))
		require.Equal(t, before, everything(t, x.space.Name))
	})
}

// Ours is open to no role but ours, whatever its name.
func TestOpenSpace_ForeignRole(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		require.NoError(t, w.EnsureSpace(t.Context(), x.space))
		require.ErrorContains(t, w.OpenSpace(t.Context(), x.space), "does not exist")
		sql(t, adminDatabase, "CREATE ROLE "+ident(x.login.Name)+" LOGIN")
		role, space := everything(t, x.login.Name), everything(t, x.space.WorkName)
		requireTaken(t, w.OpenSpace(t.Context(), x.space))
		require.Equal(t, role, everything(t, x.login.Name))
		require.Equal(t, space, everything(t, x.space.WorkName))
	})
}
