package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func requireFault(t *testing.T, err error, code fault.Code, field string) {
	t.Helper()
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	f, ok := errors.AsType[*fault.Error](err)
	require.True(t, ok)
	require.Equal(t, field, f.Field, "%v", err)
}

// A server's life: it is registered, used, renamed, emptied and removed.
func TestDatabaseServers_Life(t *testing.T) {
	t.Parallel()
	b, c := newFaultBench(t), startElsewhere(t)
	ctx, s := b.asStaff(t), b.panel.databases
	keyed, err := idempotency.WithKey(ctx, "register-1")
	require.NoError(t, err)
	in := registration("Frankfurt", c.Host(), c.Port())
	out, err := s.RegisterServer(keyed, in)
	require.NoError(t, err)
	server := out.DatabaseServer
	require.True(t, server.Reachable)
	require.False(t, server.Blocked)
	require.Empty(t, server.Problems)
	require.Equal(t, c.Version(), *server.Version)
	require.NotNil(t, server.CheckedAt)
	require.Nil(t, server.AdminPasswordSealed)
	require.Len(t, server.Capabilities, 8)
	for _, capability := range server.Capabilities {
		require.Equal(t, capability.Name != "remote_access", capability.Available, capability.Name) // whose pg_hba is not ours
	}
	again, err := s.RegisterServer(keyed, in)
	require.NoError(t, err)
	require.Equal(t, server.ID, again.DatabaseServer.ID)
	other := in
	other.AdminPassword = secret.New("another")
	_, err = s.RegisterServer(keyed, other)
	require.Equal(t, fault.IdempotencyKeyReused, fault.CodeOf(err), "a password is part of the input")

	_, err = s.RegisterServer(ctx, registration("Frankfurt", "127.0.0.1", 1))
	requireFault(t, err, fault.Conflict, "name")
	_, err = s.RegisterServer(ctx, registration("Paris", "localhost", c.Port()))
	requireFault(t, err, fault.Conflict, "host")
	require.ErrorContains(t, err, "registered already, as Frankfurt")
	_, err = s.UpdateServer(ctx, database.UpdateServerInput{ID: server.ID, Host: new(b.tenants.Host()), Port: new(b.tenants.Port())})
	requireFault(t, err, fault.Conflict, "host")

	order := b.orderOn(t, server.ID, "shop")
	require.Equal(t, models.JobSucceeded, b.finished(t, order.Job.ID).State)
	_, err = s.RemoveServer(ctx, database.RemoveServerInput{ID: server.ID})
	requireFault(t, err, fault.Conflict, "id")
	require.ErrorContains(t, err, "1 databases")
	renamed, err := s.UpdateServer(ctx, database.UpdateServerInput{ID: server.ID, Name: new("Main"), Host: new("localhost")})
	require.NoError(t, err)
	require.Equal(t, []string{"Main", "localhost"}, []string{renamed.DatabaseServer.Name, renamed.DatabaseServer.Host})
	require.True(t, renamed.DatabaseServer.Reachable, "%v", renamed.DatabaseServer.Problems)

	hour := 3600
	del, err := s.Delete(ctx, database.DeleteInput{ID: order.Database.ID, GraceSeconds: &hour})
	require.NoError(t, err)
	require.Contains(t, *b.finished(t, del.Job.ID).WaitingFor, "grace period")
	_, err = s.RemoveServer(ctx, database.RemoveServerInput{ID: server.ID})
	requireFault(t, err, fault.Conflict, "id")
	_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET delete_after = now(); UPDATE jobs SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, del.Job.ID).State)
	gone, err := s.RemoveServer(ctx, database.RemoveServerInput{ID: server.ID})
	require.NoError(t, err)
	require.Equal(t, server.ID, gone.ID)
	require.Nil(t, b.server(t, server.ID))
	_, err = s.RemoveServer(ctx, database.RemoveServerInput{ID: server.ID})
	requireFault(t, err, fault.NotFound, "id")
	_, err = s.CheckServer(ctx, database.CheckServerInput{ID: server.ID})
	requireFault(t, err, fault.NotFound, "id")

	var actions []string
	require.NoError(t, b.oracle.NewRaw("SELECT action FROM audit_entries WHERE object_id = ? ORDER BY id", server.ID).Scan(ctx, &actions))
	require.Equal(t, []string{"database_server.register", "database_server.update", "database_server.remove"}, actions)
}

func TestDatabaseServers_OnlyStaff(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	var id ident.DatabaseServerID
	require.NoError(t, b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Column("id").Scan(t.Context(), &id))
	support := &actor.Actor{User: b.staff.User, Provider: auth.ProviderPermissions(models.ProviderSupport)}
	owner := b.member(t, b.customer(t, nil, 5), models.CustomerOwner)
	reason := "x"
	for name, do := range map[string]func(context.Context, ident.DatabaseServerID) error{
		"update": func(ctx context.Context, id ident.DatabaseServerID) error {
			_, err := b.panel.databases.UpdateServer(ctx, database.UpdateServerInput{ID: id, Name: &reason})
			return err
		},
		"check": func(ctx context.Context, id ident.DatabaseServerID) error {
			_, err := b.panel.databases.CheckServer(ctx, database.CheckServerInput{ID: id})
			return err
		},
		"remove": func(ctx context.Context, id ident.DatabaseServerID) error {
			_, err := b.panel.databases.RemoveServer(ctx, database.RemoveServerInput{ID: id})
			return err
		},
		"maintain": func(ctx context.Context, id ident.DatabaseServerID) error {
			_, err := b.panel.databases.SetServerMaintenance(ctx, database.SetServerMaintenanceInput{ID: id, Enabled: true, Reason: &reason})
			return err
		},
	} {
		ctx := t.Context()
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(do(ctx, id)), name)
		requireFault(t, do(actor.With(ctx, support), id), fault.Forbidden, "id")
		requireFault(t, do(actor.With(ctx, support), ident.NewDatabaseServerID()), fault.NotFound, "id")
		requireFault(t, do(actor.With(ctx, owner), id), fault.NotFound, "id")
		requireFault(t, do(actor.With(ctx, b.staff), ident.NewDatabaseServerID()), fault.NotFound, "id")
	}
	_, err := b.panel.databases.RegisterServer(actor.With(t.Context(), owner), registration("x", "127.0.0.1", 1))
	requireFault(t, err, fault.Forbidden, "")
	require.Nil(t, b.server(t, id).Maintenance)

	_, err = b.panel.databases.RemoveServer(b.asStaff(t), database.RemoveServerInput{ID: id})
	requireFault(t, err, fault.Conflict, "id")
	_, err = b.panel.databases.UpdateServer(b.asStaff(t), database.UpdateServerInput{ID: id, Port: new(5432)})
	requireFault(t, err, fault.Conflict, "id")
	out, err := b.panel.databases.UpdateServer(b.asStaff(t), database.UpdateServerInput{ID: id, Name: new("renamed")})
	require.NoError(t, err, "the embedded server has a name like any")
	require.Equal(t, "renamed", out.DatabaseServer.Name)
}

func TestDatabaseServers_ThePanelsOwnClusterIsRefused(t *testing.T) {
	t.Parallel()
	b, c := newFaultBench(t), startElsewhere(t)
	ctx, s := b.asStaff(t), b.panel.databases
	own := newRelay(t, hostPort(b.cluster))
	for name, in := range map[string]database.RegisterServerInput{
		"by address": registration("own", b.cluster.Host(), b.cluster.Port()),
		"by name":    registration("own", "localhost", b.cluster.Port()),
		"by a relay": registration("own", "127.0.0.1", own.port),
	} {
		_, err := s.RegisterServer(ctx, in)
		requireFault(t, err, fault.Conflict, "host")
		require.ErrorContains(t, err, "the panel itself", name)
	}
	server := b.register(t, "other", c.Host(), c.Port())
	_, err := s.UpdateServer(ctx, database.UpdateServerInput{ID: server.ID, Host: new(b.cluster.Host()), Port: new(b.cluster.Port())})
	requireFault(t, err, fault.Conflict, "host")
	require.Equal(t, c.Port(), b.server(t, server.ID).Port)
	count, err := b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, count, "what is refused leaves nothing")

	// It could not be asked when it was registered, and is not used before it was.
	later := newRelay(t, testkit.Closed)
	hidden := b.register(t, "hidden", "127.0.0.1", later.port)
	require.False(t, hidden.Reachable)
	require.Len(t, hidden.Problems, 1)
	order := b.orderOn(t, hidden.ID, "shop")
	later.To(hostPort(b.cluster))
	job := b.finished(t, order.Job.ID)
	require.Equal(t, models.JobRunning, job.State)
	require.Contains(t, *job.WaitingFor, "it is the panel's own")
	checked, err := s.CheckServer(ctx, database.CheckServerInput{ID: hidden.ID})
	require.NoError(t, err)
	require.True(t, checked.DatabaseServer.Blocked)
	require.Len(t, checked.Problems, 1)
	require.Contains(t, checked.Problems[0], "the panel itself")
	_, err = s.Create(ctx, database.CreateInput{CustomerID: order.Database.CustomerID, ServerID: &hidden.ID, Name: "other"})
	requireFault(t, err, fault.Conflict, "serverId")
	_, err = b.oracle.ExecContext(ctx, "UPDATE jobs SET next_attempt_at = now()")
	require.NoError(t, err)
	require.Contains(t, *b.finished(t, order.Job.ID).WaitingFor, "cannot be used right now")
	var roles int
	require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM pg_roles WHERE rolname = ?", order.Database.ExtName).Scan(ctx, &roles))
	require.Zero(t, roles)

	// The same for a cluster that somebody else has registered meanwhile.
	later.To(hostPort(c))
	checked, err = s.CheckServer(ctx, database.CheckServerInput{ID: hidden.ID})
	require.NoError(t, err)
	require.True(t, checked.DatabaseServer.Blocked)
	require.Contains(t, checked.Problems[0], "registered already, as other")
	_, err = s.RemoveServer(ctx, database.RemoveServerInput{ID: server.ID})
	require.NoError(t, err)
	checked, err = s.CheckServer(ctx, database.CheckServerInput{ID: hidden.ID})
	require.NoError(t, err)
	require.False(t, checked.DatabaseServer.Blocked, "%v", checked.Problems)
	require.Equal(t, models.JobSucceeded, b.finished(t, order.Job.ID).State, "it was made due by the check")
}

func TestDatabaseServers_Maintenance(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx, s := b.asStaff(t), b.panel.databases
	var id ident.DatabaseServerID
	require.NoError(t, b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Column("id").Scan(ctx, &id))
	maintain := func(enabled bool, reason string) *models.DatabaseServer {
		t.Helper()
		out, err := s.SetServerMaintenance(ctx, database.SetServerMaintenanceInput{ID: id, Enabled: enabled, Reason: &reason})
		require.NoError(t, err)
		return out.DatabaseServer
	}
	b.serve(t)

	// A job that is at work finishes its step and waits before the next.
	reached, goOn := make(chan struct{}), make(chan struct{})
	hold := func(ctx context.Context, point string) error {
		if strings.HasSuffix(point, "create-database:after-intent") {
			select {
			case reached <- struct{}{}:
			case <-ctx.Done():
			}
			select {
			case <-goOn:
			case <-ctx.Done():
			}
		}
		return nil
	}
	b.probe.Store(&hold)
	first, err := b.create(ctx, b.staff, b.customer(t, nil, 10), b.name)
	require.NoError(t, err)
	<-reached
	b.probe.Store(nil)
	server := maintain(true, "New disks.")
	require.NotNil(t, server.Maintenance)
	began := server.Maintenance.Since
	require.Equal(t, "New disks.", b.server(t, id).Maintenance.Reason)
	goOn <- struct{}{}
	const says = "The server is in maintenance: New disks."
	job := b.until(t, first.Job.ID, "it waits", waiting)
	require.Equal(t, says, *job.WaitingFor)
	require.NotNil(t, job.NextAttemptAt)
	var steps []string
	require.NoError(t, b.oracle.NewRaw("SELECT name || ' ' || state FROM job_steps WHERE job_id = ? ORDER BY idx", job.ID).Scan(ctx, &steps))
	require.Equal(t, "create-login DONE", steps[0])
	require.NotContains(t, strings.Join(steps[2:], ","), "DONE")

	// Nothing is placed there.
	_, err = s.Create(ctx, database.CreateInput{CustomerID: first.Database.CustomerID, ServerID: &id, Name: "b"})
	requireFault(t, err, fault.Conflict, "serverId")
	require.ErrorContains(t, err, says)
	_, err = s.Create(ctx, database.CreateInput{CustomerID: first.Database.CustomerID, Name: "b"})
	requireFault(t, err, fault.Unavailable, "serverId")
	server = maintain(true, "New disks, still")
	require.Equal(t, began, server.Maintenance.Since, "the reason is another, the beginning is not")

	// A job that was ordered before waits, too.
	_, err = b.oracle.ExecContext(ctx, "UPDATE jobs SET next_attempt_at = now()")
	require.NoError(t, err)
	b.until(t, first.Job.ID, "it waits for the new reason", func(j *models.Job) bool {
		return waiting(j) && *j.WaitingFor == "The server is in maintenance: New disks, still."
	})

	// Far away, so that only the end of maintenance can be what wakes it.
	_, err = b.oracle.ExecContext(ctx, "UPDATE jobs SET next_attempt_at = now() + interval '50 s'")
	require.NoError(t, err)
	ended := time.Now()
	require.Nil(t, maintain(false, "").Maintenance)
	require.Nil(t, maintain(false, "").Maintenance, "ending twice is fine")
	require.Nil(t, b.server(t, id).Maintenance)
	require.Equal(t, models.JobSucceeded, b.until(t, first.Job.ID, "it goes on", over).State)
	require.Less(t, time.Since(ended), 20*time.Second)
	require.Empty(t, b.mustBeThere(ctx, scene{database: first.Database, password: first.Credentials.Secret}, models.ResourceActive, 1))
	b.clear(t, scene{database: first.Database})
}

// A hundred jobs for a server that takes connections and never answers: those
// for others are not slowed, and hardly any attempt makes a connection.
func TestDatabaseServers_OneThatIsGoneSlowsNoOther(t *testing.T) {
	t.Parallel()
	b, gone := newFaultBench(t), newRelay(t, testkit.Closed)
	ctx := b.asStaff(t)
	server := b.register(t, "gone", "127.0.0.1", gone.port)
	gone.To(testkit.Silent)
	before := gone.Dials()
	c := b.customer(t, nil, 1000)
	for i := range 100 {
		_, err := b.panel.databases.Create(ctx, database.CreateInput{CustomerID: c, ServerID: &server.ID, Name: fmt.Sprintf("d%d", i)})
		require.NoError(t, err)
	}
	b.serve(t)
	attempts := func() (all struct{ Jobs, Attempts int }) {
		require.NoError(t, b.oracle.NewRaw("SELECT count(*) FILTER (WHERE attempts > 0) AS jobs, sum(attempts) AS attempts FROM jobs WHERE customer_id = ?", c).Scan(ctx, &all))
		return all
	}
	require.Eventually(t, func() bool { return attempts().Attempts > 0 }, 10*time.Second, time.Millisecond)

	// While the hundred try again and again.
	tenant := b.customer(t, nil, 10)
	healthy, slowest := 0, time.Duration(0)
	for healthy == 0 || attempts().Attempts < 400 {
		began := time.Now()
		out, err := b.panel.databases.Create(ctx, database.CreateInput{CustomerID: tenant, ServerID: b.embedded(t), Name: fmt.Sprintf("%s_%d", b.name, healthy)})
		require.NoError(t, err)
		require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "on the healthy server", over).State)
		slowest = max(slowest, time.Since(began))
		b.clear(t, scene{database: out.Database})
		healthy++
		if healthy == 10 {
			break
		}
	}
	require.Eventually(t, func() bool { return attempts().Jobs == 100 && attempts().Attempts >= 400 }, time.Minute, 50*time.Millisecond)
	all := attempts()
	dials := gone.Dials() - before
	t.Logf("%d attempts of %d jobs made %d connections; %d orders beside them took at most %v", all.Attempts, all.Jobs, dials, healthy, slowest)
	require.Less(t, slowest, 20*time.Second)
	require.Less(t, dials*10, all.Attempts, "most attempts made no connection")
	var waits []string
	require.NoError(t, b.oracle.NewRaw("SELECT DISTINCT message FROM job_events AS e JOIN jobs AS j ON j.id = e.job_id WHERE j.customer_id = ? AND e.kind = 'job.waiting'", c).Scan(ctx, &waits))
	require.Len(t, waits, 1, "all are told the same: %v", waits)
	require.Contains(t, waits[0], "it does not answer in time")
}

// embedded is the server that the bench begins with.
func (b *faultBench) embedded(t *testing.T) *ident.DatabaseServerID {
	t.Helper()
	id := new(ident.DatabaseServerID)
	require.NoError(t, b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Column("id").Where("embedded").Scan(t.Context(), id))
	return id
}

// Jobs wait while their server is away, and go on when a check finds it back.
func TestDatabaseServers_AwayAndBack(t *testing.T) {
	t.Parallel()
	b, c := newFaultBench(t), startElsewhere(t)
	ctx, address := b.asStaff(t), newRelay(t, testkit.Closed)
	server := b.register(t, "away", "127.0.0.1", address.port)
	require.False(t, server.Reachable)
	require.Nil(t, server.Version)
	require.Contains(t, server.Problems[0], "cannot be reached")
	b.serve(t)
	order := b.orderOn(t, server.ID, "shop")
	job := b.until(t, order.Job.ID, "it waits", waiting)
	require.Contains(t, *job.WaitingFor, "cannot be reached")
	require.NotNil(t, job.NextAttemptAt)
	require.NoError(t, b.panel.databases.CheckServers(ctx))
	_, err := b.oracle.ExecContext(ctx, "UPDATE jobs SET next_attempt_at = now() + interval '50 s' WHERE lease_until IS NULL")
	require.NoError(t, err)

	address.To(hostPort(c))
	require.NoError(t, b.panel.databases.CheckServers(ctx))
	back := time.Now()
	require.Equal(t, models.JobSucceeded, b.until(t, order.Job.ID, "it goes on", over).State)
	require.Less(t, time.Since(back), 20*time.Second)
	require.True(t, b.server(t, server.ID).Reachable)
	require.Equal(t, c.Version(), *b.server(t, server.ID).Version)

	// A delete is a wish like any other: it is finished when the server returns.
	address.To(testkit.Closed)
	now := 0
	del, err := b.panel.databases.Delete(ctx, database.DeleteInput{ID: order.Database.ID, GraceSeconds: &now})
	require.NoError(t, err)
	b.until(t, del.Job.ID, "it waits", waiting)
	require.NoError(t, b.panel.databases.CheckServers(ctx))
	seen := b.server(t, server.ID)
	require.False(t, seen.Reachable)
	require.NotNil(t, seen.Version, "what is known stays known")
	address.To(hostPort(c))
	require.NoError(t, b.panel.databases.CheckServers(ctx))
	require.Equal(t, models.JobSucceeded, b.until(t, del.Job.ID, "it goes on", over).State)
}

// The admin's password is changed on the server behind our back, and then told.
func TestDatabaseServers_PasswordChangedBehindOurBack(t *testing.T) {
	t.Parallel()
	b, c := newFaultBench(t), startElsewhere(t)
	ctx, s := b.asStaff(t), b.panel.databases
	execOn(t, c, "CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'yesterday-canary'")
	in := registration("other", c.Host(), c.Port())
	in.AdminUser, in.AdminPassword = "keeper", secret.New("yesterday-canary")
	out, err := s.RegisterServer(ctx, in)
	require.NoError(t, err)
	server := out.DatabaseServer
	require.True(t, server.Reachable)
	b.serve(t)

	execOn(t, c, "ALTER ROLE keeper PASSWORD 'today-canary'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'")
	order := b.orderOn(t, server.ID, "shop")
	job := b.until(t, order.Job.ID, "it waits", waiting)
	require.Equal(t, models.JobRunning, job.State)
	require.Regexp(t, `^The database server at \S+ cannot be reached: it does not let the panel in\.$`, *job.WaitingFor, "customers learn no more")
	checked, err := s.CheckServer(ctx, database.CheckServerInput{ID: server.ID})
	require.NoError(t, err)
	require.False(t, checked.DatabaseServer.Reachable)
	require.Len(t, checked.Problems, 1)
	require.Contains(t, checked.Problems[0], `password authentication failed for user "keeper"`)
	require.Contains(t, checked.Problems[0], "updateDatabaseServer")

	updated, err := s.UpdateServer(ctx, database.UpdateServerInput{ID: server.ID, AdminPassword: new(secret.New("today-canary"))})
	require.NoError(t, err)
	require.True(t, updated.DatabaseServer.Reachable, "%v", updated.DatabaseServer.Problems)
	require.Equal(t, models.JobSucceeded, b.until(t, order.Job.ID, "it goes on", over).State)

	// The passwords are nowhere in the panel's tables.
	var tables []string
	require.NoError(t, b.oracle.NewSelect().Table("pg_tables").Column("tablename").Where("schemaname = 'public'").Scan(ctx, &tables))
	for _, table := range tables {
		var found int
		require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM ? AS x WHERE x::text LIKE '%day-canary%'", bun.Ident(table)).Scan(ctx, &found))
		require.Zero(t, found, table)
	}
}

// A check of all servers notes each as soon as that one has answered.
func TestDatabaseServers_ASlowOneDelaysNoCheck(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx, slow := b.asStaff(t), newRelay(t, testkit.Closed)
	for i := range 5 {
		b.register(t, fmt.Sprintf("slow %d", i), "127.0.0.1", slow.port)
	}
	slow.To(testkit.Silent)
	_, err := b.oracle.ExecContext(ctx, "UPDATE database_servers SET checked_at = NULL, reachable = NOT embedded")
	require.NoError(t, err)
	began := time.Now()
	var through atomic.Bool
	done := make(chan error, 1)
	go func() {
		err := b.panel.databases.CheckServers(ctx)
		through.Store(true)
		done <- err
	}()
	good := *b.embedded(t)
	require.Eventually(t, func() bool { return b.server(t, good).CheckedAt != nil }, 10*time.Second, 5*time.Millisecond)
	require.False(t, through.Load(), "the others are still being asked")
	require.True(t, b.server(t, good).Reachable)
	require.NoError(t, <-done)
	require.Less(t, time.Since(began), 15*time.Second, "they are asked at once, each with its own limit")
	left, err := b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Where("checked_at IS NULL OR reachable <> embedded").Count(ctx)
	require.NoError(t, err)
	require.Zero(t, left)
}
