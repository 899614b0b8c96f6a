package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

var testKey = strings.Repeat("test-key", 8)

// A faultBench is one panel with a database of its own, whose connections and
// steps can be made to fail.
type faultBench struct {
	url     secret.Text
	panel   *panel
	oracle  *store.DB // sees the journal, through other connections
	cluster *devstack.Cluster
	tenants *devstack.Cluster
	staff   *actor.Actor
	acks    faulttest.Acks
	trap    atomic.Pointer[faulttest.Trap]
	probe   atomic.Pointer[func(ctx context.Context, point string) error] // instead of the trap
	name    string
	admin   string // its own on the tenants' cluster; "" for everybody's
	dir     string // of files
	access  benchAccess
	host    *scene // a database for scenes about its users
	errors  errorLog
}

// An errorLog keeps what is logged as an error.
type errorLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *errorLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *errorLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newFaultBench(t *testing.T) *faultBench {
	t.Helper()
	return newFaultBenchWith(t, testkit.Tenants(t))
}

// newFaultBenchWith is a bench whose databases are made on the cluster tenants.
func newFaultBenchWith(t *testing.T, tenants *devstack.Cluster) *faultBench {
	t.Helper()
	url := testkit.URL(t)
	return newFaultBenchOn(t, url, testkit.RestrictedURL(t, url), testkit.Panel(), tenants)
}

// newFaultBenchOn is a bench whose journal is the migrated database owner of cluster; the
// panel reaches it by url, as a role that cannot change the audit where it is one.
func newFaultBenchOn(t *testing.T, owner, url secret.Text, cluster, tenants *devstack.Cluster) *faultBench {
	t.Helper()
	ctx := t.Context()
	b := &faultBench{url: url, cluster: cluster, tenants: tenants, dir: t.TempDir()}
	t.Cleanup(func() { b.access.stop(t) })
	db, err := store.Open(ctx, b.url, b.acks.Configure)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	b.oracle, err = store.Open(ctx, owner)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.oracle.Close()) })
	require.NoError(t, b.oracle.NewSelect().ColumnExpr("current_database()").Scan(ctx, &b.name))
	box, err := secret.NewBox(secret.New(testKey))
	require.NoError(t, err)
	probe := func(ctx context.Context, point string) error {
		if probe := b.probe.Load(); probe != nil {
			return (*probe)(ctx, point)
		}
		if trap := b.trap.Load(); trap != nil {
			return trap.Probe(ctx, point)
		}
		return nil
	}
	b.panel, err = newPanel(ctx, &stores{db: db, box: box, access: &b.access}, config.Options{DataDir: b.dir, BaseURL: "http://panel.test"}, fast("matrix", probe),
		slog.New(slog.NewTextHandler(&b.errors, &slog.HandlerOptions{Level: slog.LevelError})))
	require.NoError(t, err)
	t.Cleanup(b.panel.close)
	require.NoError(t, b.panel.databases.RegisterEmbedded(ctx, database.Address{
		Host: b.tenants.Host(), Port: b.tenants.Port(), User: testkit.Superuser, Password: testkit.Password(), SSLMode: "disable",
	}))
	role := models.ProviderOwner
	user := &models.User{ID: ident.NewUserID(), Email: "staff@example.com", Name: "Staff", PasswordHash: "none", ProviderRole: &role}
	_, err = db.NewInsert().Model(user).Exec(ctx)
	require.NoError(t, err)
	b.staff = &actor.Actor{User: user.ID, Provider: auth.ProviderPermissions(role)}
	return b
}

func (b *faultBench) set(ctx context.Context, kind string) (scene, error) {
	b.trap.Store(nil)
	b.acks.Disarm()
	b.panel.stores.db.Pool.Reset() // the cell before may have ended its sessions
	return scenarios[kind].begin(ctx, b)
}

// clear removes what a scene left on the server, through the same driver.
func (b *faultBench) clear(t *testing.T, s scene) {
	t.Helper()
	b.trap.Store(nil)
	if s.sister != nil {
		b.clear(t, *s.sister)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	if s.source != nil {
		b.clear(t, *s.source)
	}
	if b.host != nil && s.database.ID == b.host.database.ID {
		b.dismiss(t, s)
		return
	}
	// Some scenes leave what is ours under other names.
	var names []string
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE $1 || '%' OR datname = $2 OR shobj_description(oid, 'pg_database') LIKE '%' || $3`,
		s.database.ExtName, workName(s.database), s.database.ID.String())
	require.NoError(t, err)
	names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, name := range names {
		_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		require.NoError(t, err, name)
	}
	roles := strings.Join(append(s.roles(), s.database.Username+"_away"), ", ")
	_, err = conn.Exec(ctx, "DROP ROLE IF EXISTS "+roles)
	require.NoError(t, err, roles)
}

func workName(d *models.Database) string { return "mp_" + strings.ReplaceAll(d.ID.String(), "-", "") }

// check asks the servers and the journal, not the code under test.
func (b *faultBench) check(ctx context.Context, kind string, s scene, outcome models.JobState) []error {
	faults := b.checkJournal(ctx, s.job, outcome)
	return append(faults, scenarios[kind].check(ctx, b, s, outcome)...)
}

func (b *faultBench) checkJournal(ctx context.Context, id ident.JobID, outcome models.JobState) (faults []error) {
	job := new(models.Job)
	if err := b.oracle.NewSelect().Model(job).Where("j.id = ?", id).Scan(ctx); err != nil {
		return []error{err}
	}
	var events struct{ N, Newest, Ends int64 }
	err := b.oracle.NewSelect().Model((*models.JobEvent)(nil)).Where("job_id = ?", id).
		ColumnExpr("count(*) AS n, max(seq) AS newest, count(*) FILTER (WHERE kind IN ('job.succeeded', 'job.failed', 'job.canceled')) AS ends").Scan(ctx, &events)
	if err != nil {
		return []error{err}
	}
	var told, due int64
	if !job.ActorUserID.IsZero() && job.ParentID.IsZero() {
		due = 1
	}
	err = b.oracle.NewRaw(`SELECT count(*) FROM notifications AS n WHERE n.object_id = ?0 AND n.kind <> 'job.stuck' AND n.user_id = ?1 AND
		(n.xid, n.kind) = (SELECT e.xid, e.kind FROM job_events AS e WHERE e.job_id = ?0 ORDER BY e.seq DESC LIMIT 1)`, id, job.ActorUserID).Scan(ctx, &told)
	if err != nil {
		return []error{err}
	}
	all, err := b.oracle.NewSelect().Model((*models.Notification)(nil)).Where("n.object_id = ?", id).Where("n.kind <> 'job.stuck'").Count(ctx)
	if err != nil {
		return []error{err}
	}
	for what, wrong := range map[string]bool{
		fmt.Sprintf("%d were notified of its end, %d in its transaction, want %d", all, told, due): all != due || told != due,
		"the job is " + string(job.State): job.State != outcome,
		"it still has a lease":            job.LeaseOwner != nil || job.LeaseUntil != nil,
		"it has no end":                   job.FinishedAt == nil,
		fmt.Sprintf("events %+v, counter %d", events, job.EventSeq):      events.N != events.Newest || events.N != job.EventSeq || events.Ends != 1,
		"its percent is " + strconv.FormatFloat(job.Percent, 'f', 0, 64): outcome == models.JobSucceeded && job.Percent != 100,
	} {
		if wrong {
			faults = append(faults, errors.New(what))
		}
	}
	return faults
}

// notified are the kinds of what somebody was told of an object, in their order.
func (b *faultBench) notified(t *testing.T, object interface{ Bare() uuid.UUID }) (kinds []string) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model((*models.Notification)(nil)).Column("n.kind").Where("n.object_id = ?", object.Bare()).Order("n.number").Scan(t.Context(), &kinds))
	return kinds
}

// mustBeThere wants the database on the server, open to its login and to
// nobody else, and our tables to say so.
func (b *faultBench) mustBeThere(ctx context.Context, s scene, state models.ResourceState, used int64) (faults []error) {
	found, err := b.onServer(ctx, s)
	if err != nil {
		return []error{err}
	}
	marked := int64(2) // role and database
	if s.guest != nil {
		marked += 2 // the groups of its users
	}
	if want := (outside{Role: true, Marked: marked, Database: true, Limit: int64(s.database.ConnectionLimit)}); found != want {
		faults = append(faults, fmt.Errorf("on the server %+v, want %+v", found, want))
	}
	if err := b.enters(ctx, s, s.password); err != nil {
		faults = append(faults, err)
	}
	return append(faults, b.checkRow(ctx, s, state, used)...)
}

// mustBeGone wants nothing on the server; a state of "" wants no row either.
func (b *faultBench) mustBeGone(ctx context.Context, s scene, state models.ResourceState) (faults []error) {
	found, err := b.onServer(ctx, s)
	if err != nil {
		return []error{err}
	}
	if found != (outside{}) {
		faults = append(faults, fmt.Errorf("left on the server: %+v", found))
	}
	return append(faults, b.checkRow(ctx, s, state, 0)...)
}

func (b *faultBench) checkRow(ctx context.Context, s scene, state models.ResourceState, used int64) (faults []error) {
	var rows []*models.Database
	var quota models.Quota
	if err := errors.Join(
		b.oracle.NewSelect().Model(&rows).Where("d.id = ?", s.database.ID).Scan(ctx),
		b.oracle.NewSelect().Model(&quota).Where("q.customer_id = ?", s.database.CustomerID).Where("q.name = ?", models.QuotaDatabases).Scan(ctx),
	); err != nil {
		return []error{err}
	}
	got := models.ResourceState("")
	if len(rows) > 0 {
		got = rows[0].State
	}
	if got != state {
		faults = append(faults, fmt.Errorf("the row is %q, want %q", got, state))
	}
	if quota.Used != used {
		faults = append(faults, fmt.Errorf("quota used %d, want %d", quota.Used, used))
	}
	return faults
}

// outside is what a server has of a scene.
type outside struct {
	Role, Database, Working bool
	Marked                  int64
	Limit                   int64
}

func (b *faultBench) onServer(ctx context.Context, s scene) (o outside, err error) {
	conn, err := pgx.Connect(ctx, b.tenants.ConnString("postgres").Reveal())
	if err != nil {
		return o, err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, `SELECT
		EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND rolcanlogin),
		EXISTS (SELECT FROM pg_database WHERE datname = $1),
		EXISTS (SELECT FROM pg_database WHERE datname = $2),
		(SELECT count(*) FROM pg_shdescription WHERE description LIKE 'mpanel:%' || $3),
		coalesce((SELECT datconnlimit FROM pg_database WHERE datname = $1), 0)`,
		s.database.ExtName, workName(s.database), s.database.ID.String()).Scan(&o.Role, &o.Database, &o.Working, &o.Marked, &o.Limit)
	return o, err
}
