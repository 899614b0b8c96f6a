package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/customer"
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
	name    string
	host    *scene // a database for scenes about its users
}

func newFaultBench(t *testing.T) *faultBench {
	t.Helper()
	ctx := t.Context()
	b := &faultBench{url: testkit.URL(t), tenants: testkit.Tenants(t)}
	b.cluster = testkit.Panel()
	db, err := store.Open(ctx, b.url, b.acks.Configure)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	b.oracle, err = store.Open(ctx, b.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.oracle.Close()) })
	require.NoError(t, b.oracle.NewSelect().ColumnExpr("current_database()").Scan(ctx, &b.name))
	box, err := secret.NewBox(secret.New(testKey))
	require.NoError(t, err)
	probe := func(ctx context.Context, point string) error {
		if trap := b.trap.Load(); trap != nil {
			return trap.Probe(ctx, point)
		}
		return nil
	}
	b.panel, err = newPanel(ctx, &stores{db: db, box: box}, config.Options{}, fast("matrix", probe), slog.New(slog.DiscardHandler))
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

// terminate ends every session of the journal's database.
func (b *faultBench) terminate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.cluster.ConnString("postgres").Reveal())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", b.name)
	return errors.Join(err, conn.Close(ctx))
}

// A scene is a job that is about to run, and what it is about.
type scene struct {
	job      ident.JobID
	database *models.Database
	password secret.Text
	guest    *guest // a further user; nil without
}

// A scenario is how a plan's resource comes to be, and what has to be there
// when its job is over.
type scenario struct {
	begin func(ctx context.Context, b *faultBench) (scene, error)
	check func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error
}

// scenarios has one for each kind of plan.
var scenarios = map[string]scenario{
	database.KindCreate: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) { return b.order(ctx) },
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				return b.mustBeThere(ctx, s, models.ResourceActive, 1)
			}
			return b.mustBeGone(ctx, s, models.ResourceFailed)
		},
	},
	database.KindCreateUser: userCreation,
	database.KindUpdateUser: userChange,
	database.KindRotateUser: userRotation,
	database.KindDeleteUser: userDeletion,
	database.KindDelete: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.order(ctx)
			if err != nil {
				return s, err
			}
			b.panel.engine.Run(ctx, s.job)
			if err := b.invite(ctx, &s, models.RightsReadWrite); err != nil {
				return s, err
			}
			if faults := b.mustBeThere(ctx, s, models.ResourceActive, 1); len(faults) > 0 {
				return s, errors.Join(faults...)
			}
			now := 0
			out, err := b.panel.databases.Delete(actor.With(ctx, b.staff), database.DeleteInput{ID: s.database.ID, GraceSeconds: &now})
			if err == nil {
				s.job = out.Job.ID
			}
			return s, err
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				return append(b.mustBeGone(ctx, s, ""), b.guestMustBe(ctx, s, nowhere)...)
			}
			return append(b.mustBeThere(ctx, s, models.ResourceActive, 1), b.guestMustBe(ctx, s, *s.guest)...)
		},
	},
}

func (b *faultBench) set(ctx context.Context, kind string) (scene, error) {
	b.trap.Store(nil)
	b.acks.Disarm()
	return scenarios[kind].begin(ctx, b)
}

func (b *faultBench) order(ctx context.Context) (scene, error) {
	ctx = actor.With(ctx, b.staff)
	one := int64(1)
	c, err := b.panel.customers.Create(ctx, customer.CreateInput{
		Name: "Tenant", Email: "tenant@example.com", Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: &one}},
	})
	if err != nil {
		return scene{}, err
	}
	// Each bench counts its customers from 1; the server is everybody's.
	out, err := b.panel.databases.Create(ctx, database.CreateInput{CustomerID: c.Customer.ID, Name: b.name})
	if err != nil {
		return scene{}, err
	}
	return scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}, nil
}

// clear removes what a scene left on the server, through the same driver.
func (b *faultBench) clear(t *testing.T, s scene) {
	t.Helper()
	b.trap.Store(nil)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	if b.host != nil && s.database.ID == b.host.database.ID {
		b.dismiss(t, s)
		return
	}
	for _, sql := range []string{
		"DROP DATABASE IF EXISTS " + s.database.ExtName + " WITH (FORCE)", "DROP DATABASE IF EXISTS " + workName(s.database) + " WITH (FORCE)",
		"DROP ROLE IF EXISTS " + strings.Join(s.roles(), ", "),
	} {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
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
	for what, wrong := range map[string]bool{
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
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s dbname=%s password=%s sslmode=disable",
		b.tenants.Host(), b.tenants.Port(), s.database.Username, s.database.ExtName, s.password.Reveal()))
	if err != nil {
		faults = append(faults, errors.New("the credentials do not work"))
	} else {
		if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS proof (n int)"); err != nil {
			faults = append(faults, fmt.Errorf("the login cannot work: %w", err))
		}
		_ = conn.Close(ctx)
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
		b.oracle.NewSelect().Model(&quota).Where("q.customer_id = ?", s.database.CustomerID).Scan(ctx),
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
