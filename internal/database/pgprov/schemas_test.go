package pgprov

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
)

// deviations are what a survey has to tell of each wish.
func (w *world) deviations(t *testing.T, wishes ...wish) []string {
	t.Helper()
	expected := make([]database.Expected, len(wishes))
	for i, x := range wishes {
		expected[i] = database.Expected{Login: x.login, Space: x.space}
	}
	s, err := w.Survey(t.Context(), `mpanel:it's "\ours:`, expected)
	require.NoError(t, err)
	require.Len(t, s.Deviations, len(wishes))
	var details []string
	for _, of := range s.Deviations {
		for _, d := range of {
			details = append(details, d.Detail)
		}
	}
	return details
}

// What a login does with schema public is its own business; who else has it is not.
func TestSurvey_SchemaPublic(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		require.Empty(t, w.deviations(t, x), "what was just made")
		for _, step := range []struct {
			what, sql string
			want      []string
		}{
			{"of PostgreSQL's own role", "ALTER SCHEMA public OWNER TO pg_database_owner", []string{"Schema public belongs to role pg_database_owner."}},
			{"of a plain role", "ALTER SCHEMA public OWNER TO panel", []string{"Schema public belongs to role panel."}},
			{"handed back", "ALTER SCHEMA public OWNER TO %r", nil},
			{"renamed, and somebody else's", "ALTER SCHEMA public RENAME TO old; ALTER SCHEMA old OWNER TO panel", nil},
			{"under its name again", "ALTER SCHEMA old RENAME TO public", []string{"Schema public belongs to role panel."}},
			{"dropped", "DROP SCHEMA public", nil},
			{"made anew", "CREATE SCHEMA public AUTHORIZATION %r", nil},
			{"made anew, and somebody else's", "ALTER SCHEMA public OWNER TO panel", []string{"Schema public belongs to role panel."}},
		} {
			sql(t, x.space.Name, x.fill(step.sql))
			require.Equal(t, step.want, w.deviations(t, x), step.what)
		}
		require.NoError(t, w.OpenSpace(t.Context(), x.space))
		require.Empty(t, w.deviations(t, x), "after the repair")

		// What cannot be entered is left for another time.
		sql(t, x.space.Name, "ALTER SCHEMA public OWNER TO postgres")
		sql(t, adminDatabase, x.fill("ALTER DATABASE %d ALLOW_CONNECTIONS false"))
		require.NotContains(t, w.deviations(t, x), "Schema public belongs to role postgres.")
		sql(t, adminDatabase, x.fill("ALTER DATABASE %d ALLOW_CONNECTIONS true"))
		require.Equal(t, []string{"Schema public belongs to role postgres."}, w.deviations(t, x))
	})
}

// A survey looks into so many databases and no more; the others have their turn,
// and what was seen is not forgotten meanwhile.
func TestSurvey_LooksInsideByTurns(t *testing.T) {
	w := newWorld(t, rootUser)
	wishes := make([]wish, maxLooksInside+2)
	for i := range wishes {
		wishes[i] = w.newWish(t)
		w.create(t, wishes[i])
		sql(t, wishes[i].space.Name, "ALTER SCHEMA public OWNER TO pg_database_owner")
	}
	require.Len(t, w.deviations(t, wishes...), maxLooksInside)
	require.Len(t, w.deviations(t, wishes...), len(wishes))
	require.Len(t, w.deviations(t, wishes...), len(wishes))
	for _, x := range wishes {
		require.NoError(t, w.OpenSpace(t.Context(), x.space))
	}
	require.Empty(t, w.deviations(t, wishes...))
}
