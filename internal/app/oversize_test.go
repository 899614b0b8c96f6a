package app

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// bytes is the size quota of a customer.
func (b *faultBench) bytes(t *testing.T, id ident.CustomerID) models.Quota {
	t.Helper()
	var q models.Quota
	require.NoError(t, b.oracle.NewSelect().Model(&q).Where("q.customer_id = ?", id).Where("q.name = ?", models.QuotaDatabaseBytes).Scan(t.Context()))
	return q
}

func (b *faultBench) allow(t *testing.T, id ident.CustomerID, limit *int64) {
	t.Helper()
	_, err := b.panel.customers.Update(b.by(t), customer.UpdateInput{ID: id, Quotas: []*customer.QuotaInput{
		{Name: models.QuotaDatabaseBytes, Max: limit}, {Name: models.QuotaDatabases, Max: new(int64(9))},
	}})
	require.NoError(t, err)
}

// enforced measures, enforces, and waits for the jobs that come of it.
func (b *faultBench) enforced(t *testing.T, measure bool) {
	t.Helper()
	if measure {
		require.NoError(t, b.panel.databases.MeasureServers(t.Context()))
	}
	require.NoError(t, b.panel.enforceQuotas(slog.New(slog.DiscardHandler))(t.Context()))
	var left []*models.Job
	require.NoError(t, b.oracle.NewSelect().Model(&left).Where("finished_at IS NULL").Scan(t.Context()))
	for _, j := range left {
		b.panel.engine.Run(t.Context(), j.ID)
	}
}

// countedExactly compares the counters with the rows.
func (b *faultBench) countedExactly(t *testing.T) {
	t.Helper()
	var wrong int
	require.NoError(t, b.oracle.NewRaw(`SELECT count(*) FROM customer_quotas q WHERE q.name = 'DATABASE_BYTES' AND q.used <> (
		SELECT coalesce(sum(d.counted_bytes), 0) FROM customer_tree t JOIN databases d ON d.customer_id = t.customer_id WHERE t.ancestor_id = q.customer_id)`).Scan(t.Context(), &wrong))
	require.Zero(t, wrong)
}

func (b *faultBench) state(t *testing.T, s scene) models.ResourceState {
	t.Helper()
	return b.row(t, s.database.ID).State
}

// keepsOut tries every way in and out of being closed that a tenant has.
func (b *faultBench) keepsOut(t *testing.T, s scene, sister scene) {
	t.Helper()
	ctx := t.Context()
	for _, who := range []struct{ user, password string }{
		{s.database.Username, s.password.Reveal()}, {s.guest.row.Username, s.guest.password.Reveal()},
	} {
		for _, db := range []string{s.database.ExtName, sister.database.ExtName, "postgres", "template1"} {
			_, err := b.login(ctx, db, who.user, who.password)
			require.Error(t, err, "%s into %s", who.user, db)
		}
	}
	conn, err := b.login(ctx, sister.database.ExtName, sister.database.Username, sister.password.Reveal())
	require.NoError(t, err, "another customer's database is open")
	defer func() { _ = conn.Close(ctx) }()
	main, guest, db := s.database.Username, s.guest.row.Username, s.database.ExtName
	for _, sql := range []string{
		"ALTER ROLE " + main + " LOGIN", "ALTER ROLE " + guest + " LOGIN", "ALTER DATABASE " + db + " CONNECTION LIMIT 10",
		"ALTER ROLE " + main + " CONNECTION LIMIT 10", "SET ROLE " + main, "SET ROLE " + guest, "SET SESSION AUTHORIZATION " + main,
		"GRANT " + main + " TO " + sister.database.Username, "ALTER DATABASE " + db + " OWNER TO " + sister.database.Username,
		"ALTER DATABASE " + db + " WITH ALLOW_CONNECTIONS true", "CREATE ROLE another LOGIN", "UPDATE pg_database SET datconnlimit = 10",
		"CREATE DATABASE another TEMPLATE " + db,
	} {
		_, err := conn.Exec(ctx, sql)
		pg, ok := errors.AsType[*pgconn.PgError](err)
		require.True(t, ok && (pg.Code == "42501" || pg.Code == "42704"), "%s: %v", sql, err)
	}
	_, _ = conn.Exec(ctx, "GRANT CONNECT ON DATABASE "+db+" TO PUBLIC") // at most a warning
	_, err = b.login(ctx, db, sister.database.Username, sister.password.Reveal())
	require.Error(t, err)
}

func TestSizeQuota_ATenantIsOutUntilItCleansUp(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	reseller := b.customer(t, nil, 9)
	shop, other := b.customer(t, &reseller, 9), b.customer(t, nil, 9)
	s, sister := b.tenant(t, shop, b.name), b.tenant(t, other, b.name+"y")
	require.NoError(t, b.invite(ctx, &s, models.RightsOwner))
	t.Cleanup(func() { b.clear(t, s) }) // before that of the login, which its user owns for
	b.enforced(t, true)
	empty := b.bytes(t, shop).Used
	require.Positive(t, empty)
	require.Equal(t, empty, b.bytes(t, reseller).Used, "it counts for the reseller, too")
	b.countedExactly(t)

	limit := empty + 8<<20
	b.allow(t, shop, &limit)
	inside, err := b.login(ctx, s.database.ExtName, s.database.Username, s.password.Reveal())
	require.NoError(t, err)
	asOwner, err := b.login(ctx, s.database.ExtName, s.guest.row.Username, s.guest.password.Reveal())
	require.NoError(t, err)
	_, err = inside.Exec(ctx, "CREATE TABLE fill AS SELECT g, repeat('x', 500) AS x FROM generate_series(1, 20000) g")
	require.NoError(t, err)
	_, err = inside.Exec(ctx, "GRANT CONNECT ON DATABASE "+s.database.ExtName+" TO PUBLIC")
	require.NoError(t, err, "a warning: it may not")
	b.enforced(t, true)

	row := b.row(t, s.database.ID)
	require.Equal(t, models.ResourceSuspended, row.State)
	require.Nil(t, row.SuspendReason)
	over, err := b.panel.databases.OverQuota(ctx, []*models.Database{row, sister.database})
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, over)
	require.Equal(t, models.QuotaExceeded, b.bytes(t, shop).Level)
	require.Equal(t, models.QuotaNormal, b.bytes(t, reseller).Level, "without a limit")
	for _, conn := range []*pgx.Conn{inside, asOwner} {
		_, err = conn.Exec(ctx, "ALTER ROLE "+s.database.Username+" LOGIN")
		require.Error(t, err, "its session is over")
	}
	require.Equal(t, models.ResourceActive, b.state(t, sister))
	b.keepsOut(t, s, sister)

	// Nothing that the graph lets a tenant do opens it either.
	owner := b.member(t, shop, models.CustomerOwner)
	as := actor.With(t.Context(), owner)
	_, err = b.panel.databases.Resume(as, database.ResumeInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, "size quota")
	_, err = b.panel.databases.Rotate(as, database.RotateInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = b.addUser(t.Context(), owner, s.database.ID, "another")
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = b.panel.databases.RotateUserPassword(as, database.RotateUserPasswordInput{ID: s.guest.row.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = b.create(t.Context(), owner, shop, b.name+"z")
	require.Equal(t, fault.QuotaExceeded, fault.CodeOf(err))
	f, _ := errors.AsType[*fault.Error](err)
	require.Equal(t, map[string]any{"used": b.bytes(t, shop).Used, "max": limit}, f.Details)
	stop, err := b.panel.databases.Suspend(as, database.SuspendInput{ID: s.database.ID})
	require.NoError(t, err, "on top of it")
	_, err = b.panel.jobs.Cancel(as, jobs.CancelInput{ID: stop.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, stop.Job.ID).State)
	require.Equal(t, models.ResourceSuspended, b.state(t, s))
	gone, err := b.panel.databases.Delete(as, database.DeleteInput{ID: s.database.ID})
	require.NoError(t, err)
	b.finished(t, gone.Job.ID)
	_, err = b.panel.databases.Restore(as, database.RestoreInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	require.Equal(t, models.ResourceSuspended, b.state(t, s))
	b.enforced(t, true)
	b.keepsOut(t, s, sister)

	// The window: data goes, it stays open.
	out, err := b.panel.databases.OpenForCleanup(as, database.CleanupInput{ID: s.database.ID})
	require.NoError(t, err)
	_, err = b.panel.jobs.Cancel(as, jobs.CancelInput{ID: out.Job.ID})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err), "the jobs of the quota are the provider's")
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	row = b.row(t, s.database.ID)
	require.Equal(t, models.ResourceActive, row.State)
	require.WithinDuration(t, row.UpdatedAt.Add(database.CleanupWindow), *row.CleanupUntil, 0)
	b.enforced(t, true)
	require.Equal(t, models.ResourceActive, b.state(t, s), "open until the window is over")
	require.NoError(t, b.asGuest(ctx, s, "DELETE FROM fill WHERE g > 10", "VACUUM FULL fill"))
	b.enforced(t, true)
	require.Equal(t, models.QuotaNormal, b.bytes(t, shop).Level)
	_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET cleanup_until = now() WHERE cleanup_until IS NOT NULL")
	require.NoError(t, err)
	b.enforced(t, false)
	require.Nil(t, b.row(t, s.database.ID).CleanupUntil)
	require.NoError(t, b.enters(ctx, s, s.password), "less than 90 % is used: it stays open")
	b.countedExactly(t)

	// Each crossing is told once.
	var told []string
	require.NoError(t, b.oracle.NewRaw(`SELECT detail ->> 'before' || '>' || (detail ->> 'level') FROM audit_entries WHERE action = 'quota.level' ORDER BY id`).Scan(ctx, &told))
	require.Equal(t, []string{"NORMAL>EXCEEDED", "EXCEEDED>NORMAL"}, told)
}

func TestSizeQuota_AWindowEndsAndThereAreFewOfThem(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	shop := b.customer(t, nil, 9)
	s := b.tenant(t, shop, b.name)
	_, err := b.panel.databases.OpenForCleanup(ctx, database.CleanupInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "it is open")
	b.enforced(t, true)
	b.allow(t, shop, new(int64(1)))
	b.enforced(t, false)
	require.Empty(t, b.mustBeShut(ctx, s))
	for i := range database.MaxCleanups {
		out, err := b.panel.databases.OpenForCleanup(ctx, database.CleanupInput{ID: s.database.ID})
		require.NoError(t, err, "window %d", i)
		require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
		require.NoError(t, b.enters(ctx, s, s.password))
		_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET cleanup_until = now() + interval '1 hour'")
		require.NoError(t, err)
		rotated, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID})
		require.NoError(t, err, "in a window it is as any other")
		s.password = rotated.Credentials.Secret
		b.enforced(t, false)
		_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET cleanup_until = now()")
		require.NoError(t, err)
		_, err = b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID})
		require.ErrorContains(t, err, "about to be closed")
		b.enforced(t, false)
		require.Equal(t, models.ResourceSuspended, b.state(t, s))
		require.Nil(t, b.row(t, s.database.ID).CleanupUntil)
	}
	_, err = b.panel.databases.OpenForCleanup(ctx, database.CleanupInput{ID: s.database.ID})
	require.ErrorContains(t, err, "4 times")
	_, err = b.oracle.ExecContext(ctx, "UPDATE database_cleanups SET began_at = began_at - interval '1 day'")
	require.NoError(t, err)
	out, err := b.panel.databases.OpenForCleanup(ctx, database.CleanupInput{ID: s.database.ID})
	require.NoError(t, err, "on the next day")
	// A window that could not begin is given back.
	b.exec(t, "ALTER DATABASE "+s.database.ExtName+" RENAME TO "+s.database.ExtName+"_away")
	b.exec(t, "COMMENT ON DATABASE "+s.database.ExtName+"_away IS NULL")
	b.exec(t, "CREATE DATABASE "+s.database.ExtName)
	require.Equal(t, models.JobFailed, b.finished(t, out.Job.ID).State)
	b.exec(t, "DROP DATABASE "+s.database.ExtName)
	b.exec(t, "DROP DATABASE "+s.database.ExtName+"_away")
	require.Equal(t, models.ResourceSuspended, b.state(t, s))
	require.Nil(t, b.row(t, s.database.ID).CleanupUntil)
	var n int
	require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM database_cleanups").Scan(ctx, &n))
	require.Equal(t, database.MaxCleanups, n)
}

// Whatever else holds a database, and in whichever order it comes and goes: it is
// open when nothing does.
func TestSizeQuota_WithSuspensionsInEveryOrder(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	reseller := b.customer(t, nil, 9)
	shop := b.customer(t, &reseller, 9)
	s := b.tenant(t, shop, b.name)
	b.enforced(t, true)
	b.serving(t)
	settle := func() {
		b.enforced(t, false)
		require.Eventually(t, func() bool {
			n, err := b.oracle.NewSelect().Model((*models.Job)(nil)).Where("finished_at IS NULL").Count(ctx)
			return err == nil && n == 0
		}, 30*time.Second, 20*time.Millisecond)
	}
	// Each holds, or lets go; a refusal is as good when something else must go first.
	own := func(hold bool) error {
		if hold {
			return second(b.panel.databases.Suspend(ctx, database.SuspendInput{ID: s.database.ID}))
		}
		return second(b.panel.databases.Resume(ctx, database.ResumeInput{ID: s.database.ID}))
	}
	customers := func(hold bool) error {
		if hold {
			return second(b.panel.customers.Suspend(ctx, customer.SuspendInput{ID: shop, Reason: "Unpaid."}))
		}
		return second(b.panel.customers.Resume(ctx, customer.ResumeInput{ID: shop}))
	}
	size := func(hold bool) error {
		limit := (*int64)(nil)
		if hold {
			limit = new(int64(1))
		}
		b.allow(t, reseller, limit) // the one above counts the same
		return nil
	}
	holders := []func(bool) error{own, customers, size}
	for _, come := range permutations(3) {
		for _, leave := range permutations(3) {
			for _, i := range come {
				require.NoError(t, holders[i](true), "%v %v: %d", come, leave, i)
				settle()
				require.Equal(t, models.ResourceSuspended, b.state(t, s))
				require.Error(t, b.enters(ctx, s, s.password))
			}
			// The own suspension can go only when it is the last.
			left := map[int]bool{0: true, 1: true, 2: true}
			for len(left) > 0 {
				for _, i := range leave {
					if !left[i] {
						continue
					}
					err := holders[i](false)
					if i == 0 && len(left) > 1 {
						require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v %v", come, leave)
						continue
					}
					require.NoError(t, err, "%v %v: %d", come, leave, i)
					delete(left, i)
					settle()
					if len(left) > 0 {
						require.Equal(t, models.ResourceSuspended, b.state(t, s), "%v %v: %v still hold it", come, leave, left)
						require.Error(t, b.enters(ctx, s, s.password))
					}
				}
			}
			require.Equal(t, models.ResourceActive, b.state(t, s), "%v %v", come, leave)
			require.NoError(t, b.enters(ctx, s, s.password))
		}
	}
}

func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{{}}
	}
	for _, p := range permutations(n - 1) {
		for at := range n {
			q := append(append(append([]int{}, p[:at]...), n-1), p[at:]...)
			all = append(all, q)
		}
	}
	return all
}

func TestSizeQuota_LevelsAndTheMetric(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	shop := b.customer(t, nil, 9)
	for _, step := range []struct {
		used  int64
		max   *int64
		level models.QuotaLevel
	}{
		{799, new(int64(1000)), models.QuotaNormal},
		{800, new(int64(1000)), models.QuotaWarning},
		{949, new(int64(1000)), models.QuotaWarning},
		{950, new(int64(1000)), models.QuotaCritical},
		{1000, new(int64(1000)), models.QuotaCritical},
		{1001, new(int64(1000)), models.QuotaExceeded},
		{900, new(int64(1000)), models.QuotaExceeded},
		{899, new(int64(1000)), models.QuotaWarning},
		{901, new(int64(1000)), models.QuotaWarning},
		{1 << 60, new(int64(1 << 60)), models.QuotaCritical},
		{1 << 60, new(int64(1<<60 - 1)), models.QuotaExceeded},
		{1 << 60, nil, models.QuotaNormal},
		{1, new(int64(0)), models.QuotaExceeded},
		{0, new(int64(0)), models.QuotaNormal},
	} {
		_, err := b.oracle.ExecContext(t.Context(), "UPDATE customer_quotas SET used = ?, max = ? WHERE name = 'DATABASE_BYTES'", step.used, step.max)
		require.NoError(t, err)
		require.Equal(t, step.level, b.bytes(t, shop).Level, "%+v", step)
	}
	_, err := b.oracle.ExecContext(t.Context(), "UPDATE customer_quotas SET used = 2, max = 1 WHERE name = 'DATABASE_BYTES'")
	require.NoError(t, err)
	_, err = b.oracle.NewInsert().Model(&models.Membership{UserID: b.staff.User, CustomerID: shop, Role: models.CustomerReadOnly}).Exec(t.Context())
	require.NoError(t, err)
	list, err := b.panel.customers.NoteLevels(t.Context(), b.panel.quotaChanged)
	require.NoError(t, err)
	require.Equal(t, []customer.Crossing{{
		CustomerID: shop, Name: models.QuotaDatabaseBytes, Used: 2, Max: new(int64(1)), Before: models.QuotaNormal, Level: models.QuotaExceeded,
	}}, list)
	list, err = b.panel.customers.NoteLevels(t.Context(), b.panel.quotaChanged)
	require.NoError(t, err)
	require.Empty(t, list)
	require.Equal(t, []string{"quota.level"}, b.notified(t, shop), "once")
	families, err := b.panel.metrics.Gather()
	require.NoError(t, err)
	series := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "mpanel_quotas" {
			for _, m := range f.GetMetric() {
				series[m.GetLabel()[1].GetValue()+" "+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	require.Equal(t, map[string]float64{
		"DATABASES WARNING": 0, "DATABASES CRITICAL": 0, "DATABASES EXCEEDED": 0,
		"DATABASE_BYTES WARNING": 0, "DATABASE_BYTES CRITICAL": 0, "DATABASE_BYTES EXCEEDED": 1,
	}, series, "one each, also of what there is none")
}
