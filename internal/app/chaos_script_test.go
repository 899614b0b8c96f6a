package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/devstack"
)

// A chaos does things at random to what is ours and to what is not, as somebody
// with a superuser's psql might.
type chaos struct {
	rand    *rand.Rand
	cluster *devstack.Cluster
	// independent says that roles and bases are not used: what is on the server at
	// that moment is, whosever it is.
	independent bool
	roles       []string
	bases       []string
	n, done     int
}

// What it does on the server: with a role %r, a database %d, a stranger's name %s
// and a number %n.
var onServerChaos = []string{
	"ALTER ROLE %r NOLOGIN", "ALTER ROLE %r CONNECTION LIMIT 99", "ALTER ROLE %r RENAME TO %r_%n", "ALTER ROLE %r CREATEDB", "ALTER ROLE %r SUPERUSER",
	"GRANT pg_read_all_data TO %r", "COMMENT ON ROLE %r IS NULL", "COMMENT ON ROLE %r IS 'somebody''s'", "ALTER ROLE %r PASSWORD 'x'", "ALTER ROLE %r VALID UNTIL '2020-01-01'",
	"ALTER DATABASE %d RENAME TO %d_%n", "ALTER DATABASE %d CONNECTION LIMIT 3", "ALTER DATABASE %d ALLOW_CONNECTIONS false", "GRANT CONNECT ON DATABASE %d TO PUBLIC",
	"ALTER DATABASE %d OWNER TO %s", "ALTER DATABASE %d OWNER TO %r", "COMMENT ON DATABASE %d IS NULL", "DROP DATABASE %d WITH (FORCE)", "GRANT CREATE ON DATABASE %d TO %s",
	"REVOKE ALL ON DATABASE %d FROM %r",
	"CREATE ROLE %s", "CREATE ROLE %s LOGIN", "DROP ROLE %s", "CREATE DATABASE %s OWNER %s", "DROP DATABASE %s", "ALTER ROLE %s CONNECTION LIMIT %n", "GRANT %s TO %r",
	"ALTER ROLE %s RENAME TO %s_%n", "ALTER DATABASE %s RENAME TO %s_%n", "ALTER DATABASE %s OWNER TO %s",
	"ALTER DATABASE %s OWNER TO %r", "GRANT CONNECT ON DATABASE %s TO %r", "GRANT CREATE ON DATABASE %d TO %r", "GRANT SET ON PARAMETER log_min_messages TO %r",
}

// What it does inside %d.
var insideChaos = []string{
	"ALTER SCHEMA public OWNER TO %r", "ALTER SCHEMA public OWNER TO %s", "ALTER SCHEMA public OWNER TO postgres",
	"ALTER TABLE proof OWNER TO %s", "ALTER TABLE proof OWNER TO %r", "GRANT ALL ON TABLE proof TO %r, %s", "CREATE SCHEMA s_%n AUTHORIZATION %r",
}

// rage tries n things, of which much cannot be done.
func (c *chaos) rage(t *testing.T, n int) {
	t.Helper()
	before := c.done
	for range n {
		roles, bases := c.roles, c.bases
		if c.independent {
			roles = c.ask(t, "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY 1")
			bases = c.ask(t, "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1")
		}
		c.n++
		role, base, stranger := c.any(roles), c.any(bases), "stranger_"+strconv.Itoa(c.rand.IntN(10))
		var what string
		var err error
		switch i := c.rand.IntN(len(onServerChaos) + len(insideChaos) + 2); {
		case i < len(onServerChaos):
			what = c.fill(onServerChaos[i], role, base, stranger)
			err = c.exec(t.Context(), "postgres", what)
		case i < len(onServerChaos)+len(insideChaos):
			what = c.fill(insideChaos[i-len(onServerChaos)], role, base, stranger)
			err = c.exec(t.Context(), base, what)
			what += " in " + base
		default: // "REASSIGN OWNED, DROP OWNED, DROP ROLE" wherever it has something
			what = "DROP ROLE " + role
			if slices.Contains(c.ask(t, "SELECT rolname FROM pg_roles"), role) {
				dropOwned(t, c.cluster, role)
				err = c.exec(t.Context(), "postgres", what)
			}
		}
		if err == nil {
			c.done++
			t.Log(what)
		}
	}
	require.Greater(t, c.done, before)
}

func (c *chaos) any(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return names[c.rand.IntN(len(names))]
}

func (c *chaos) fill(sql, role, base, stranger string) string {
	return strings.NewReplacer("%r", role, "%d", base, "%n", strconv.Itoa(c.n), "%s", stranger).Replace(sql)
}

func (c *chaos) exec(ctx context.Context, db, sql string) error {
	conn, err := pgx.Connect(ctx, c.cluster.ConnString(db).Reveal())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func (c *chaos) ask(t *testing.T, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.cluster.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), sql)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

// dropOwned takes everything from a role, in every database that can be entered,
// as is done by hand before DROP ROLE: what it owns becomes the superuser's.
func dropOwned(t *testing.T, cluster *devstack.Cluster, role string) {
	t.Helper()
	c := chaos{cluster: cluster}
	for _, db := range c.ask(t, `SELECT DISTINCT coalesce(d.datname, 'postgres') FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid OR d.oid = s.objid AND s.classid = 'pg_database'::regclass
		WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = '`+role+`'::regrole AND coalesce(d.datallowconn, true) ORDER BY 1`) {
		require.NoError(t, c.exec(t.Context(), db, "REASSIGN OWNED BY "+role+" TO postgres; DROP OWNED BY "+role))
	}
}
