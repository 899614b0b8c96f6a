package seal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("MPANEL_AUDIT_WRITER_URL"); url != "" { // TestR18_AuditChain starts it
		fmt.Println("failed:", writer(context.Background(), secret.New(url), os.Getenv("MPANEL_AUDIT_FILE")))
		os.Exit(1)
	}
	testkit.Main(m)
}

func testBox() (*secret.Box, error) { return secret.NewBox(secret.New(strings.Repeat("test-key", 8))) }

const installation = "0190b7a0-0000-7000-8000-000000000001"

// A rig is a database with a sealer that seals when it is asked to.
type rig struct {
	t      testing.TB
	db     *store.DB
	sealer *seal.Sealer
	writer *seal.Writer
	file   string
	box    *secret.Box
}

func newRig(t testing.TB, db *store.DB) *rig {
	t.Helper()
	r := &rig{t: t, db: db, file: filepath.Join(t.TempDir(), "audit", "checkpoints.jsonl"), box: testkit.Box(t)}
	r.writer = &seal.Writer{DB: db, Installation: installation, Node: "test", Key: seal.NewKey(r.box), File: r.file, Log: slog.New(slog.DiscardHandler)}
	r.sealer = seal.NewSealer(seal.Config{DB: db, Bus: &membus.Bus{}, Look: 20 * time.Millisecond, Checkpoints: r.writer, Log: slog.New(slog.DiscardHandler)})
	return r
}

// anchors are the file's checkpoints.
func (r *rig) anchors() seal.Anchors {
	r.t.Helper()
	list, broken, err := seal.ReadCheckpoints(r.file)
	require.NoError(r.t, err)
	require.Zero(r.t, broken)
	return seal.Anchors{Installation: installation, Keys: keys(r.box), Checkpoints: list}
}

func (r *rig) verify() *seal.Report {
	r.t.Helper()
	report, err := seal.Verify(r.t.Context(), r.db, r.anchors())
	require.NoError(r.t, err)
	return report
}

// seal seals all that is there; what other tests do in the cluster may hold it up.
func (r *rig) seal() {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		_, err := r.sealer.Seal(r.t.Context())
		require.NoError(r.t, err)
		return r.unsealed() == 0
	}, 30*time.Second, 5*time.Millisecond)
}

func (r *rig) unsealed() (n int) {
	r.t.Helper()
	require.NoError(r.t, r.db.NewRaw("SELECT (SELECT count(*) FROM audit_entries) - (SELECT coalesce(sum(cardinality(ids)), 0) FROM audit_seals)").Scan(r.t.Context(), &n))
	return n
}

func (r *rig) exec(query string, args ...any) {
	r.t.Helper()
	_, err := r.db.NewRaw(query, args...).Exec(r.t.Context())
	require.NoError(r.t, err, query)
}

var errAborted = errors.New("aborted")

// write records one entry, or none, since the transaction is taken back.
func write(ctx context.Context, db *store.DB, dice *rand.Rand, name string, abort bool) error {
	ctx = actor.WithRequest(actor.With(ctx, &actor.Actor{User: ident.NewUserID(), Session: ident.NewSessionID()}),
		actor.Request{ID: name, IP: "192.0.2.1", UserAgent: "<script>alert(1)</script>\r\n" + name})
	err := store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
		if dice.IntN(2) == 0 { // it has a transaction id early, and others overtake it
			if _, err := tx.NewRaw("SELECT pg_current_xact_id()").Exec(ctx); err != nil {
				return err
			}
		}
		for range dice.IntN(6) {
			if _, err := tx.NewRaw("SELECT 1").Exec(ctx); err != nil {
				return err
			}
		}
		for range 1 + dice.IntN(2)*dice.IntN(3) {
			err := audit.Record(ctx, tx, audit.Entry{
				Action: "test.write", Kind: ident.Database, Object: uuid.New(), Customer: ident.NewCustomerID(),
				Before: map[string]any{"name": name, "n": dice.Int64()}, Detail: map[string]any{"name": "日本 " + name, "list": []int{1, 2}},
			})
			if err != nil {
				return err
			}
		}
		if abort {
			return errAborted
		}
		return nil
	})
	if abort && errors.Is(err, errAborted) {
		return nil
	}
	return err
}

// inOrder checks that the seals have every entry, each once, in the order of commits.
func (r *rig) inOrder() {
	r.t.Helper()
	var bad int
	require.NoError(r.t, r.db.NewRaw(`
WITH sealed AS (SELECT s.seq, i.id, i.n FROM audit_seals s, unnest(s.ids) WITH ORDINALITY AS i (id, n)),
placed AS (SELECT *, lag((a.xid, a.id)) OVER (ORDER BY seq, n) AS former, (a.xid, a.id) AS place FROM sealed JOIN audit_entries AS a USING (id))
SELECT (SELECT count(*) FROM placed WHERE former >= place) + abs((SELECT count(*) FROM sealed) - (SELECT count(DISTINCT id) FROM sealed))
	+ (SELECT count(*) FROM audit_entries WHERE id NOT IN (SELECT id FROM sealed))`).Scan(r.t.Context(), &bad))
	require.Zero(r.t, bad, "entries that are not sealed once and in order")
}

func open(t *testing.T, url secret.Text, name string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["application_name"] = name })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestSealer_CommitsInAnyOrderWhileSealersAreKilled(t *testing.T) {
	t.Parallel()
	const writers, each, sealers = 50, 100, 3
	url := testkit.URL(t)
	db, sealing := open(t, url, "mpanel"), open(t, url, "sealer")
	r := newRig(t, db)
	var all sync.WaitGroup
	writing, written := context.WithCancel(t.Context())
	defer written()
	for n := range sealers { // as of several nodes; each dies now and then and comes back
		all.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 7))
			for writing.Err() == nil {
				ctx, kill := context.WithCancel(writing)
				s := seal.NewSealer(seal.Config{
					DB: sealing, Bus: &membus.Bus{}, Look: time.Millisecond, Log: slog.New(slog.DiscardHandler),
					Checkpoints: &seal.Writer{DB: db, Installation: installation, Node: fmt.Sprint("node ", n), Key: seal.NewKey(r.box), File: r.file + fmt.Sprint(n), Log: slog.New(slog.DiscardHandler)},
				})
				left := dice.IntN(30)
				for range left {
					if _, err := s.Seal(ctx); err != nil {
						break
					}
				}
				go func() { _, _ = s.Seal(ctx) }() // and dies at it
				kill()
			}
		})
	}
	var stop sync.WaitGroup
	for n := range writers {
		stop.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 1))
			for i := range each {
				if err := write(t.Context(), db, dice, fmt.Sprint(n, " ", i), dice.IntN(5) == 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	killed, sealed := 0, 0
	done := make(chan struct{})
	go func() { stop.Wait(); close(done) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for killing := true; killing; {
		select {
		case <-done:
			killing = false
		case <-tick.C:
			// Those who seal right now, once after each seal, so that they get on however slow
			// the machine is.
			var n, newest int
			if err := db.NewRaw("SELECT coalesce(max(seq), 0) FROM audit_seals").Scan(t.Context(), &newest); err != nil || newest == sealed {
				continue
			}
			sealed = newest
			err := db.NewRaw(`SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity AS a
				WHERE a.datname = current_database() AND a.application_name = 'sealer'`).Scan(t.Context(), &n)
			if err == nil {
				killed += n
			}
		}
	}
	written()
	all.Wait()
	r.seal()
	r.inOrder()
	require.NoError(t, r.writer.Write(t.Context()))
	report := r.verify()
	require.Empty(t, report.Problems)
	require.Equal(t, 1, report.Checkpoints)
	require.Greater(t, report.Seals, int64(1), "they worked meanwhile")
	t.Logf("%d entries in %d seals, %d sealers killed at work", report.Entries, report.Seals, killed)
}

// Whoever commits last is not waited for by those who write, and its entries come in
// when it is over, before what begins later.
func TestSealer_WaitsForOpenTransactions(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	dice := rand.New(rand.NewPCG(1, 1))
	r.seal()
	held := make(chan struct{})
	over := make(chan error)
	begun := make(chan struct{})
	go func() {
		over <- store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) error {
			if _, err := tx.NewRaw("SELECT pg_current_xact_id()").Exec(ctx); err != nil {
				return err
			}
			close(begun)
			<-held
			return audit.Record(ctx, tx, audit.Entry{Action: "test.late"})
		})
	}()
	<-begun
	require.NoError(t, write(t.Context(), r.db, dice, "early", false), "it waits for nobody")
	n, err := r.sealer.Seal(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "what is open may still come before it")
	close(held)
	require.NoError(t, <-over)
	r.seal()
	r.inOrder()
	var first string
	require.NoError(t, r.db.NewRaw("SELECT a.action FROM audit_seals s, unnest(s.ids) WITH ORDINALITY i (id, n) JOIN audit_entries a USING (id) ORDER BY s.seq, i.n LIMIT 1").Scan(t.Context(), &first))
	require.Equal(t, "test.late", first)
}

// A node that stops while a transaction is open somewhere waits for it, for a moment.
func TestSealer_StopsWithNothingLeft(t *testing.T) {
	t.Parallel()
	sql := new(testkit.Statements)
	r := newRig(t, testkit.DB(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = sql }))
	r.seal()
	late, err := r.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = late.NewRaw("SELECT pg_current_xact_id()").Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, write(t.Context(), r.db, rand.New(rand.NewPCG(1, 3)), "the last one", false))

	stopped, stop := context.WithCancel(t.Context())
	stop()
	over := make(chan struct{})
	go func() { defer close(over); r.sealer.Run(stopped) }()
	require.Eventually(t, func() bool { // it has looked and found that something is left
		return slices.ContainsFunc(slices.Concat(sql.Trips()...), func(s string) bool { return strings.Contains(s, "min(a.at)") })
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, late.Rollback())
	<-over
	require.Zero(t, r.unsealed())
	require.Equal(t, 1, r.verify().Checkpoints, "and its checkpoint is of that")
}

// Two nodes at work: what is committed is sealed within a second or so.
func TestSealer_SoonAfterTheCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t, testkit.DB(t))
	ctx, stop := context.WithCancel(t.Context())
	bus := &membus.Bus{}
	news, unsubscribe := bus.Subscribe(seal.Topic)
	defer unsubscribe()
	var nodes sync.WaitGroup
	for n := range 2 {
		nodes.Go(func() {
			seal.NewSealer(seal.Config{
				DB: r.db, Bus: bus, Log: slog.New(slog.DiscardHandler),
				Checkpoints: &seal.Writer{DB: r.db, Installation: installation, Node: fmt.Sprint(n), Key: seal.NewKey(r.box), File: r.file, Log: slog.New(slog.DiscardHandler)},
			}).Run(ctx)
		})
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		require.NoError(t, write(t.Context(), r.db, dice, fmt.Sprint(i), false))
		begun := time.Now()
		for r.unsealed() > 0 {
			select {
			case <-news:
			case <-time.After(20 * time.Second):
				t.Fatal("it is not sealed")
			}
		}
		require.Less(t, time.Since(begun), 10*time.Second)
	}
	require.NoError(t, write(t.Context(), r.db, dice, "the last one", false))
	stop()
	nodes.Wait()
	report := r.verify()
	require.Empty(t, report.Problems)
	require.Equal(t, 2, report.Checkpoints, "each node has written where the chain was at its end")
}
