package seal_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func keys(box *secret.Box) []ed25519.PublicKey { return []ed25519.PublicKey{seal.NewKey(box).Public()} }

// fill writes entries and seals them, some at a time.
func (r *rig) fill(entries, each int) {
	r.t.Helper()
	r.seal() // the one that says whose transactions are counted
	for n := 0; n < entries; n += each {
		r.exec(`INSERT INTO audit_entries (user_id, action, object_kind, object_id, customer_id, request_id, ip, user_agent, before, detail)
			SELECT gen_random_uuid(), 'test.fill', 'database', gen_random_uuid(), gen_random_uuid(), 'r' || i, '192.0.2.1', 'curl/8',
			jsonb_build_object('n', i), jsonb_build_object('name', 'a' || i) FROM generate_series(?::int, ?::int) AS i`, n+1, min(n+each, entries))
		r.seal()
	}
	require.NoError(r.t, r.writer.Write(r.t.Context()))
}

// keep remembers both tables, and gives what puts them back.
func (r *rig) keep() (back func()) {
	r.t.Helper()
	r.exec("DROP TABLE IF EXISTS kept_entries, kept_seals")
	r.exec("CREATE TABLE kept_entries AS TABLE audit_entries")
	r.exec("CREATE TABLE kept_seals AS TABLE audit_seals")
	return func() {
		r.exec("TRUNCATE audit_entries, audit_seals")
		r.exec("INSERT INTO audit_entries OVERRIDING SYSTEM VALUE TABLE kept_entries")
		r.exec("INSERT INTO audit_seals TABLE kept_seals")
	}
}

// Whatever is done to a single entry is found, and named.
func TestVerify_EachEntryChangedRemovedAndPutElsewhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	r.fill(24, 7)
	require.Empty(t, r.verify().Problems, "nothing was done yet")
	back := r.keep()
	var rows []*models.AuditEntry
	require.NoError(t, r.db.NewSelect().Model(&rows).Order("a.id").Scan(t.Context()))
	for i, e := range rows {
		for what, tc := range map[string]struct {
			want string
			do   string
		}{
			"a letter":       {seal.EntryChanged, "UPDATE audit_entries SET action = 'test.Fill' WHERE id = ?"},
			"who":            {seal.EntryChanged, "UPDATE audit_entries SET user_id = gen_random_uuid() WHERE id = ?"},
			"nobody":         {seal.EntryChanged, "UPDATE audit_entries SET user_id = NULL WHERE id = ?"},
			"what was":       {seal.EntryChanged, "UPDATE audit_entries SET before = '{}' WHERE id = ?"},
			"a microsecond":  {seal.EntryChanged, "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE id = ?"},
			"was refused":    {seal.EntryChanged, "UPDATE audit_entries SET allowed = NOT allowed WHERE id = ?"},
			"no NULL":        {seal.EntryChanged, "UPDATE audit_entries SET session_id = '00000000-0000-0000-0000-000000000000' WHERE id = ?"},
			"moved a letter": {seal.EntryChanged, "UPDATE audit_entries SET request_id = request_id || '1', ip = '92.0.2.1' WHERE id = ?"},
			"removed":        {seal.EntryMissing, "DELETE FROM audit_entries WHERE id = ?"},
			"another place":  {seal.EntryChanged, "UPDATE audit_entries SET xid = (xid::text::bigint - 1)::text::xid8 WHERE id = ?"},
			"a copy":         {seal.EntryInserted, "INSERT INTO audit_entries (xid, action) SELECT xid, action FROM audit_entries WHERE id = ?"},
			"another number": {seal.EntryMissing, "UPDATE audit_entries SET id = DEFAULT WHERE id = ?"},
		} {
			if what == "a copy" && i >= 21 {
				continue // behind all that is sealed: the next seal takes it for what it says it is
			}
			r.exec(tc.do, e.Number)
			report := r.verify()
			require.NotEmpty(t, report.Problems, "%s of entry %d", what, i)
			require.Equal(t, tc.want, report.Problems[0].What, "%s of entry %d: %v", what, i, report.Problems)
			if tc.want == seal.EntryChanged {
				require.Len(t, report.Problems, 1, what)
				require.Equal(t, e.ID.Opaque(), report.Problems[0].Entry, what)
			}
			back()
		}
		if i > 0 { // two change places
			swap(r, rows[i-1], e)
			report := r.verify()
			require.Equal(t, 2, report.Found, "%v", report.Problems)
			back()
		}
	}
	require.Empty(t, r.verify().Problems, "and all is as before")
}

// swap lets two entries change their contents.
func swap(r *rig, a, b *models.AuditEntry) {
	r.t.Helper()
	r.exec(`UPDATE audit_entries AS x SET event_id = gen_random_uuid(), at = y.at, user_id = y.user_id, object_id = y.object_id, customer_id = y.customer_id,
		request_id = y.request_id, before = y.before, detail = y.detail FROM audit_entries AS y WHERE (x.id, y.id) IN ((?0, ?1), (?1, ?0))`, a.Number, b.Number)
}

func TestVerify_EachSealChangedAndRemoved(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	r.fill(20, 5)
	back := r.keep()
	var last int64
	require.NoError(t, r.db.NewRaw("SELECT max(seq) FROM audit_seals").Scan(t.Context(), &last))
	for seq := int64(1); seq <= last; seq++ {
		for _, do := range []string{
			"DELETE FROM audit_seals WHERE seq = ?",
			"UPDATE audit_seals SET seq = seq + 1000 WHERE seq = ?",
			"UPDATE audit_seals SET at = at + interval '1 second' WHERE seq = ?",
			"UPDATE audit_seals SET version = version + 1 WHERE seq = ?",
			"UPDATE audit_seals SET epoch = epoch + 1 WHERE seq = ?",
			"UPDATE audit_seals SET floor = floor + 1 WHERE seq = ?",
			"UPDATE audit_seals SET tx = tx + 1 WHERE seq = ?",
			"UPDATE audit_seals SET last_id = last_id + 1 WHERE seq = ?",
			"UPDATE audit_seals SET entries = entries + 1 WHERE seq = ?",
			`UPDATE audit_seals SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE seq = ?`,
			`UPDATE audit_seals SET links = set_byte(links, 40, get_byte(links, 40) # 1) WHERE cardinality(ids) > 1 AND seq = ?`,
			`UPDATE audit_seals SET ids = ids[2:], links = substr(links, 33) WHERE cardinality(ids) > 1 AND seq = ?`,
			`UPDATE audit_seals SET ids = ids[2:2] || ids[1:1] || ids[3:] WHERE cardinality(ids) > 1 AND seq = ?`,
		} {
			res, err := r.db.NewRaw(do, seq).Exec(t.Context())
			require.NoError(t, err)
			n, err := res.RowsAffected()
			require.NoError(t, err)
			if n > 0 {
				require.NotZero(t, r.verify().Found, "%s of %d", do, seq)
			}
			back()
		}
	}
	require.Empty(t, r.verify().Problems)
}

// What cannot be seen within the database is seen from outside.
func TestVerify_TheEndCutOffAndAllWrittenAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	r.fill(20, 5)
	back := r.keep()
	without := func() *seal.Report {
		a := r.anchors()
		a.Checkpoints = nil
		report, err := seal.Verify(t.Context(), r.db, a)
		require.NoError(t, err)
		return report
	}

	// The end is cut off, as in a database of before.
	r.exec("DELETE FROM audit_entries WHERE id = ANY (SELECT unnest(ids) FROM audit_seals WHERE seq = (SELECT max(seq) FROM audit_seals))")
	r.exec("DELETE FROM audit_seals WHERE seq = (SELECT max(seq) FROM audit_seals)")
	require.Zero(t, without().Found, "which nobody can tell from the database alone")
	report := r.verify()
	require.Equal(t, 1, report.Found)
	require.Equal(t, seal.TailMissing, report.Problems[0].What)
	// The panel goes on from there.
	r.exec("INSERT INTO audit_entries (action) SELECT 'test.later' FROM generate_series(1, 8)")
	r.seal()
	report = r.verify()
	require.Equal(t, 1, report.Found)
	require.Equal(t, seal.ChainRewritten, report.Problems[0].What)
	back()

	// Everything goes.
	r.exec("TRUNCATE audit_entries, audit_seals")
	require.Zero(t, without().Found)
	require.Equal(t, seal.TailMissing, r.verify().Problems[0].What)
	back()

	// Somebody who has the program changes an entry and seals all of it anew.
	r.exec("UPDATE audit_entries SET action = 'test.harmless' WHERE id = (SELECT ids[1] FROM audit_seals WHERE seq = 3)")
	r.exec("TRUNCATE audit_seals")
	r.seal()
	for without().Seals < 5 { // as many seals as before, or more
		r.exec("INSERT INTO audit_entries (action) VALUES ('test.later')")
		r.seal()
	}
	require.Zero(t, without().Found)
	require.Equal(t, seal.ChainRewritten, r.verify().Problems[0].What)
	back()
	require.Zero(t, r.verify().Found)
}

func TestVerify_Checkpoints(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	r.fill(10, 5)
	a := r.anchors()
	require.Len(t, a.Checkpoints, 1)
	require.NoError(t, r.writer.Write(t.Context()))
	require.Len(t, r.anchors().Checkpoints, 1, "nothing is new")
	written := a.Checkpoints[0]
	other, err := secret.NewBox(secret.New(strings.Repeat("another-", 8)))
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		change  func(*seal.Checkpoint)
		unknown int
		found   int
	}{
		"as it is":                   {func(*seal.Checkpoint) {}, 0, 0},
		"another seal":               {func(c *seal.Checkpoint) { c.Seal-- }, 0, 1},
		"another hash":               {func(c *seal.Checkpoint) { c.Hash = strings.Repeat("00", 32) }, 0, 1},
		"another time":               {func(c *seal.Checkpoint) { c.At = c.At.Add(1) }, 0, 1},
		"another node":               {func(c *seal.Checkpoint) { c.Node = "x" }, 0, 1},
		"no signature":               {func(c *seal.Checkpoint) { c.Signature = "" }, 0, 1},
		"another's signature":        {func(c *seal.Checkpoint) { c.Signature = "AAAA" }, 0, 1},
		"a key that nobody named":    {func(c *seal.Checkpoint) { c.Key = seal.KeyID(seal.NewKey(other).Public()) }, 1, 0},
		"of another installation":    {func(c *seal.Checkpoint) { c.Installation = "other" }, 1, 0},
		"a newline in a field of it": {func(c *seal.Checkpoint) { c.Node = "test\"\n\"" }, 0, 1},
	} {
		c := written
		tc.change(&c)
		report, err := seal.Verify(t.Context(), r.db, seal.Anchors{Installation: installation, Keys: a.Keys, Checkpoints: []seal.Checkpoint{c}})
		require.NoError(t, err)
		require.Equal(t, tc.unknown, report.Unknown, name)
		require.Equal(t, tc.found, report.Found, "%s: %v", name, report.Problems)
		if tc.found > 0 {
			require.Equal(t, seal.CheckpointWrong, report.Problems[0].What)
		}
	}
}

// A file whose writer died, and a log, are files of checkpoints, too.
func TestReadCheckpoints_FilesAndLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	var logged strings.Builder
	r.writer.Log = slog.New(slog.NewJSONHandler(&logged, nil))
	r.fill(3, 3)
	file, err := os.OpenFile(r.file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"at":"2026-`)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	r.exec("INSERT INTO audit_entries (action) VALUES ('test.more')")
	r.seal()
	require.NoError(t, r.writer.Write(t.Context()))
	list, broken, err := seal.ReadCheckpoints(r.file)
	require.NoError(t, err)
	require.Equal(t, 1, broken)
	require.Len(t, list, 2)
	r.writer.Log.Info("something else")
	log := r.file + ".log"
	require.NoError(t, os.WriteFile(log, []byte(logged.String()), 0o600))
	fromLog, broken, err := seal.ReadCheckpoints(log)
	require.NoError(t, err)
	require.Zero(t, broken)
	require.Equal(t, asJSON(t, list), asJSON(t, fromLog))
	report, err := seal.Verify(t.Context(), r.db, seal.Anchors{Installation: installation, Keys: keys(r.box), Checkpoints: fromLog})
	require.NoError(t, err)
	require.Equal(t, 2, report.Checkpoints)
	_, _, err = seal.ReadCheckpoints(r.file + ".nosuch")
	require.ErrorContains(t, err, "there is no file")
	info, err := os.Stat(r.file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// The panel says by itself that its audit is no longer what it has signed.
func TestWriter_NoticesAnotherChain(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	var logged strings.Builder
	r.writer.Log = slog.New(slog.NewJSONHandler(&logged, nil))
	r.fill(3, 3)
	require.NotContains(t, logged.String(), "is not what was signed")
	r.exec("UPDATE audit_seals SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE seq = (SELECT max(seq) FROM audit_seals)")
	require.NoError(t, r.writer.Write(t.Context()))
	require.Contains(t, logged.String(), "the audit is not what was signed")
}

// A dump that another server restores: its entries keep the numbers of that server's
// transactions, which this one may come to use again. All are sealed once.
func TestSealer_AfterARestore(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	r.fill(12, 4)
	r.exec("INSERT INTO audit_entries (action) VALUES ('test.not_sealed_when_dumped')")
	// As another server's: its count is ahead of this one's for some, and behind for others.
	r.exec("UPDATE audit_seals SET epoch = epoch + 1")
	r.exec("CREATE TABLE dumped AS TABLE audit_entries")
	r.exec("TRUNCATE audit_entries")
	r.exec(`INSERT INTO audit_entries OVERRIDING SYSTEM VALUE SELECT (e).* FROM (
		SELECT jsonb_populate_record(d, jsonb_build_object('xid', (d.xid::text::bigint + CASE WHEN d.id % 2 = 0 THEN 40 ELSE 100000 END)::text)) AS e FROM dumped AS d) AS x`)
	r.exec("TRUNCATE audit_seals")
	r.seal()
	var sealed int
	count := func() int {
		require.NoError(t, r.db.NewRaw("SELECT coalesce(sum(cardinality(ids)), 0) FROM audit_seals").Scan(t.Context(), &sealed))
		return sealed
	}
	require.Equal(t, 13, count())
	for i := range 60 { // this server's count comes to where the other's was
		r.exec("INSERT INTO audit_entries (action) VALUES (?)", fmt.Sprint("test.", i))
	}
	r.seal()
	require.Equal(t, 73, count())
	var distinct int
	require.NoError(t, r.db.NewRaw("SELECT count(DISTINCT id) FROM audit_seals, unnest(ids) AS id").Scan(t.Context(), &distinct))
	require.Equal(t, 73, distinct)
	report, err := seal.Verify(t.Context(), r.db, seal.Anchors{})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	require.Zero(t, report.Pending)
}

// The panel's own entries are told from restored ones by who put the row there.
func TestRecord_IsTheTransactionsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	dice := rand.New(rand.NewPCG(3, 3))
	for i := range 20 {
		require.NoError(t, write(t.Context(), r.db, dice, fmt.Sprint(i), false))
	}
	var foreign int
	require.NoError(t, r.db.NewRaw("SELECT count(*) FILTER (WHERE NOT "+seal.Own+") FROM audit_entries AS a").Scan(t.Context(), &foreign))
	require.Zero(t, foreign)
}
