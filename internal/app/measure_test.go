package app

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func TestMeasureServers_NotesSizesAndConnections(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := actor.With(t.Context(), b.staff)
	s, err := b.order(ctx)
	require.NoError(t, err)
	defer b.clear(t, s)
	find := func(id ident.DatabaseID) *models.Database {
		d, err := b.panel.databases.Find(ctx, id)
		require.NoError(t, err)
		return d
	}
	require.NoError(t, b.panel.databases.MeasureServers(ctx))
	require.Nil(t, find(s.database.ID).SizeBytes, "there is nothing to measure yet")
	require.Nil(t, find(s.database.ID).MeasuredAt)

	require.Equal(t, models.JobSucceeded, b.finished(t, s.job).State)
	conn, err := b.login(ctx, s.database.ExtName, s.database.Username, s.password.Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "CREATE TABLE t AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g")
	require.NoError(t, err)
	require.NoError(t, b.panel.databases.MeasureServers(ctx))
	d := find(s.database.ID)
	var want int64
	require.NoError(t, conn.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&want))
	require.InDelta(t, want, *d.SizeBytes, 1<<20)
	require.Greater(t, *d.SizeBytes, int64(10_000_000))
	require.Equal(t, 1, *d.Connections)
	require.NotNil(t, d.MeasuredAt)
	require.Equal(t, find(s.database.ID).UpdatedAt, d.UpdatedAt)

	// A server that does not answer is not asked; what was measured stays.
	_, err = b.oracle.ExecContext(ctx, "UPDATE database_servers SET reachable = false, port = 1")
	require.NoError(t, err)
	require.NoError(t, b.panel.databases.MeasureServers(ctx))
	require.Equal(t, d.MeasuredAt, find(s.database.ID).MeasuredAt)
	_, err = b.oracle.ExecContext(ctx, "UPDATE database_servers SET reachable = true")
	require.NoError(t, err)
	require.Error(t, b.panel.databases.MeasureServers(ctx), "it was thought to answer")
	require.Equal(t, *d.SizeBytes, *find(s.database.ID).SizeBytes)
}

// A server speaks of its own databases alone, whatever marks are on it.
func TestMeasureServers_NotOfAnotherServersDatabases(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := actor.With(t.Context(), b.staff)
	s, err := b.order(ctx)
	require.NoError(t, err)
	defer b.clear(t, s)
	require.Equal(t, models.JobSucceeded, b.finished(t, s.job).State)
	other := &models.DatabaseServer{ID: ident.NewDatabaseServerID(), Name: "other", Host: "db.example.com", Port: 5432, AdminUser: "x", AdminPasswordSealed: []byte{1}, SSLMode: "disable"}
	_, err = b.oracle.NewInsert().Model(other).Exec(ctx)
	require.NoError(t, err)
	_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET server_id = ?", other.ID)
	require.NoError(t, err)
	require.NoError(t, b.panel.databases.MeasureServers(ctx))
	d, err := b.panel.databases.Find(ctx, s.database.ID)
	require.NoError(t, err)
	require.Nil(t, d.SizeBytes)
}

func TestDatabases_OrderedBySize(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := actor.With(t.Context(), b.staff)
	c := b.customer(t, nil, 9)
	var want []string
	for _, d := range []struct {
		name string
		size *int64
	}{{"unmeasured", nil}, {"unmeasured_too", nil}, {"empty", new(int64(0))}, {"same", new(int64(10))}, {"same_too", new(int64(10))}, {"large", new(int64(1 << 50))}} {
		out, err := b.create(ctx, b.staff, c, d.name)
		require.NoError(t, err)
		_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET size_bytes = ? WHERE id = ?", d.size, out.Database.ID)
		require.NoError(t, err)
		want = append(want, d.name)
	}
	for _, dir := range []page.Direction{page.Asc, page.Desc} {
		var got []string
		args := page.Args{First: new(1)}
		for {
			list, err := b.panel.databases.List(ctx, args, nil, &database.Order{Field: database.OrderSize, Direction: dir})
			require.NoError(t, err)
			for _, d := range list.Nodes() {
				got = append(got, d.Name)
			}
			info := list.PageInfo
			if !info.HasNextPage {
				break
			}
			args.After = info.EndCursor
		}
		if dir == page.Desc {
			for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
				got[i], got[j] = got[j], got[i]
			}
		}
		require.Equal(t, want, got, "each once, page by page, %s", dir)
	}
}

// A server that hangs keeps no other from being measured, and one in maintenance
// is left alone.
func TestMeasureServers_OneThatHangsAndOneInMaintenance(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s := b.tenant(t, b.customer(t, nil, 1), b.name)
	measured := func() *time.Time { return b.row(t, s.database.ID).MeasuredAt }
	main := b.embedded(t)
	maintain := func(enabled bool) {
		_, err := b.panel.databases.SetServerMaintenance(b.by(t), database.SetServerMaintenanceInput{ID: *main, Enabled: enabled, Reason: new("Disks.")})
		require.NoError(t, err)
	}
	maintain(true)
	require.NoError(t, b.panel.databases.MeasureServers(b.by(t)))
	require.Nil(t, measured(), "it is in maintenance")
	maintain(false)

	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	at, ok := silent.Addr().(*net.TCPAddr)
	require.True(t, ok)
	hangs := ident.DatabaseServerIDOf(uuid.MustParse("00000000-0000-7000-8000-000000000001")) // the first by its id
	_, err = b.oracle.NewInsert().Model(&models.DatabaseServer{
		ID: hangs, Name: "hangs", Host: "127.0.0.1", Port: at.Port, AdminUser: "admin", SSLMode: "disable", Reachable: true,
		AdminPasswordSealed: b.panel.stores.box.Seal(secret.New("admin"), "database_servers.admin_password/"+hangs.String()),
	}).Exec(t.Context())
	require.NoError(t, err)
	ctx, stop := context.WithCancel(b.by(t))
	done := make(chan error, 1)
	go func() { done <- b.panel.databases.MeasureServers(ctx) }()
	require.Eventually(t, func() bool { return measured() != nil }, 10*time.Second, 20*time.Millisecond)
	stop()
	require.Error(t, <-done, "the one that hangs was asked, too")
}
