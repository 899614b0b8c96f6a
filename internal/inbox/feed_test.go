package inbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Each is told what is their own, once and in order, on every node, also when they come
// back; nobody is told it in their name.
func TestWatch_OnesOwnAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev, other := r.member("dev", r.below, models.CustomerDeveloper), r.member("other", r.below, models.CustomerOwner)
	boss := r.user("boss", models.ProviderOwner)
	watch := func(s *inbox.Service, ctx context.Context, after *models.Position) <-chan inbox.StreamItem {
		t.Helper()
		ch, err := s.Watch(ctx, after)
		require.NoError(t, err)
		return ch
	}
	mine, elsewhere := watch(r.Service, as(t.Context(), dev), nil), watch(r.node(), as(t.Context(), dev), nil)
	theirs := watch(r.Service, as(t.Context(), boss), nil)
	silent := map[string]<-chan inbox.StreamItem{}
	for name, ctx := range others(t.Context(), dev) {
		silent[name] = watch(r.Service, ctx, nil)
		began(t, silent[name])
	}
	start := began(t, mine)
	began(t, elsewhere)
	began(t, theirs)
	var jobs []*models.Job
	for i, by := range []ident.UserID{dev, other, dev, boss, dev} {
		jobs = append(jobs, r.job(r.below, by, models.JobSucceeded))
		jobs[i].Kind = fmt.Sprint("thing.", i)
		r.tell(jobs[i])
	}
	for _, ch := range []<-chan inbox.StreamItem{mine, elsewhere} {
		for _, i := range []int{0, 2, 4} {
			e := entry(t, ch)
			require.Equal(t, jobs[i].ID.UUID, e.Notification.ObjectID)
			require.Equal(t, dev, e.Notification.UserID)
			require.True(t, e.Position.OfNotifications())
		}
	}
	require.Equal(t, jobs[3].ID.UUID, entry(t, theirs).Notification.ObjectID)
	for name, ch := range silent { // all of them were there when the last one was told
		select {
		case item := <-ch:
			t.Errorf("%s is told %#v", name, item)
		default:
		}
	}
	again := watch(r.Service, as(t.Context(), dev), start)
	require.Equal(t, jobs[0].ID.UUID, entry(t, again).Notification.ObjectID)
	place := entry(t, again).Position
	last := watch(r.Service, as(t.Context(), dev), &place)
	require.Equal(t, jobs[4].ID.UUID, entry(t, last).Notification.ObjectID)
	borrowed := watch(r.Service, as(t.Context(), boss), start)
	require.Equal(t, jobs[3].ID.UUID, entry(t, borrowed).Notification.ObjectID, "a position of somebody else's gives one's own")

	_, err := r.Watch(t.Context(), nil)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

func TestWatch_PositionsOfOtherStreams(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := as(t.Context(), r.user("boss", models.ProviderOwner))
	for name, p := range map[string]models.Position{
		"garbage":         {Bad: true},
		"a job's":         {Job: ident.NewJobID(), Seq: 1},
		"the audit's":     {Job: models.AuditStream, Seq: 1, Place: &models.FeedPlace{Epoch: 1, Tx: 1}},
		"without a place": {Job: models.NotificationStream, Seq: 1},
	} {
		_, err := r.Watch(ctx, &p)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	ch, err := r.Watch(ctx, &models.Position{Job: models.NotificationStream, Seq: 1, Place: &models.FeedPlace{Epoch: 1, Tx: 1}})
	require.NoError(t, err, "another server's")
	p := began(t, ch)
	var round models.Position
	require.NoError(t, round.UnmarshalGQL(p.String()))
	require.Equal(t, *p, round)
}

// What a dump has brought from a server that counted further is not told as new.
func TestWatch_AfterARestore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev := r.member("dev", r.below, models.CustomerDeveloper)
	r.tell(r.job(r.below, dev, models.JobFailed))
	r.exec("UPDATE notifications SET xid = '4000000000'")
	ch, err := r.node().Watch(as(t.Context(), dev), nil)
	require.NoError(t, err)
	began(t, ch)
	job := r.job(r.below, dev, models.JobSucceeded)
	r.tell(job)
	require.Equal(t, job.ID.UUID, entry(t, ch).Notification.ObjectID)
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, r.db.NewRaw("SELECT count(*) FROM notifications WHERE xid = '0'").Scan(t.Context(), &n))
		return n == 1
	}, 10*time.Second, 10*time.Millisecond)
}

// Many write at once, in any order and some in vain; nobody misses anything, however
// often they come back.
func TestWatch_CommitsInAnyOrder(t *testing.T) {
	t.Parallel()
	const writers, each = 12, 30
	r := newRig(t)
	dev, other := r.member("dev", r.below, models.CustomerDeveloper), r.member("other", r.below, models.CustomerOwner)
	steady, err := r.Watch(as(t.Context(), dev), nil)
	require.NoError(t, err)
	place := began(t, steady)
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 7))
			for range each {
				err := store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) error {
					if _, err := tx.NewRaw("SELECT pg_current_xact_id()").Exec(ctx); err != nil {
						return err
					}
					for range dice.IntN(8) {
						if _, err := tx.NewRaw("SELECT 1").Exec(ctx); err != nil {
							return err
						}
					}
					for _, by := range []ident.UserID{dev, other} {
						if err := r.JobChanged(tx, r.job(r.below, by, models.JobSucceeded)); err != nil {
							return err
						}
					}
					if dice.IntN(5) == 0 {
						return context.Canceled
					}
					return nil
				})
				if err != nil && !strings.Contains(err.Error(), "canceled") {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	committed := func() (n int) {
		require.NoError(t, r.db.NewRaw("SELECT count(*) FROM notifications WHERE user_id = ?", dev).Scan(t.Context(), &n))
		return n
	}
	dice := rand.New(rand.NewPCG(9, 9))
	var restless []string
	for over := false; !over || len(restless) < committed(); {
		ctx, leave := context.WithCancel(as(t.Context(), dev))
		ch, err := r.Watch(ctx, place)
		require.NoError(t, err)
		for range 1 + dice.IntN(30) {
			var e *inbox.Entry
			select {
			case item := <-ch:
				e, _ = item.(*inbox.Entry)
				require.NotNil(t, e, "%#v", item)
			case <-done: // what the last of them began may have come to nothing
				over = true
				if len(restless) < committed() {
					e = entry(t, ch)
				}
			}
			if e == nil {
				break
			}
			restless, place = append(restless, e.Notification.ID.String()), &e.Position
		}
		leave()
		for range ch {
		}
	}
	var want []string
	require.NoError(t, r.db.NewRaw("SELECT id::text FROM notifications WHERE user_id = ? ORDER BY xid, number", dev).Scan(t.Context(), &want))
	require.Greater(t, len(want), writers*each/2)
	require.Equal(t, want, restless)
	for _, id := range want {
		require.Equal(t, id, entry(t, steady).Notification.ID.String())
	}
}
