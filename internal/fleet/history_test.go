package fleet_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestAverage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	got := fleet.Average(at, []*fleet.Metrics{
		{
			At: at.Add(time.Second), CPUPercent: 10, CorePercents: []float64{20, 0, 5}, Load1: 1, Load5: 2, Load15: 3, MemoryUsedBytes: 100, MemoryTotalBytes: 900,
			SwapUsedBytes: 4, SwapTotalBytes: 8, UptimeSeconds: 50, Processes: 7,
			Disks:    []*fleet.DiskMetrics{{Mount: "/gone", UsedBytes: 5, TotalBytes: 9}, {Mount: "/", UsedBytes: 10, TotalBytes: 100, ReadBytesPerSecond: 1, WriteBytesPerSecond: 4, Stale: true}},
			Networks: []*fleet.NetworkMetrics{{Name: "a", ReceivedBytesPerSecond: 10, SentBytesPerSecond: 20, ErrorsPerSecond: 1}},
		},
		{
			At: at.Add(16 * time.Second), CPUPercent: 31, CorePercents: []float64{60, 2}, Load1: 2, Load5: 4, Load15: 6, MemoryUsedBytes: 201, MemoryTotalBytes: 1000,
			SwapUsedBytes: 5, SwapTotalBytes: 16, UptimeSeconds: 65, Processes: 8,
			Disks:    []*fleet.DiskMetrics{{Mount: "/", UsedBytes: 21, TotalBytes: 200, ReadBytesPerSecond: 2, WriteBytesPerSecond: 6}},
			Networks: []*fleet.NetworkMetrics{{Name: "b", SentBytesPerSecond: 3}, {Name: "a", ReceivedBytesPerSecond: 30, SentBytesPerSecond: 20}},
		},
	})
	require.Equal(t, &fleet.Metrics{
		At: at, CPUPercent: 20.5, CorePercents: []float64{40, 1}, Load1: 1.5, Load5: 3, Load15: 4.5, MemoryUsedBytes: 151, MemoryTotalBytes: 1000,
		SwapUsedBytes: 5, SwapTotalBytes: 16, UptimeSeconds: 65, Processes: 8,
		Disks: []*fleet.DiskMetrics{{Mount: "/gone", UsedBytes: 5, TotalBytes: 9}, {Mount: "/", UsedBytes: 16, TotalBytes: 200, ReadBytesPerSecond: 1.5, WriteBytesPerSecond: 5}},
		Networks: []*fleet.NetworkMetrics{
			{Name: "a", ReceivedBytesPerSecond: 20, SentBytesPerSecond: 20, ErrorsPerSecond: .5}, {Name: "b", SentBytesPerSecond: 3},
		},
	}, got)
}

// A host is measured four times a minute while nobody watches it.
func TestRecord_EachMinuteOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		s := service(nil, &membus.Bus{}, "a", m)
		fleet.Own(s, ident.NewServerID())
		r := fleet.NewRecorder(s)
		began := time.Now() // synctest's clock begins at midnight
		for i := range 10 {
			over, err := r.Add(t.Context())
			require.NoError(t, err)
			require.Equal(t, i == 4 || i == 8, over, "%d", i)
			time.Sleep(15 * time.Second) //nolint:forbidigo // of synctest's clock
		}
		require.Equal(t, 10, m.count())
		minutes := r.Minutes()
		require.Len(t, minutes, 2)
		for i, want := range []string{`"processes":3`, `"processes":7`} { // of 1 to 4, and of 5 to 8
			require.True(t, began.Add(time.Duration(i)*time.Minute).Equal(minutes[i].At))
			require.Contains(t, string(minutes[i].Metrics), want)
		}
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	a, b := service(db, &membus.Bus{}, "a", &machine{}), service(db, &membus.Bus{}, "b", &machine{})
	one, other := registered(t, db, a, "a"), registered(t, db, b, "b")
	now := time.Now().Truncate(time.Minute).UTC()
	minute := func(of ident.ServerID, ago int, cpu float64) {
		_, err := db.NewInsert().Model(&models.ServerMinute{
			ServerID: of, At: now.Add(-time.Duration(ago) * time.Minute), Metrics: fmt.Appendf(nil, `{"cpuPercent": %g, "disks": [], "networks": []}`, cpu),
		}).Exec(t.Context())
		require.NoError(t, err)
	}
	for i := 1; i <= 120; i++ {
		if i < 40 || i >= 50 { // the panel did not run
			minute(one, i, float64(i))
		}
	}
	minute(other, 3, 77)
	rows := []*models.Server{{ID: other}, {ID: one}, {ID: ident.NewServerID()}}
	ask := func(ctx context.Context, from, to, points int) ([][]*fleet.Metrics, error) {
		return a.History(ctx, rows, now.Add(-time.Duration(from)*time.Minute), now.Add(-time.Duration(to)*time.Minute), &points)
	}

	got, err := ask(staff(t.Context()), 60, 0, 60)
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.Len(t, got[0], 1)
	require.EqualValues(t, 77, got[0][0].CPUPercent)
	require.Len(t, got[1], 50, "ten minutes are missing")
	require.Equal(t, now.Add(-time.Hour), got[1][0].At)
	require.EqualValues(t, 60, got[1][0].CPUPercent)
	require.EqualValues(t, 1, got[1][49].CPUPercent)
	require.Empty(t, got[2])

	got, err = ask(staff(t.Context()), 60, 0, 7) // of 9 minutes each, the last one of 6
	require.NoError(t, err)
	require.Len(t, got[1], 7)
	for i, want := range []float64{56, 50.5, 37.5, 29, 20, 11, 3.5} { // but for the gap: 51 and 50, then 39 to 34
		require.Equal(t, now.Add(-time.Hour+time.Duration(i)*9*time.Minute), got[1][i].At)
		if i != 2 {
			require.InDelta(t, want, got[1][i].CPUPercent, 1e-9, "%d", i)
		}
	}

	for points := range 20 { // never more than asked for, wherever the first one begins
		for _, span := range []int{1, 2, 19, 60, 119} {
			got, err = ask(staff(t.Context()), span, 0, points+1)
			require.NoError(t, err)
			require.LessOrEqual(t, len(got[1]), points+1)
			require.NotEmpty(t, got[1])
		}
	}
	got, err = a.History(staff(t.Context()), rows, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), nil)
	require.NoError(t, err)
	require.LessOrEqual(t, len(got[1]), 300)
	got, err = a.History(staff(t.Context()), rows, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC), nil)
	require.NoError(t, err)
	require.Empty(t, got[1], "of the future nothing is known")

	for name, args := range map[string][3]int{"the wrong order": {0, 1, 10}, "no time": {1, 1, 10}, "no point": {2, 1, 0}, "fewer than none": {2, 1, -1}, "too many": {2, 1, 1001}} {
		_, err = ask(staff(t.Context()), args[0], args[1], args[2])
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	got, err = ask(actor.With(t.Context(), &actor.Actor{Provider: []actor.Permission{actor.JobsRead}}), 60, 0, 60)
	require.NoError(t, err)
	require.Equal(t, make([][]*fleet.Metrics, 3), got)
}

// What a database that is away could not take is written later, and two days are kept.
func TestRecord_WritesLaterAndForgets(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	s := service(db, &membus.Bus{}, "a", &machine{})
	id := registered(t, db, s, "a")
	hour := time.Now().Truncate(time.Hour).UTC()
	old := &models.ServerMinute{ServerID: id, At: hour.Add(-48*time.Hour - time.Minute), Metrics: []byte(`{}`)}
	kept := &models.ServerMinute{ServerID: id, At: hour.Add(-48 * time.Hour), Metrics: []byte(`{}`)}
	_, err := db.NewInsert().Model(&[]*models.ServerMinute{old, kept}).Exec(t.Context())
	require.NoError(t, err)
	r := fleet.NewRecorder(s)
	sample := func(minute int) {
		r.AddSample(t, &fleet.Metrics{At: hour.Add(time.Duration(minute) * time.Minute)})
	}
	_, err = db.ExecContext(t.Context(), "ALTER TABLE server_minutes RENAME TO away")
	require.NoError(t, err)
	for minute := -70; minute <= 0; minute++ {
		sample(minute)
	}
	require.Error(t, r.Write(t.Context()))
	_, err = db.ExecContext(t.Context(), "ALTER TABLE away RENAME TO server_minutes")
	require.NoError(t, err)
	require.NoError(t, r.Write(t.Context()))
	require.Empty(t, r.Minutes())
	count := func() int {
		n, err := db.NewSelect().Model((*models.ServerMinute)(nil)).Count(t.Context())
		require.NoError(t, err)
		return int(n)
	}
	require.Equal(t, 62, count(), "an hour of minutes waits at most; none was forgotten by now")
	sample(-5) // the clock was set back
	sample(1)
	require.NoError(t, r.Write(t.Context()))
	require.Equal(t, 62, count(), "the minute of 0 is new, that of -5 is not, and one is forgotten")
	require.NoError(t, db.NewSelect().Model(kept).WherePK().Scan(t.Context()))
}
