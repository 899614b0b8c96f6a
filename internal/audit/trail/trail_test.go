package trail_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A rig is a trail that is running, and two customers, of which the first has the second.
type rig struct {
	*trail.Service
	t            *testing.T
	db           *store.DB
	bus          *membus.Bus
	above, below ident.CustomerID
	boss         ident.UserID // of the provider's staff
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, db: testkit.DB(t), bus: &membus.Bus{}, above: ident.NewCustomerID(), below: ident.NewCustomerID(), boss: ident.NewUserID()}
	r.Service = trail.NewService(trail.Config{DB: r.db, Bus: r.bus, Look: 30 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	r.exec("INSERT INTO customers (id, name, email) VALUES (?, 'above', 'a@b.c')", r.above)
	r.exec("INSERT INTO customers (id, parent_id, name, email) VALUES (?, ?, 'below', 'a@b.c')", r.below, r.above)
	r.exec("INSERT INTO customer_tree (ancestor_id, customer_id, depth) VALUES (?0, ?0, 0), (?1, ?1, 0), (?0, ?1, 1)", r.above, r.below)
	r.exec("INSERT INTO users (id, email, name, password_hash, provider_role) VALUES (?, 'boss@example.com', 'Boss', 'x', 'ADMIN')", r.boss)
	ctx, stop := context.WithCancel(t.Context())
	var over sync.WaitGroup
	over.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { stop(); over.Wait() })
	return r
}

func (r *rig) exec(query string, args ...any) {
	r.t.Helper()
	_, err := r.db.NewRaw(query, args...).Exec(r.t.Context())
	require.NoError(r.t, err, query)
}

func (r *rig) record(ctx context.Context, e audit.Entry) error {
	return store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error { return audit.Record(ctx, tx, e) })
}

func staff(ctx context.Context) context.Context {
	return actor.With(ctx, &actor.Actor{User: ident.NewUserID(), Provider: []actor.Permission{actor.AuditRead}})
}

func member(ctx context.Context, of ident.CustomerID) context.Context {
	return actor.With(ctx, &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: of, Permissions: []actor.Permission{actor.AuditRead}}}})
}

func next(t *testing.T, ch <-chan trail.StreamItem) trail.StreamItem {
	t.Helper()
	select {
	case item, ok := <-ch:
		require.True(t, ok, "the feed has ended")
		return item
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		return nil
	}
}

func began(t *testing.T, ch <-chan trail.StreamItem) *models.Position {
	t.Helper()
	gap, ok := next(t, ch).(*feed.Gap)
	require.True(t, ok)
	return &gap.Position
}

func told(t *testing.T, ch <-chan trail.StreamItem) *trail.Entry {
	t.Helper()
	item := next(t, ch)
	e, ok := item.(*trail.Entry)
	require.True(t, ok, "%#v", item)
	return e
}

// Each is told what is within their customers, once and in order, also when they come
// back.
func TestWatch_WhoIsToldWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	all, err := r.Watch(staff(t.Context()), nil)
	require.NoError(t, err)
	reseller, err := r.Watch(member(t.Context(), r.above), nil)
	require.NoError(t, err)
	shop, err := r.Watch(member(t.Context(), r.below), nil)
	require.NoError(t, err)
	start := began(t, all)
	began(t, reseller)
	began(t, shop)
	for i, of := range []ident.CustomerID{{}, r.above, r.below, ident.NewCustomerID(), r.below} {
		require.NoError(t, r.record(t.Context(), audit.Entry{Action: fmt.Sprint("test.", i), Customer: of, Detail: map[string]any{"n": i}}))
	}
	for name, want := range map[string]struct {
		ch   <-chan trail.StreamItem
		told []int
	}{"staff": {all, []int{0, 1, 2, 3, 4}}, "reseller": {reseller, []int{1, 2, 4}}, "shop": {shop, []int{2, 4}}} {
		for _, i := range want.told {
			e := told(t, want.ch)
			require.Equal(t, fmt.Sprint("test.", i), e.Event.Action, name)
			require.JSONEq(t, fmt.Sprintf(`{"n": %d}`, i), string(e.Event.After))
			require.True(t, e.Position.OfAudit())
		}
	}
	again, err := r.Watch(member(t.Context(), r.below), start)
	require.NoError(t, err)
	require.Equal(t, "test.2", told(t, again).Event.Action)
	place := told(t, again).Position
	require.NoError(t, r.record(t.Context(), audit.Entry{Action: "test.5", Customer: r.below}))
	last, err := r.Watch(member(t.Context(), r.below), &place)
	require.NoError(t, err)
	require.Equal(t, "test.5", told(t, last).Event.Action)
}

func TestWatch_PositionsOfOtherStreams(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, p := range map[string]models.Position{
		"garbage":         {Bad: true},
		"a job's":         {Job: ident.NewJobID(), Seq: 1},
		"all jobs'":       {Job: ident.NewJobID(), Seq: 1, Place: &models.FeedPlace{Epoch: 1, Tx: 1}},
		"without a place": {Job: models.AuditStream, Seq: 1},
	} {
		_, err := r.Watch(staff(t.Context()), &p)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	for name, place := range map[string]models.FeedPlace{"another server's": {Epoch: 1, Tx: 1}} {
		ch, err := r.Watch(staff(t.Context()), &models.Position{Job: models.AuditStream, Seq: 1, Place: &place})
		require.NoError(t, err, name)
		p := began(t, ch)
		var round models.Position
		require.NoError(t, round.UnmarshalGQL(p.String()))
		require.Equal(t, *p, round)
	}
	_, err := r.Watch(t.Context(), nil)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

// Many write at once, in any order and some in vain; nobody misses anything, however
// often they come back.
func TestWatch_CommitsInAnyOrder(t *testing.T) {
	t.Parallel()
	const writers, each = 12, 40
	r := newRig(t)
	steady, err := r.Watch(staff(t.Context()), nil)
	require.NoError(t, err)
	start := began(t, steady)
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 5))
			for i := range each {
				err := store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) error {
					if _, err := tx.NewRaw("SELECT pg_current_xact_id()").Exec(ctx); err != nil {
						return err
					}
					for range dice.IntN(8) {
						if _, err := tx.NewRaw("SELECT 1").Exec(ctx); err != nil {
							return err
						}
					}
					if err := audit.Record(ctx, tx, audit.Entry{Action: fmt.Sprint("test.", n, ".", i)}); err != nil {
						return err
					}
					if dice.IntN(5) == 0 {
						return context.Canceled
					}
					return nil
				})
				if err != nil && !strings.Contains(err.Error(), "canceled") {
					t.Error(err)
				}
				r.bus.Publish(seal.Topic, seal.Sealed{})
			}
		})
	}
	restless := []string{}
	dice := rand.New(rand.NewPCG(9, 9))
	place := start
	committed := func() (n int) {
		require.NoError(t, r.db.NewRaw("SELECT count(*) FROM audit_entries").Scan(t.Context(), &n))
		return n
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for over := false; !over || len(restless) < committed(); {
		ctx, leave := context.WithCancel(staff(t.Context()))
		ch, err := r.Watch(ctx, place)
		require.NoError(t, err)
		for range 1 + dice.IntN(40) {
			var e *trail.Entry
			select {
			case item := <-ch:
				e, _ = item.(*trail.Entry)
				require.NotNil(t, e, "%#v", item)
			case <-done: // what the last of them began may have come to nothing
				over = true
				if len(restless) < committed() {
					e = told(t, ch)
				}
			}
			if e == nil {
				break
			}
			restless, place = append(restless, e.Event.Action), &e.Position
		}
		leave()
		for range ch {
		}
	}
	var want []string
	require.NoError(t, r.db.NewRaw("SELECT action FROM audit_entries ORDER BY xid, id").Scan(t.Context(), &want))
	require.Equal(t, want, restless)
	for _, action := range want {
		require.Equal(t, action, told(t, steady).Event.Action)
	}
}

func (r *rig) export(ctx context.Context, f *trail.Filter, format trail.Format) string {
	r.t.Helper()
	e, err := r.Export(ctx, f, format)
	require.NoError(r.t, err)
	defer e.Close()
	var b bytes.Buffer
	require.NoError(r.t, e.Write(ctx, &b, func() {}))
	require.Regexp(r.t, `^audit-\d{8}-\d{6}\.`+string(format)+`$`, e.Name)
	return b.String()
}

func TestExport_FormulasAndScripts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hostile := []string{"=HYPERLINK(\"http://evil\")", "+1+1", "-2", "@SUM(A1)", "\tx", "\r\nSet-Cookie: a=b", "a\"b,c;d\ne", "<script>alert(1)</script>", "日本"}
	for _, text := range hostile {
		ctx := actor.WithRequest(t.Context(), actor.Request{ID: "r", IP: "192.0.2.1", UserAgent: text})
		require.NoError(t, r.record(ctx, audit.Entry{Action: "test.hostile", Kind: ident.Customer, Object: r.below.UUID, Customer: r.below, Detail: map[string]any{"name": text}}))
	}
	rows, err := csv.NewReader(strings.NewReader(r.export(staff(t.Context()), &trail.Filter{}, trail.CSV))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(hostile))
	require.Equal(t, "id", rows[0][0])
	for i, row := range rows[1:] {
		want := hostile[len(hostile)-1-i]
		agent := row[12]
		for _, cell := range row {
			require.False(t, cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n"), "%q", cell)
		}
		if strings.ContainsAny(want[:1], "=+-@\t\r\n") {
			want = "'" + want
		}
		require.Equal(t, strings.ReplaceAll(want, "\r\n", "\n"), strings.ReplaceAll(agent, "\r\n", "\n")) // the reader of CSV makes it so
	}
	lines := strings.Split(strings.TrimSpace(r.export(staff(t.Context()), &trail.Filter{Action: new("test.hostile")}, trail.JSON)), "\n")
	require.Len(t, lines, len(hostile))
	for i, l := range lines {
		var got struct {
			UserAgent string
			After     struct{ Name string }
		}
		require.NoError(t, json.Unmarshal([]byte(l), &got))
		require.Equal(t, hostile[len(hostile)-1-i], got.UserAgent)
		require.Equal(t, hostile[len(hostile)-1-i], got.After.Name)
	}
}

// Customers export what they may see, and nothing of the staff but what they did.
func TestExport_WhoGetsWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	owner := ident.NewUserID()
	r.exec("INSERT INTO users (id, email, name, password_hash) VALUES (?, 'owner@example.com', 'Owner', 'x')", owner)
	by := func(who *actor.Actor) context.Context {
		return actor.WithRequest(actor.With(t.Context(), who), actor.Request{ID: "r", IP: "192.0.2." + who.User.String()[35:], UserAgent: "agent of " + who.User.String()})
	}
	require.NoError(t, r.record(by(&actor.Actor{User: r.boss}), audit.Entry{Action: "by.staff", Customer: r.below}))
	require.NoError(t, r.record(by(&actor.Actor{User: owner, Impersonator: r.boss}), audit.Entry{Action: "as.owner", Customer: r.below}))
	require.NoError(t, r.record(by(&actor.Actor{User: owner}), audit.Entry{Action: "by.owner", Customer: r.below}))
	require.NoError(t, r.record(by(&actor.Actor{User: owner}), audit.Entry{Action: "elsewhere.canary", Customer: r.above}))
	got := r.export(member(t.Context(), r.below), &trail.Filter{}, trail.CSV)
	require.NotContains(t, got, r.boss.Opaque())
	require.NotContains(t, got, r.boss.String())
	require.NotContains(t, got, "canary")
	require.Equal(t, 1, strings.Count(got, "agent of "+owner.String()), "not what somebody else's browser is called")
	for _, action := range []string{"by.staff", "as.owner", "by.owner"} {
		require.Contains(t, got, action)
	}
	require.Contains(t, r.export(staff(t.Context()), &trail.Filter{}, trail.JSON), r.boss.Opaque())
	require.NotContains(t, r.export(member(t.Context(), r.below), &trail.Filter{ActorID: &r.boss}, trail.CSV), "by.staff", "a filter tells nothing more")
	require.Contains(t, r.export(staff(t.Context()), &trail.Filter{ActorID: &r.boss}, trail.CSV), "as.owner")
	var n int
	require.NoError(t, r.db.NewRaw("SELECT count(*) FROM audit_entries WHERE action = 'audit.export'").Scan(t.Context(), &n))
	require.Equal(t, 4, n, "each export is an entry")

	for name, tc := range map[string]struct {
		ctx    context.Context
		format trail.Format
		want   fault.Code
	}{
		"nobody":            {t.Context(), trail.CSV, fault.Unauthenticated},
		"no permission":     {actor.With(t.Context(), &actor.Actor{User: owner, Grants: []actor.Grant{{Customer: r.below, Permissions: []actor.Permission{actor.JobsRead}}}}), trail.CSV, fault.Forbidden},
		"no format":         {staff(t.Context()), "", fault.Invalid},
		"an unknown format": {staff(t.Context()), "xlsx", fault.Invalid},
	} {
		_, err := r.Export(tc.ctx, &trail.Filter{}, tc.format)
		require.Equal(t, tc.want, fault.CodeOf(err), name)
	}
	var open []*trail.Export
	for range 4 {
		e, err := r.Export(staff(t.Context()), &trail.Filter{}, trail.CSV)
		require.NoError(t, err)
		open = append(open, e)
	}
	_, err := r.Export(staff(t.Context()), &trail.Filter{}, trail.CSV)
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	for _, e := range open {
		e.Close()
	}
	r.export(staff(t.Context()), &trail.Filter{}, trail.CSV)
}

// What comes in meanwhile is not in an export, and everything before it is, once.
func TestExport_ManyPagesWhileOthersWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.exec("INSERT INTO audit_entries (action, request_id) SELECT 'test.many', i FROM generate_series(1, 2600) AS i")
	e, err := r.Export(staff(t.Context()), &trail.Filter{}, trail.CSV)
	require.NoError(t, err)
	defer e.Close()
	var b bytes.Buffer
	pages := 0
	require.NoError(t, e.Write(t.Context(), &b, func() {
		pages++
		r.exec("INSERT INTO audit_entries (action) VALUES ('test.later')")
	}))
	require.Equal(t, 6, pages, "it is read page by page")
	require.NotContains(t, b.String(), "test.later")
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[13]] = true
	}
	require.Len(t, seen, 2600)
	require.Len(t, rows, 2601)
}

func TestParseFilter(t *testing.T) {
	t.Parallel()
	get := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	f, err := trail.ParseFilter(get(nil))
	require.NoError(t, err)
	require.Equal(t, &trail.Filter{}, f)
	f, err = trail.ParseFilter(get(map[string]string{"ip": "192.0.2.1"}))
	require.NoError(t, err)
	require.Equal(t, "192.0.2.1", *f.IP)
	user := ident.NewUserID()
	f, err = trail.ParseFilter(get(map[string]string{"actorId": user.Opaque(), "action": "x.y", "exceptActions": "session.refresh,user.sign_in", "from": "2026-01-01T00:00:00Z", "allowed": "false"}))
	require.NoError(t, err)
	require.Equal(t, []string{"session.refresh", "user.sign_in"}, f.ExceptActions)
	require.Equal(t, user, *f.ActorID)
	require.False(t, *f.Allowed)
	for _, bad := range []map[string]string{{"from": "yesterday"}, {"to": "'; --"}, {"allowed": "perhaps"}} {
		_, err := trail.ParseFilter(get(bad))
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	}
	f, err = trail.ParseFilter(get(map[string]string{"actorId": "garbage"}))
	require.NoError(t, err)
	require.True(t, f.ActorID.IsZero(), "which nobody is")
}
