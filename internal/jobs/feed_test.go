package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
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

func TestMain(m *testing.M) { testkit.Main(m) }

// deaf is a bus that loses every message.
type deaf struct{}

func (deaf) Publish(string, any)                   {}
func (deaf) Subscribe(string) (<-chan any, func()) { return make(chan any), func() {} }

type rig struct {
	*jobs.Service
	db  *store.DB
	bus events.Bus

	takeOver func() // another server does
}

func newRig(t *testing.T, bus events.Bus, look time.Duration) *rig {
	t.Helper()
	r := &rig{db: testkit.DB(t), bus: bus}
	r.start(t, look)
	return r
}

// start begins to look.
func (r *rig) start(t *testing.T, look time.Duration) {
	t.Helper()
	feed := jobs.NewFeed(r.db, r.bus, look, slog.New(slog.DiscardHandler))
	r.takeOver = feed.OfAnotherServer()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); feed.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	r.Service = jobs.NewService(r.db, feed, nil)
}

func staff(ctx context.Context) context.Context {
	return actor.With(ctx, &actor.Actor{User: ident.NewUserID(), Provider: []actor.Permission{actor.JobsRead}})
}

// job inserts a job without events.
func (r *rig) job(t *testing.T, customer ident.CustomerID) *models.Job {
	t.Helper()
	j := &models.Job{
		ID: ident.NewJobID(), Kind: "thing.create", PlanVersion: 1, CustomerID: customer, ResourceKind: ident.Database,
		ResourceID: uuid.New(), TargetGeneration: 1, State: models.JobRunning,
	}
	_, err := r.db.NewInsert().Model(j).Exec(t.Context())
	require.NoError(t, err)
	return j
}

// add writes the job's next event, as the journal does: row first, then the bus.
func (r *rig) add(ctx context.Context, id ident.JobID, state models.JobState) error {
	var ev *models.JobEvent
	err := store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
		ev = &models.JobEvent{JobID: id, Kind: "step.progress", State: state}
		err := tx.NewUpdate().Table("jobs").Set("event_seq = event_seq + 1, state = ?", state).Where("id = ?", id).Returning("event_seq").Scan(ctx, &ev.Seq)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(ev).Exec(ctx)
		return err
	})
	if err == nil {
		r.bus.Publish(engine.Topic(id), ev)
	}
	return err
}

// read takes n items, or all until the end for n < 0.
func read(t *testing.T, ch <-chan jobs.StreamItem, n int) (seqs []int64) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for n < 0 || len(seqs) < n {
		select {
		case item, ok := <-ch:
			if !ok {
				require.Negative(t, n, "the stream ended early, after %v", seqs)
				return seqs
			}
			switch item := item.(type) {
			case *models.JobEvent:
				seqs = append(seqs, item.Seq)
			case *jobs.Gap:
				seqs = append(seqs, -item.Position.Seq)
			}
		case <-timeout:
			t.Fatalf("nothing came after %v", seqs)
		}
	}
	return seqs
}

func upTo(from, to int64) (list []int64) {
	for i := from; i <= to; i++ {
		list = append(list, i)
	}
	return list
}

func TestWatch_ReplaysThenFollowsAndEnds(t *testing.T) {
	t.Parallel()
	for name, bus := range map[string]events.Bus{"with a bus": &membus.Bus{}, "every message lost, the last one too": deaf{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := staff(t.Context())
			r := newRig(t, bus, 50*time.Millisecond)
			j := r.job(t, ident.CustomerID{})
			for range 3 {
				require.NoError(t, r.add(ctx, j.ID, models.JobRunning))
			}
			ch, err := r.Watch(ctx, j.ID, nil)
			require.NoError(t, err)
			require.Equal(t, upTo(1, 3), read(t, ch, 3))
			require.NoError(t, r.add(ctx, j.ID, models.JobRunning))
			require.Equal(t, upTo(4, 4), read(t, ch, 1))
			require.NoError(t, r.add(ctx, j.ID, models.JobSucceeded))
			require.Equal(t, upTo(5, 5), read(t, ch, -1))

			again, err := r.Watch(ctx, j.ID, &models.Position{Job: j.ID, Seq: 2})
			require.NoError(t, err)
			require.Equal(t, upTo(3, 5), read(t, again, -1))
			over, err := r.Watch(ctx, j.ID, &models.Position{Job: j.ID, Seq: 5})
			require.NoError(t, err)
			require.Empty(t, read(t, over, -1))
		})
	}
}

// A writer goes on while readers leave and come back wherever they are.
func TestWatch_ReconnectsSeeEachEventOnceInOrder(t *testing.T) {
	t.Parallel()
	const total, readers = 400, 8
	ctx := staff(t.Context())
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	j := r.job(t, ident.CustomerID{})
	written := make(chan error, 1)
	go func() {
		for i := range total {
			state := models.JobRunning
			if i == total-1 {
				state = models.JobSucceeded
			}
			if err := r.add(ctx, j.ID, state); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	results := make(chan error, readers)
	for n := range readers {
		go func() {
			random := rand.New(rand.NewPCG(1, uint64(n))) // repeatable on purpose
			last := int64(0)
			for last < total {
				watching, leave := context.WithCancel(ctx)
				ch, err := r.Watch(watching, j.ID, &models.Position{Job: j.ID, Seq: last})
				if err != nil {
					results <- err
					leave()
					return
				}
				stay := 1 + random.IntN(60)
				for item := range ch {
					ev, ok := item.(*models.JobEvent)
					if !ok || ev.Seq != last+1 {
						results <- fmt.Errorf("after %d came %+v", last, item)
						leave()
						return
					}
					last = ev.Seq
					if stay--; stay == 0 {
						break
					}
				}
				leave()
			}
			results <- nil
		}()
	}
	for range readers {
		require.NoError(t, <-results)
	}
	require.NoError(t, <-written)
}

// A reader that is slower than the bus's buffer is served from the table.
func TestWatch_SlowReaderMissesNothing(t *testing.T) {
	t.Parallel()
	ctx := staff(t.Context())
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	j := r.job(t, ident.CustomerID{})
	ch, err := r.Watch(ctx, j.ID, nil)
	require.NoError(t, err)
	total := int64(3 * membus.Buffer)
	for range total - 1 {
		require.NoError(t, r.add(ctx, j.ID, models.JobRunning))
	}
	require.NoError(t, r.add(ctx, j.ID, models.JobFailed))
	require.Equal(t, upTo(1, total), read(t, ch, -1))
}

func TestWatch_GapIsTold(t *testing.T) {
	t.Parallel()
	ctx := staff(t.Context())
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	j := r.job(t, ident.CustomerID{})
	for range 5 {
		require.NoError(t, r.add(ctx, j.ID, models.JobRunning))
	}
	require.NoError(t, r.add(ctx, j.ID, models.JobSucceeded))
	_, err := r.db.ExecContext(ctx, "DELETE FROM job_events WHERE job_id = ? AND seq <= 3", j.ID)
	require.NoError(t, err)
	ch, err := r.Watch(ctx, j.ID, &models.Position{Job: j.ID, Seq: 1})
	require.NoError(t, err)
	require.Equal(t, []int64{-3, 4, 5, 6}, read(t, ch, -1))

	ahead, err := r.Watch(ctx, j.ID, &models.Position{Job: j.ID, Seq: 99})
	require.NoError(t, err)
	require.Equal(t, []int64{-6}, read(t, ahead, -1), "a position from before a restore")
}

func TestWatch_ForeignIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, time.Second)
	mine, other := customer(t, r.db), customer(t, r.db)
	foreign := r.job(t, other)
	own := r.job(t, mine)
	ctx := actor.With(t.Context(), &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: mine, Permissions: []actor.Permission{actor.JobsRead}}}})
	_, errForeign := r.Watch(ctx, foreign.ID, nil)
	_, errMissing := r.Watch(ctx, ident.NewJobID(), nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(errForeign))
	require.Equal(t, errMissing, errForeign)
	_, err := r.Watch(ctx, own.ID, &models.Position{Job: foreign.ID, Seq: 1})
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "a position of another stream")
	found, err := r.Find(ctx, foreign.ID)
	require.NoError(t, err)
	require.Nil(t, found)
	_, err = r.Watch(t.Context(), own.ID, nil)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

func customer(t *testing.T, db *store.DB) ident.CustomerID {
	t.Helper()
	c := &models.Customer{ID: ident.NewCustomerID(), Name: "c", Email: "c@example.com", State: models.CustomerActive}
	_, err := db.NewInsert().Model(c).Exec(t.Context())
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "INSERT INTO customer_tree VALUES (?0::uuid, ?0::uuid, 0)", c.ID)
	require.NoError(t, err)
	return c.ID
}

func TestPosition_OnlyItsOwnFormIsTaken(t *testing.T) {
	t.Parallel()
	p := models.Position{Job: ident.NewJobID(), Seq: 300}
	var back models.Position
	require.NoError(t, back.UnmarshalGQL(p.String()))
	require.Equal(t, p, back)
	r := newRig(t, &membus.Bus{}, time.Second)
	j := r.job(t, ident.CustomerID{})
	for name, s := range map[string]string{"empty": "", "no base64": "§§", "too short": "AAAA", "text": "MTIzNDU2Nzg5MDEyMzQ1Njc4", "a long one": p.String() + "AAAA"} {
		require.NoError(t, back.UnmarshalGQL(s), name)
		_, err := r.Watch(staff(t.Context()), j.ID, &back)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	require.Error(t, back.UnmarshalGQL(5))
}
