package fleet_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/agent/collect"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A machine counts how often it was measured.
type machine struct {
	host collect.Host
	took time.Duration // of one measurement

	mu      sync.Mutex
	samples int
	err     error
}

func (m *machine) Host() (collect.Host, error) { return m.host, m.err }

func (m *machine) Sample(ctx context.Context) (*fleet.Metrics, error) {
	select {
	case <-time.After(m.took):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	m.samples++
	return &fleet.Metrics{At: time.Now(), Processes: m.samples}, nil
}

func (m *machine) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.samples
}

func (m *machine) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func service(db *store.DB, bus events.Bus, node string, m *machine) *fleet.Service {
	return fleet.NewService(fleet.Config{DB: db, Bus: bus, Node: node, Source: m, Log: slog.New(slog.DiscardHandler)})
}

func staff(ctx context.Context) context.Context {
	return actor.With(ctx, &actor.Actor{User: ident.NewUserID(), Provider: []actor.Permission{actor.ServersRead}})
}

func registered(t *testing.T, db *store.DB, s *fleet.Service, node string) ident.ServerID {
	t.Helper()
	require.NoError(t, s.RegisterHost(t.Context()))
	var row models.Server
	require.NoError(t, db.NewSelect().Model(&row).Where("node = ?", node).Scan(t.Context()))
	return row.ID
}

func next(t *testing.T, c <-chan *fleet.Metrics) *fleet.Metrics {
	t.Helper()
	select {
	case m, ok := <-c:
		require.True(t, ok, "it is closed")
		return m
	case <-time.After(20 * time.Second):
		require.FailNow(t, "nothing came")
		return nil
	}
}

func TestService_RegisterHost(t *testing.T) {
	t.Parallel()
	db, m := testkit.DB(t), &machine{host: collect.Host{OSName: "Debian", CPUCount: 4, MemoryBytes: 1 << 30}}
	long := strings.Repeat("ä", 300)
	id := registered(t, db, service(db, &membus.Bus{}, long, m), long)
	m.host = collect.Host{}
	m.err = errors.New("no /proc")
	s := service(db, &membus.Bus{}, long, m)
	require.Equal(t, id, registered(t, db, s, long), "it is the same one after a restart")
	row, err := s.Find(staff(t.Context()), id)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("ä", 100), row.Name)
	require.Nil(t, row.OSName, "what it does not tell any more is not kept")
	require.NotEqual(t, id, registered(t, db, service(db, &membus.Bus{}, "b", m), "b"))

	latest, err := s.LatestMetrics(staff(t.Context()), []*models.Server{row})
	require.NoError(t, err, "a host that cannot be measured is null, no error")
	require.Equal(t, []*fleet.Metrics{nil}, latest)
}

func TestService_OnlyStaffSeeServers(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	s := service(db, &membus.Bus{}, "a", &machine{})
	id := registered(t, db, s, "a")
	tenant := actor.With(t.Context(), &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: ident.NewCustomerID(), Permissions: []actor.Permission{actor.ServersRead}}}})
	for name, ctx := range map[string]context.Context{"a tenant, even with the permission": tenant, "staff without it": actor.With(t.Context(), &actor.Actor{Provider: []actor.Permission{actor.JobsRead}})} {
		row, err := s.Find(ctx, id)
		require.NoError(t, err, name)
		require.Nil(t, row, name)
		_, err = s.Watch(ctx, id, nil)
		require.Equal(t, fault.NotFound, fault.CodeOf(err), name)
	}
	_, err := s.Find(t.Context(), id)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, err = s.Watch(staff(t.Context()), ident.NewServerID(), nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	for _, n := range []int{-1, 0, 61} {
		_, err = s.Watch(staff(t.Context()), id, &n)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%d", n)
	}
}

// However many watch, a host is measured once a second, and not at all when nobody does.
func TestService_MeasuresWhileSomebodyWatches(t *testing.T) {
	t.Parallel()
	db, m := testkit.DB(t), &machine{}
	s := service(db, &membus.Bus{}, "a", m)
	id := registered(t, db, s, "a")
	require.Zero(t, m.count(), "nobody watches")
	ctx, stop := context.WithCancel(staff(t.Context()))
	var all []<-chan *fleet.Metrics
	for range 100 {
		c, err := s.Watch(ctx, id, nil)
		require.NoError(t, err)
		all = append(all, c)
	}
	began := time.Now()
	for range 3 {
		for _, c := range all {
			next(t, c)
		}
	}
	require.LessOrEqual(t, float64(m.count()), time.Since(began).Seconds()+2)
	stop()
	for _, c := range all {
		for range c { // to the end
		}
	}
	measured := m.count()
	again, stopAgain := context.WithCancel(staff(t.Context()))
	defer stopAgain()
	c, err := s.Watch(again, id, nil)
	require.NoError(t, err)
	first := next(t, c).Processes
	require.GreaterOrEqual(t, first, measured, "what is known comes at once")
	require.Greater(t, next(t, c).Processes, first, "and it is measured again")
}

// The sampler by a clock of its own: intervals, newest only, failures.
func TestService_Intervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, row := &machine{took: 10 * time.Millisecond}, &models.Server{ID: ident.NewServerID()}
		s := service(nil, &membus.Bus{}, "a", m)
		fleet.Own(s, row.ID)
		every := fleet.WatchOwn(t.Context(), s, 1)
		third := fleet.WatchOwn(t.Context(), s, 3)
		slow := fleet.WatchOwn(t.Context(), s, 1)
		began := time.Now()
		for i := range 10 {
			require.Equal(t, i+1, next(t, every).Processes)
			require.Equal(t, time.Duration(i)*time.Second+m.took, time.Since(began).Round(m.took))
			if i%3 == 0 {
				require.Equal(t, i+1, next(t, third).Processes)
			}
			synctest.Wait()
			if i%3 != 0 {
				require.Empty(t, third)
			}
		}
		require.Equal(t, 10, next(t, slow).Processes, "only the newest waits")
		m.fail(errors.New("no /proc"))
		time.Sleep(3 * time.Second) //nolint:forbidigo // of synctest's clock
		require.Empty(t, every)
		m.fail(nil)
		require.Equal(t, 11, next(t, every).Processes, "it goes on when it can be measured again")

		latest, err := s.LatestMetrics(t.Context(), []*models.Server{row})
		require.NoError(t, err)
		require.Equal(t, 11, latest[0].Processes, "while somebody watches, nothing is measured for those who ask")
	})
}

func TestService_LatestIsMeasuredOnceForMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, row := &machine{took: 100 * time.Millisecond}, &models.Server{ID: ident.NewServerID()}
		s := service(nil, &membus.Bus{}, "a", m)
		fleet.Own(s, row.ID)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				latest, err := s.LatestMetrics(t.Context(), []*models.Server{row, {ID: ident.NewServerID()}})
				require.NoError(t, err)
				require.NotNil(t, latest[0])
				require.Nil(t, latest[1])
			})
		}
		wg.Wait()
		require.Equal(t, 1, m.count())
		time.Sleep(2 * time.Second) //nolint:forbidigo // of synctest's clock
		_, err := s.LatestMetrics(t.Context(), []*models.Server{row})
		require.NoError(t, err)
		require.Equal(t, 2, m.count(), "what is old is measured again")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(2 * time.Second) //nolint:forbidigo // of synctest's clock
		_, err = s.LatestMetrics(ctx, []*models.Server{row})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// A host is watched on any node; it is measured on its own, while somebody does.
func TestService_HostOfAnotherNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bus, row := &membus.Bus{}, &models.Server{ID: ident.NewServerID()}
		ma, mb := &machine{}, &machine{}
		a, b := service(nil, bus, "a", ma), service(nil, bus, "b", mb)
		fleet.Own(a, ident.NewServerID())
		fleet.Own(b, row.ID)
		running, stopRunning := context.WithCancel(t.Context())
		var runs sync.WaitGroup
		runs.Go(func() { a.Run(running) })
		runs.Go(func() { b.Run(running) })
		synctest.Wait()
		latest, err := a.LatestMetrics(t.Context(), []*models.Server{row})
		require.NoError(t, err)
		require.Equal(t, []*fleet.Metrics{nil}, latest, "nobody watches it here")
		require.Zero(t, mb.count())

		ctx, stop := context.WithCancel(t.Context())
		every, third := fleet.WatchOther(ctx, a, row.ID, 1), fleet.WatchOther(ctx, a, row.ID, 3)
		seldom := 0
		for i := range 10 {
			require.Equal(t, i+1, next(t, every).Processes)
			synctest.Wait()
			select {
			case m := <-third:
				if seldom > 0 {
					require.Equal(t, seldom+3, m.Processes)
				}
				seldom = m.Processes
			default:
			}
		}
		require.GreaterOrEqual(t, seldom, 7)
		require.Zero(t, ma.count(), "it is measured where it is")
		latest, err = a.LatestMetrics(t.Context(), []*models.Server{row})
		require.NoError(t, err)
		require.Equal(t, 10, latest[0].Processes)
		stop()
		time.Sleep(4 * time.Second) //nolint:forbidigo // of synctest's clock
		measured := mb.count()
		time.Sleep(time.Minute) //nolint:forbidigo // of synctest's clock
		require.Equal(t, measured, mb.count(), "nobody watches any more")
		latest, err = a.LatestMetrics(t.Context(), []*models.Server{row})
		require.NoError(t, err)
		require.Nil(t, latest[0])
		stopRunning()
		runs.Wait()
	})
}
