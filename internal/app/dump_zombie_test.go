package app

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// TestImport_Zombie pauses a runner before it loads a dump. Another does it, and
// the tenant works on; then the first wakes up. It must not load anything again,
// and the login that it made is gone two surveys later.
func TestImport_Zombie(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, row := b.exported(t)
	out, err := b.panel.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: row.ID, Replace: true})
	require.NoError(t, err)
	wake := b.zombie(t, out.Job.ID, database.KindImport+"/load-dump:after-intent", 0)
	b.serve(t)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "import", over).State)
	b.as(t, s, "INSERT INTO content VALUES (0, 'written since')")

	wake()
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "import", over).State)
	b.as(t, s, "DO $$ BEGIN ASSERT (SELECT count(*) FROM content WHERE n = 0) = 1, 'what was written since is gone'; END $$")

	left := fmt.Sprintf("mp_%x_in", s.database.ID.UUID[:])
	roles := "DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_roles WHERE rolname = '" + left + "') = %d; END $$"
	b.as(t, s, fmt.Sprintf(roles, 1)) // the zombie let itself in
	require.Empty(t, b.survey(t), "seen once, which may be somebody at work")
	require.Equal(t, []string{"ORPHAN ROLE " + left}, b.survey(t))
	b.untilRepaired(t)
	b.as(t, s, fmt.Sprintf(roles, 0))
	require.Empty(t, b.survey(t))
}
