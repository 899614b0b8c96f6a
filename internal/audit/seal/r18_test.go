package seal_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// Rows and tamperings of R18; MPANEL_AUDIT_ROWS and MPANEL_AUDIT_TAMPERINGS have others.
const (
	r18Rows       = 5_000
	r18Tamperings = 100
	r18Kills      = 10
	// manyRestored are so many rows that what is left of them slows the next search.
	manyRestored = 1_000
)

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// writer is the process that R18 kills: 8 writers and a sealer.
func writer(ctx context.Context, url secret.Text, file string) error {
	db, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	box, err := testBox()
	if err != nil {
		return err
	}
	go seal.NewSealer(seal.Config{
		DB: db, Bus: &membus.Bus{}, Look: 5 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Checkpoints: &seal.Writer{DB: db, Installation: installation, Node: "killed", Key: seal.NewKey(box), File: file, Log: slog.New(slog.DiscardHandler)},
	}).Run(ctx)
	var all errgroup.Group
	for n := range 8 {
		all.Go(func() error {
			dice := rand.New(rand.NewPCG(uint64(n), uint64(os.Getpid()))) // #nosec G115 -- a seed
			for i := 0; ; i++ {
				if err := write(ctx, db, dice, fmt.Sprint(n, " ", i), dice.IntN(10) == 0); err != nil {
					return err
				}
				fmt.Println("committed")
			}
		})
	}
	return all.Wait()
}

// R18: 8 writers and their sealer are killed ten times; what they have committed
// verifies, and of random tamperings each is found.
func TestR18_AuditChain(t *testing.T) {
	t.Parallel()
	rows, tamperings := number("MPANEL_AUDIT_ROWS", r18Rows), number("MPANEL_AUDIT_TAMPERINGS", r18Tamperings)
	url := testkit.URL(t)
	db := open(t, url, "mpanel")
	r := newRig(t, db)
	committed := 0
	for range r18Kills {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "MPANEL_AUDIT_WRITER_URL="+url.Reveal(), "MPANEL_AUDIT_FILE="+r.file+".killed")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for seen := 0; seen < rows/r18Kills && lines.Scan(); {
			require.Equal(t, "committed", lines.Text())
			seen++
			committed++
		}
		require.NoError(t, cmd.Process.Kill()) // SIGKILL
		_ = cmd.Wait()
	}
	require.GreaterOrEqual(t, committed, rows)
	r.seal()
	r.inOrder()
	require.NoError(t, r.writer.Write(t.Context()))
	begun := time.Now()
	report := r.verify()
	took := time.Since(begun)
	require.Zero(t, report.Found, "a false alarm: %v", report.Problems)
	require.Equal(t, 1, report.Checkpoints)
	seals, entries := report.Seals, report.Entries

	back := r.keepChanged()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- a seed
	dice := rand.New(rand.NewPCG(seed, 18))
	found := 0
	for range tamperings {
		what := r.tamper(dice)
		if report := r.verify(); report.Found > 0 {
			found++
		} else {
			t.Errorf("not found with seed %d: %s", seed, what)
		}
		back()
	}
	require.Zero(t, r.verify().Found, "and all is as before")
	testkit.Reportf(t, "R18: %d entries by 8 writers in %d seals after %d kills, no false alarm; %d of %d tamperings found; one verification took %v", entries, seals, r18Kills, found, tamperings, took.Round(time.Millisecond))
}

// keepChanged remembers rows as they are changed, and gives what puts them back.
func (r *rig) keepChanged() (back func()) {
	r.t.Helper()
	for _, table := range []string{"audit_entries", "audit_seals"} {
		r.exec("CREATE TABLE old_" + table + " (LIKE " + table + ")")
		r.exec("CREATE TABLE new_" + table + " (LIKE " + table + ")")
		r.exec("CREATE FUNCTION keep_" + table + `() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF TG_OP <> 'INSERT' THEN INSERT INTO old_` + table + ` SELECT (OLD).*; END IF;
			IF TG_OP <> 'DELETE' THEN INSERT INTO new_` + table + ` SELECT (NEW).*; END IF;
			RETURN NULL; END $$`)
		r.exec("CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON " + table + " FOR EACH ROW EXECUTE FUNCTION keep_" + table + "()")
	}
	return func() {
		for table, key := range map[string]string{"audit_entries": "id", "audit_seals": "seq"} {
			r.exec("ALTER TABLE " + table + " DISABLE TRIGGER keep")
			r.exec("DELETE FROM " + table + " WHERE " + key + " IN (SELECT " + key + " FROM new_" + table + ")")
			res, err := r.db.NewRaw("INSERT INTO " + table + " OVERRIDING SYSTEM VALUE SELECT DISTINCT ON (" + key + ") * FROM old_" + table + " ON CONFLICT DO NOTHING").Exec(r.t.Context())
			require.NoError(r.t, err)
			restored, err := res.RowsAffected()
			require.NoError(r.t, err)
			r.exec("TRUNCATE old_" + table + ", new_" + table)
			r.exec("ALTER TABLE " + table + " ENABLE TRIGGER keep")
			if restored > manyRestored {
				r.exec("VACUUM " + table) // autovacuum gives way to each ALTER TABLE
			}
		}
	}
}

// tamper does one thing to the audit, as somebody could who owns the database.
func (r *rig) tamper(dice *rand.Rand) string {
	r.t.Helper()
	var id, other, seq int64
	require.NoError(r.t, r.db.NewRaw("SELECT id FROM audit_entries ORDER BY id OFFSET floor(? * (SELECT count(*) FROM audit_entries)) LIMIT 1", dice.Float64()).Scan(r.t.Context(), &id))
	require.NoError(r.t, r.db.NewRaw("SELECT id FROM audit_entries WHERE id <> ? ORDER BY id OFFSET floor(? * (SELECT count(*) - 1 FROM audit_entries)) LIMIT 1", id, dice.Float64()).Scan(r.t.Context(), &other))
	require.NoError(r.t, r.db.NewRaw("SELECT seq FROM audit_seals WHERE cardinality(ids) > 0 ORDER BY seq OFFSET floor(? * (SELECT count(*) FROM audit_seals WHERE cardinality(ids) > 0)) LIMIT 1", dice.Float64()).Scan(r.t.Context(), &seq))
	all := []struct{ name, do string }{
		{"a flipped bit", "UPDATE audit_entries SET detail = jsonb_set(detail, '{name}', to_jsonb((detail->>'name') || 'x')) WHERE id = ?0"},
		{"who", "UPDATE audit_entries SET user_id = (SELECT user_id FROM audit_entries WHERE id = ?1) WHERE id = ?0"},
		{"from where", "UPDATE audit_entries SET ip = '198.51.100.7' WHERE id = ?0"},
		{"when", "UPDATE audit_entries SET at = at - interval '1 day' WHERE id = ?0"},
		{"removed", "DELETE FROM audit_entries WHERE id = ?0"},
		{"two change places", `UPDATE audit_entries AS x SET event_id = gen_random_uuid(), user_id = y.user_id, at = y.at, request_id = y.request_id, detail = y.detail
			FROM audit_entries AS y WHERE (x.id, y.id) IN ((?0, ?1), (?1, ?0))`},
		{"another transaction", "UPDATE audit_entries SET xid = (SELECT xid FROM audit_entries WHERE id = ?1) WHERE id = ?0 AND xid <> (SELECT xid FROM audit_entries WHERE id = ?1)"},
		{"put in between", "INSERT INTO audit_entries (xid, action) SELECT min(xid), 'test.false' FROM audit_entries"},
		{"a seal removed", "DELETE FROM audit_seals WHERE seq = ?2"},
		{"a link", "UPDATE audit_seals SET links = set_byte(links, 5, get_byte(links, 5) # 4) WHERE seq = ?2"},
		{"a seal's hash", "UPDATE audit_seals SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE seq = ?2"},
		{"the end cut off", "WITH s AS (DELETE FROM audit_seals WHERE seq >= ?2 RETURNING ids) DELETE FROM audit_entries WHERE id IN (SELECT unnest(ids) FROM s)"},
	}
	t := all[dice.IntN(len(all))]
	res, err := r.db.NewRaw(t.do, id, other, seq).Exec(r.t.Context())
	require.NoError(r.t, err, t.name)
	n, err := res.RowsAffected()
	require.NoError(r.t, err)
	if n == 0 { // both of one transaction
		r.exec("DELETE FROM audit_entries WHERE id = ?", id)
	}
	return fmt.Sprintf("%s: entry %d, other %d, seal %d", t.name, id, other, seq)
}
