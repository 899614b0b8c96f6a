package jobs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// next takes the stream's next item.
func next(t *testing.T, ch <-chan jobs.StreamItem) jobs.StreamItem {
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

// began takes the gap that a feed begins with, and gives its position.
func began(t *testing.T, ch <-chan jobs.StreamItem) *models.Position {
	t.Helper()
	gap, ok := next(t, ch).(*jobs.Gap)
	require.True(t, ok)
	return &gap.Position
}

// told is the job and number of the next event, and its position.
func told(t *testing.T, ch <-chan jobs.StreamItem) (string, *models.Position) {
	t.Helper()
	item := next(t, ch)
	ev, ok := item.(*models.JobEvent)
	require.True(t, ok, "%#v", item)
	p := ev.Position()
	return fmt.Sprint(ev.JobID, " ", ev.Seq), &p
}

func (r *rig) commit(t *testing.T, id ident.JobID) {
	t.Helper()
	require.NoError(t, r.add(t.Context(), id, models.JobRunning))
	r.bus.Publish(engine.CommittedTopic, engine.Committed{})
}

func TestWatchAll_BeginsNowAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, bus := range map[string]events.Bus{"with a bus": &membus.Bus{}, "every message lost": deaf{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, bus, 50*time.Millisecond)
			a, b := r.job(t, ident.CustomerID{}), r.job(t, ident.CustomerID{})
			r.commit(t, a.ID)
			require.Eventually(t, func() bool { // other tests' transactions hold it back, too
				var settled bool
				require.NoError(t, r.db.NewRaw("SELECT pg_snapshot_xmin(pg_current_snapshot()) > max(xid) FROM job_events").Scan(t.Context(), &settled))
				return settled
			}, 20*time.Second, 5*time.Millisecond)
			ctx, stop := context.WithCancel(staff(t.Context()))
			ch, err := r.WatchAll(ctx, nil, nil)
			require.NoError(t, err)
			start := began(t, ch)
			r.commit(t, a.ID)
			got, _ := told(t, ch)
			require.Equal(t, fmt.Sprint(a.ID, " 2"), got)
			r.commit(t, b.ID)
			got, place := told(t, ch)
			require.Equal(t, fmt.Sprint(b.ID, " 1"), got)
			stop()
			for range ch {
			}
			r.commit(t, a.ID)

			again, err := r.WatchAll(staff(t.Context()), nil, place)
			require.NoError(t, err)
			got, _ = told(t, again)
			require.Equal(t, fmt.Sprint(a.ID, " 3"), got)
			r.commit(t, b.ID)
			got, _ = told(t, again)
			require.Equal(t, fmt.Sprint(b.ID, " 2"), got)

			all, err := r.WatchAll(staff(t.Context()), nil, start)
			require.NoError(t, err)
			for _, want := range []string{fmt.Sprint(a.ID, " 2"), fmt.Sprint(b.ID, " 1"), fmt.Sprint(a.ID, " 3"), fmt.Sprint(b.ID, " 2")} {
				got, _ := told(t, all)
				require.Equal(t, want, got, "the position of the beginning is one to go on from")
			}
		})
	}
}

// Numbers are given out in another order than they are committed in. Nothing is
// passed by, whoever joins when, and however often somebody comes back.
func TestWatchAll_CommitsInAnyOrder(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 60
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	list := make([]*models.Job, writers)
	for i := range list {
		list[i] = r.job(t, ident.CustomerID{})
	}
	ctx := staff(t.Context())
	first, err := r.WatchAll(ctx, nil, nil)
	require.NoError(t, err)
	start := began(t, first)

	write := func(j *models.Job, dice *rand.Rand) error {
		return store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
			ev := &models.JobEvent{JobID: j.ID, Kind: "step.progress", State: models.JobRunning}
			if _, err := tx.ExecContext(ctx, "SELECT pg_current_xact_id(), pg_sleep(?)", dice.Float64()/100); err != nil {
				return err
			}
			if err := tx.NewUpdate().Table("jobs").Set("event_seq = event_seq + 1").Where("id = ?", j.ID).Returning("event_seq").Scan(ctx, &ev.Seq); err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(ev).Exec(ctx); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "SELECT pg_sleep(?)", dice.Float64()/50)
			return err
		})
	}
	var wg sync.WaitGroup
	for i, j := range list {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(i), 1))
			for range each {
				if err := write(j, dice); err != nil {
					t.Error(err)
				}
				r.bus.Publish(engine.CommittedTopic, engine.Committed{})
			}
		})
	}
	// check takes all events, each job's in order; with breaks it comes back every few events.
	check := func(ch <-chan jobs.StreamItem, breaks bool) {
		last := map[ident.JobID]int64{}
		watching, stop := context.WithCancel(ctx)
		if breaks {
			var err error
			ch, err = r.WatchAll(watching, nil, start)
			require.NoError(t, err)
		}
		for n := 1; n <= writers*each; n++ {
			ev, ok := next(t, ch).(*models.JobEvent)
			require.True(t, ok)
			require.Equal(t, last[ev.JobID]+1, ev.Seq, "event %d of all", n)
			last[ev.JobID]++
			if breaks && n%17 == 0 {
				stop()
				place := ev.Position()
				watching, stop = context.WithCancel(ctx) //nolint:fatcontext // stopped below or in the next turn
				var err error
				ch, err = r.WatchAll(watching, nil, &place)
				require.NoError(t, err)
			}
		}
		stop()
	}
	check(nil, true)
	check(first, false)
	wg.Wait()
	check(nil, true)
}

// A transaction that stays open holds back what was begun after it, and only that
// long; one that wrote no event is no different.
func TestWatchAll_HeldBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, time.Hour) // so that only a second look can find it
	j := r.job(t, ident.CustomerID{})
	ch, err := r.WatchAll(staff(t.Context()), nil, nil)
	require.NoError(t, err)
	began(t, ch)
	tx, err := r.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "SELECT pg_current_xact_id()")
	require.NoError(t, err)
	r.commit(t, j.ID)
	select {
	case item := <-ch:
		t.Fatalf("%v came before what may stand before it", item)
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, tx.Rollback())
	got, _ := told(t, ch)
	require.Equal(t, fmt.Sprint(j.ID, " 1"), got)
}

// Who does not read falls behind, is served from the table, and misses nothing.
func TestWatchAll_SlowReader(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, 20*time.Millisecond)
	j := r.job(t, ident.CustomerID{})
	slow, err := r.WatchAll(staff(t.Context()), nil, nil)
	require.NoError(t, err)
	began(t, slow)
	quick, err := r.WatchAll(staff(t.Context()), nil, nil)
	require.NoError(t, err)
	began(t, quick)
	for i := 1; i <= 300; i++ {
		r.commit(t, j.ID)
		got, _ := told(t, quick)
		require.Equal(t, fmt.Sprint(j.ID, " ", i), got, "others are not delayed")
	}
	for i := 1; i <= 300; i++ {
		got, _ := told(t, slow)
		require.Equal(t, fmt.Sprint(j.ID, " ", i), got)
	}
}

func TestWatchAll_OnlyWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	reseller, other := customer(t, r.db), customer(t, r.db)
	below := customer(t, r.db)
	_, err := r.db.ExecContext(t.Context(), "INSERT INTO customer_tree VALUES (?::uuid, ?::uuid, 1)", reseller, below)
	require.NoError(t, err)
	provider, own, child, foreign := r.job(t, ident.CustomerID{}), r.job(t, reseller), r.job(t, below), r.job(t, other)
	as := func(c ident.CustomerID, p actor.Permission) context.Context {
		return actor.With(t.Context(), &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: c, Permissions: []actor.Permission{p}}}})
	}
	ch, err := r.WatchAll(as(reseller, actor.JobsRead), nil, nil)
	require.NoError(t, err)
	start := began(t, ch)
	one, err := r.WatchAll(as(reseller, actor.JobsRead), new(below.Opaque()), nil)
	require.NoError(t, err)
	began(t, one)
	nothing, err := r.WatchAll(as(reseller, actor.DatabasesRead), nil, nil)
	require.NoError(t, err)
	began(t, nothing)
	for _, j := range []*models.Job{provider, foreign, own, foreign, child, provider, own} {
		r.commit(t, j.ID)
	}
	want := []string{fmt.Sprint(own.ID, " 1"), fmt.Sprint(child.ID, " 1"), fmt.Sprint(own.ID, " 2")}
	for _, w := range want {
		got, _ := told(t, ch)
		require.Equal(t, w, got)
	}
	got, _ := told(t, one)
	require.Equal(t, fmt.Sprint(child.ID, " 1"), got)
	again, err := r.WatchAll(as(reseller, actor.JobsRead), nil, start)
	require.NoError(t, err)
	for _, w := range want {
		got, _ := told(t, again)
		require.Equal(t, w, got, "the table tells no more than the bus")
	}
	for _, ch := range []<-chan jobs.StreamItem{ch, one, again, nothing} {
		select {
		case item := <-ch:
			t.Fatalf("%v is too much", item)
		default:
		}
	}

	_, errForeign := r.WatchAll(as(below, actor.JobsRead), new(reseller.Opaque()), nil)
	_, errMissing := r.WatchAll(as(below, actor.JobsRead), new(ident.NewCustomerID().Opaque()), nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(errForeign))
	require.Equal(t, errMissing, errForeign)
	_, err = r.WatchAll(as(below, actor.JobsRead), new("nonsense"), nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	_, err = r.WatchAll(t.Context(), nil, nil)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

func TestWatchAll_Positions(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	j := r.job(t, ident.CustomerID{})
	ctx := staff(t.Context())
	ch, err := r.WatchAll(ctx, nil, nil)
	require.NoError(t, err)
	began(t, ch)
	r.commit(t, j.ID)
	_, place := told(t, ch)
	var back models.Position
	require.NoError(t, back.UnmarshalGQL(place.String()))
	require.Equal(t, *place, back)

	for name, p := range map[string]models.Position{"of one job": {Job: j.ID, Seq: 1}, "none at all": {Bad: true}, "of the audit": {Job: models.AuditStream, Seq: 1, Place: place.Place}, "of notifications": {Job: models.NotificationStream, Seq: 1, Place: place.Place}} {
		_, err = r.WatchAll(ctx, nil, &p)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	_, err = r.Watch(ctx, j.ID, place)
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "of the feed")

	for name, p := range map[string]models.FeedPlace{
		"of another server":                      {Epoch: place.Place.Epoch + 1, Tx: place.Place.Tx},
		"of before the server went back in time": {Epoch: place.Place.Epoch, Tx: place.Place.Tx + 1_000_000},
	} {
		ch, err := r.WatchAll(ctx, nil, &models.Position{Job: j.ID, Seq: 1, Place: &p})
		require.NoError(t, err, name)
		began(t, ch)
		r.commit(t, j.ID)
		told(t, ch)
	}
}

// Events that a dump of another server has brought, whose transactions this one
// begins some day, are of the past.
func TestWatchAll_AfterARestore(t *testing.T) {
	t.Parallel()
	r := &rig{db: testkit.DB(t), bus: &membus.Bus{}}
	j := r.job(t, ident.CustomerID{})
	require.NoError(t, r.add(t.Context(), j.ID, models.JobRunning))
	_, err := r.db.ExecContext(t.Context(), "UPDATE job_events SET xid = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8")
	require.NoError(t, err)
	r.start(t, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		var first string
		require.NoError(t, r.db.NewRaw("SELECT xid::text FROM job_events").Scan(t.Context(), &first))
		return first == "0"
	}, 20*time.Second, 5*time.Millisecond)
	ch, err := r.WatchAll(staff(t.Context()), nil, nil)
	require.NoError(t, err)
	began(t, ch)
	for i := 2; i < 9; i++ {
		r.commit(t, j.ID)
		got, _ := told(t, ch)
		require.Equal(t, fmt.Sprint(j.ID, " ", i), got)
	}
}

// Another server takes over while somebody watches: the stream says that it does not
// know what was before, and goes on, also from the positions of before.
func TestWatchAll_AnotherServerTakesOver(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, 20*time.Millisecond)
	j := r.job(t, ident.CustomerID{})
	ch, err := r.WatchAll(staff(t.Context()), nil, nil)
	require.NoError(t, err)
	began(t, ch)
	r.commit(t, j.ID)
	_, before := told(t, ch)
	r.takeOver()
	place := began(t, ch)
	require.NotEqual(t, before.Place.Epoch, place.Place.Epoch)
	old, err := r.WatchAll(staff(t.Context()), nil, before)
	require.NoError(t, err)
	began(t, old)
	r.commit(t, j.ID)
	for _, ch := range []<-chan jobs.StreamItem{ch, old} {
		for {
			got, p := told(t, ch)
			require.Equal(t, place.Place.Epoch, p.Place.Epoch)
			if got == fmt.Sprint(j.ID, " 2") { // the first may be told again: nothing of before is known
				break
			}
		}
	}
}

// Who sees hardly anything gets on through what is others'.
func TestWatchAll_ThroughWhatIsOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	mine, other := customer(t, r.db), customer(t, r.db)
	own, foreign := r.job(t, mine), r.job(t, other)
	ctx := actor.With(t.Context(), &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: mine, Permissions: []actor.Permission{actor.JobsRead}}}})
	watching, stop := context.WithCancel(ctx)
	ch, err := r.WatchAll(watching, nil, nil)
	require.NoError(t, err)
	start := began(t, ch)
	stop()
	_, err = r.db.ExecContext(t.Context(), "INSERT INTO job_events (job_id, seq, kind, state, percent) SELECT ?, n, 'step.progress', 'RUNNING', 0 FROM generate_series(1, 12000) n", foreign.ID)
	require.NoError(t, err)
	r.commit(t, own.ID)
	again, err := r.WatchAll(ctx, nil, start)
	require.NoError(t, err)
	got, _ := told(t, again)
	require.Equal(t, fmt.Sprint(own.ID, " 1"), got)
}
