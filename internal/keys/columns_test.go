package keys_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// unregistered lists the columns of the schema that are called *_sealed and that a
// rotation does not know.
func unregistered(t *testing.T, db *store.DB) (missing []string) {
	t.Helper()
	var found []string
	require.NoError(t, db.NewRaw(`SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'bytea' AND column_name LIKE '%\_sealed' ORDER BY 1`).Scan(t.Context(), &found))
	require.NotEmpty(t, found)
	for _, name := range found {
		known := slices.ContainsFunc(keys.Columns(), func(c keys.Column) bool { return c.Member == "" && c.Table+"."+c.Column == name })
		if reason := keys.Elsewhere[name]; !known && reason == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

func TestColumns_EverySealedColumnIsRotated(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	require.Empty(t, unregistered(t, db), "enter the column in internal/keys/columns.go, or a rotation loses what is in it")
	_, err := db.ExecContext(t.Context(), "CREATE TABLE planted (id uuid, seed_sealed bytea)")
	require.NoError(t, err)
	require.Equal(t, []string{"planted.seed_sealed"}, unregistered(t, db), "a column that nobody entered is found")
}

func TestColumns_AreThereAndHavePlacesOfTheirOwn(t *testing.T) {
	t.Parallel()
	db, places := testkit.DB(t), map[string]bool{}
	for _, c := range keys.Columns() {
		var kind string
		err := db.NewRaw("SELECT data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ? AND column_name = ?", c.Table, c.Column).Scan(t.Context(), &kind)
		require.NoError(t, err, "%s.%s", c.Table, c.Column)
		if c.Member == "" {
			require.Equal(t, "bytea", kind)
		} else {
			require.Equal(t, "jsonb", kind)
		}
		require.False(t, places[c.Place], "%s is the place of two columns: their values could be exchanged", c.Place)
		places[c.Place] = true
	}
	for name := range keys.Elsewhere {
		require.Contains(t, name, "_sealed")
	}
}
