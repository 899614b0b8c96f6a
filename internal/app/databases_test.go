package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// member is somebody with a role in the customer.
func (b *faultBench) member(t *testing.T, id ident.CustomerID, role models.CustomerRole) *actor.Actor {
	t.Helper()
	user := &models.User{ID: ident.NewUserID(), Name: "Member"}
	user.Email = user.ID.String() + "@example.com"
	_, err := b.oracle.NewInsert().Model(user).Exec(t.Context())
	require.NoError(t, err)
	return &actor.Actor{User: user.ID, Grants: []actor.Grant{{Customer: id, Permissions: auth.CustomerPermissions(role)}}}
}

func (b *faultBench) customer(t *testing.T, parent *ident.CustomerID, databases int64) ident.CustomerID {
	t.Helper()
	out, err := b.panel.customers.Create(actor.With(t.Context(), b.staff), customer.CreateInput{
		Name: "Customer", Email: "c@example.com", ParentID: parent, Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: &databases}},
	})
	require.NoError(t, err)
	return out.Customer.ID
}

func (b *faultBench) used(t *testing.T, id ident.CustomerID) (n int64) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model((*models.Quota)(nil)).Column("used").Where("customer_id = ?", id).Where("name = ?", models.QuotaDatabases).Scan(t.Context(), &n))
	return n
}

func (b *faultBench) create(ctx context.Context, who *actor.Actor, id ident.CustomerID, name string) (*database.CreatePayload, error) {
	return b.panel.databases.Create(actor.With(ctx, who), database.CreateInput{CustomerID: id, Name: name})
}

func (b *faultBench) finished(t *testing.T, id ident.JobID) *models.Job {
	t.Helper()
	b.panel.engine.Run(t.Context(), id)
	j := new(models.Job)
	require.NoError(t, b.oracle.NewSelect().Model(j).Where("j.id = ?", id).Scan(t.Context()))
	return j
}

func (b *faultBench) exec(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, errors.Join(err, conn.Close(t.Context())), sql)
}

func TestCreateDatabase_ForeignObjectOfThatName(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	for what, sql := range map[string][2]string{
		"role":     {"CREATE ROLE %s LOGIN CONNECTION LIMIT 7", "DROP ROLE %s"},
		"database": {"CREATE DATABASE %s CONNECTION LIMIT 7", "DROP DATABASE %s"},
	} {
		c := b.customer(t, nil, 5)
		var number int64
		require.NoError(t, b.oracle.NewSelect().Model((*models.Customer)(nil)).Column("number").Where("c.id = ?", c).Scan(t.Context(), &number))
		ext := fmt.Sprintf("c%d_%s%s", number, b.name, what)
		b.exec(t, fmt.Sprintf(sql[0], ext))
		out, err := b.create(t.Context(), b.staff, c, b.name+what)
		require.NoError(t, err, "a mutation makes no network call")
		require.Equal(t, ext, out.Database.ExtName)
		job := b.finished(t, out.Job.ID)
		require.Equal(t, models.JobFailed, job.State, what)
		require.Equal(t, fault.Conflict, *job.ErrorCode, what)
		require.Contains(t, *job.ErrorMessage, "already has a "+what)
		require.Zero(t, b.used(t, c), "the quota is given back")

		s := scene{job: out.Job.ID, database: out.Database}
		found, err := b.onServer(t.Context(), s)
		require.NoError(t, err)
		want := outside{Role: what == "role"}
		if what == "database" {
			want = outside{Database: true, Limit: 7}
		}
		require.Equal(t, want, found, "untouched, and nothing of ours beside it")
		b.exec(t, fmt.Sprintf(sql[1], ext))

		// What failed does not block the name, and can be removed without a job.
		again, err := b.create(t.Context(), b.staff, c, b.name+what)
		require.NoError(t, err)
		require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
		gone, err := b.panel.databases.Delete(actor.With(t.Context(), b.staff), database.DeleteInput{ID: out.Database.ID})
		require.NoError(t, err)
		require.Nil(t, gone.Job)
		require.EqualValues(t, 1, b.used(t, c), "it held none any more")
		b.clear(t, scene{database: again.Database})
	}
}

func TestCreateDatabase_ServerDown(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 5)
	port := func(n int) {
		_, err := b.oracle.ExecContext(t.Context(), "UPDATE database_servers SET port = ?", n)
		require.NoError(t, err)
	}
	port(1)
	out, err := b.create(t.Context(), b.staff, c, b.name)
	require.NoError(t, err, "the mutation still answers")
	job := b.finished(t, out.Job.ID)
	require.Equal(t, models.JobRunning, job.State)
	require.Contains(t, *job.WaitingFor, "cannot be reached")
	require.NotNil(t, job.NextAttemptAt)
	require.NoError(t, b.panel.databases.CheckServers(t.Context()))
	servers, err := b.panel.databases.Servers(actor.With(t.Context(), b.staff), page.Args{}, nil)
	require.NoError(t, err)
	require.False(t, servers.Nodes()[0].Reachable)

	port(b.tenants.Port())
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE jobs SET next_attempt_at = now()")
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.NoError(t, b.panel.databases.CheckServers(t.Context()))
	servers, err = b.panel.databases.Servers(actor.With(t.Context(), b.staff), page.Args{}, nil)
	require.NoError(t, err)
	require.True(t, servers.Nodes()[0].Reachable)
	require.Equal(t, b.tenants.Version(), *servers.Nodes()[0].Version)
	b.clear(t, scene{database: out.Database})
}

func TestCreateDatabase_Refused(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := t.Context()
	mine, other, archived := b.customer(t, nil, 1), b.customer(t, nil, 5), b.customer(t, nil, 5)
	_, err := b.panel.customers.Archive(actor.With(ctx, b.staff), customer.ArchiveInput{ID: archived})
	require.NoError(t, err)
	owner := b.member(t, mine, models.CustomerOwner)
	_, err = b.create(ctx, owner, mine, "shop")
	require.NoError(t, err)

	server := new(models.DatabaseServer)
	require.NoError(t, b.oracle.NewSelect().Model(server).Scan(ctx))
	for name, tc := range map[string]struct {
		who   *actor.Actor
		in    database.CreateInput
		want  fault.Code
		field string
	}{
		"another customer":            {owner, database.CreateInput{CustomerID: other, Name: "a"}, fault.NotFound, "customerId"},
		"no customer":                 {owner, database.CreateInput{CustomerID: ident.NewCustomerID(), Name: "a"}, fault.NotFound, "customerId"},
		"zero customer":               {b.staff, database.CreateInput{Name: "a"}, fault.NotFound, "customerId"},
		"archived customer":           {b.staff, database.CreateInput{CustomerID: archived, Name: "a"}, fault.Conflict, "customerId"},
		"read only":                   {b.member(t, mine, models.CustomerReadOnly), database.CreateInput{CustomerID: mine, Name: "a"}, fault.Forbidden, "customerId"},
		"billing":                     {b.member(t, mine, models.CustomerBilling), database.CreateInput{CustomerID: mine, Name: "a"}, fault.Forbidden, "customerId"},
		"taken name":                  {b.staff, database.CreateInput{CustomerID: other, Name: "taken"}, fault.Conflict, "name"},
		"quota used up":               {owner, database.CreateInput{CustomerID: mine, Name: "b"}, fault.QuotaExceeded, "customerId"},
		"a server, but not staff":     {owner, database.CreateInput{CustomerID: mine, ServerID: &server.ID, Name: "b"}, fault.NotFound, "serverId"},
		"no such server":              {b.staff, database.CreateInput{CustomerID: other, ServerID: new(ident.NewDatabaseServerID()), Name: "b"}, fault.NotFound, "serverId"},
		"nobody":                      {nil, database.CreateInput{CustomerID: mine, Name: "b"}, fault.Unauthenticated, ""},
		"bad name before anything":    {owner, database.CreateInput{CustomerID: other, Name: "B"}, fault.Invalid, "name"},
		"the server, and it is there": {b.staff, database.CreateInput{CustomerID: other, ServerID: &server.ID, Name: "taken"}, "", ""},
	} {
		if name == "taken name" { // the last case makes it
			_, err := b.create(ctx, b.staff, other, "taken_too")
			require.NoError(t, err)
			tc.in.Name = "taken_too"
		}
		_, err := b.panel.databases.Create(actor.With(ctx, tc.who), tc.in)
		require.Equal(t, tc.want, fault.CodeOf(err), "%s: %v", name, err)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			require.Equal(t, tc.field, f.Field, name)
		}
	}
	for _, c := range []ident.CustomerID{mine} {
		require.EqualValues(t, 1, b.used(t, c), "what was refused used nothing")
	}
}

func TestCreateDatabase_QuotaIsExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	reseller := b.customer(t, nil, 10)
	sub := b.customer(t, &reseller, 100)
	leaves := []ident.CustomerID{b.customer(t, &sub, 100), b.customer(t, &sub, 100), b.customer(t, &sub, 7)}
	var mu sync.Mutex
	made, refused := 0, 0
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			_, err := b.create(t.Context(), b.staff, leaves[i%3], fmt.Sprintf("d%d", i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case fault.CodeOf(err) == fault.QuotaExceeded:
				refused++
				f, _ := errors.AsType[*fault.Error](err)
				assertDetails(t, f)
			default:
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 10, made, "exactly the limit two levels up")
	require.Equal(t, 190, refused)
	rows, err := b.oracle.NewSelect().Model((*models.Database)(nil)).Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, rows)
	require.EqualValues(t, 10, b.used(t, reseller))
	require.EqualValues(t, 10, b.used(t, sub))
	require.EqualValues(t, 10, b.used(t, leaves[0])+b.used(t, leaves[1])+b.used(t, leaves[2]))
}

func assertDetails(t *testing.T, f *fault.Error) {
	t.Helper()
	if f.Details["max"] == nil || f.Details["used"] != f.Details["max"] {
		t.Errorf("QUOTA_EXCEEDED with %v", f.Details)
	}
}

func TestCreateDatabase_OneKeyFiftyTimes(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 50)
	ctx, err := idempotency.WithKey(actor.With(t.Context(), b.staff), "order-1")
	require.NoError(t, err)
	var mu sync.Mutex
	credentials := map[string]bool{}
	ids := map[string]bool{}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			out, err := b.panel.databases.Create(ctx, database.CreateInput{CustomerID: c, Name: "shop"})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("replay: %v", err)
				return
			}
			ids[out.Database.ID.String()+" "+out.Job.ID.String()] = true
			if out.Credentials == nil {
				t.Error("who has the key is shown what it made")
				return
			}
			credentials[out.Credentials.Password()] = true
		})
	}
	wg.Wait()
	require.Len(t, ids, 1, "one database and one job")
	require.Len(t, credentials, 1, "and one password")
	require.EqualValues(t, 1, b.used(t, c))
	_, err = b.panel.databases.Create(ctx, database.CreateInput{CustomerID: c, Name: "other"})
	require.Equal(t, fault.IdempotencyKeyReused, fault.CodeOf(err))
	_, err = b.panel.databases.Create(actor.With(ctx, b.member(t, c, models.CustomerOwner)), database.CreateInput{CustomerID: c, Name: "shop"})
	require.NotEqual(t, fault.IdempotencyKeyReused, fault.CodeOf(err), "a key is its user's own")
}

func TestDeleteDatabase_Refused(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := t.Context()
	mine, other := b.customer(t, nil, 5), b.customer(t, nil, 5)
	out, err := b.create(ctx, b.staff, mine, b.name)
	require.NoError(t, err)
	del := func(who *actor.Actor, id ident.DatabaseID) error {
		hour := 3600
		_, err := b.panel.databases.Delete(actor.With(ctx, who), database.DeleteInput{ID: id, GraceSeconds: &hour})
		return err
	}
	foreign, missing := del(b.member(t, other, models.CustomerOwner), out.Database.ID), del(b.member(t, other, models.CustomerOwner), ident.NewDatabaseID())
	require.Equal(t, fault.NotFound, fault.CodeOf(foreign))
	require.Equal(t, missing, foreign)
	require.Equal(t, fault.Forbidden, fault.CodeOf(del(b.member(t, mine, models.CustomerReadOnly), out.Database.ID)))
	require.Equal(t, fault.Conflict, fault.CodeOf(del(b.staff, out.Database.ID)), "its creation is at work")
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.NoError(t, del(b.member(t, mine, models.CustomerDeveloper), out.Database.ID))
	require.Equal(t, fault.Conflict, fault.CodeOf(del(b.staff, out.Database.ID)), "it is being deleted")

	// Within the grace everything is closed and nothing is lost.
	jobs, err := b.panel.databases.Find(actor.With(ctx, b.staff), out.Database.ID)
	require.NoError(t, err)
	require.Equal(t, models.ResourceDeleting, jobs.State)
	var id string
	require.NoError(t, b.oracle.NewSelect().Model((*models.Job)(nil)).Column("id").Where("kind = ?", database.KindDelete).Scan(ctx, &id))
	job := new(models.Job)
	require.NoError(t, b.oracle.NewSelect().Model(job).Where("j.id = ?", id).Scan(ctx))
	job = b.finished(t, job.ID)
	require.Equal(t, models.JobRunning, job.State)
	require.Contains(t, *job.WaitingFor, "grace period")
	found, err := b.onServer(ctx, scene{database: out.Database})
	require.NoError(t, err)
	require.Equal(t, outside{Working: true, Marked: 2}, found, "closed under its working name")
	_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET delete_after = now(); UPDATE jobs SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, job.ID).State)
	require.Empty(t, b.mustBeGone(ctx, scene{database: out.Database}, ""))
}

// A second customer's databases are in the table in every list and look-up.
func TestDatabases_EachSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := t.Context()
	reseller := b.customer(t, nil, 10)
	child, other := b.customer(t, &reseller, 10), b.customer(t, nil, 10)
	var ids []ident.DatabaseID
	for _, c := range []ident.CustomerID{reseller, child, other} {
		out, err := b.create(ctx, b.staff, c, "shop")
		require.NoError(t, err)
		ids = append(ids, out.Database.ID)
	}
	for name, tc := range map[string]struct {
		who  *actor.Actor
		want []ident.DatabaseID // newest first
	}{
		"staff":           {b.staff, []ident.DatabaseID{ids[2], ids[1], ids[0]}},
		"reseller":        {b.member(t, reseller, models.CustomerOwner), []ident.DatabaseID{ids[1], ids[0]}},
		"its customer":    {b.member(t, child, models.CustomerReadOnly), []ident.DatabaseID{ids[1]}},
		"other":           {b.member(t, other, models.CustomerDeveloper), []ident.DatabaseID{ids[2]}},
		"no permission":   {b.member(t, other, models.CustomerBilling), nil},
		"nobody's member": {&actor.Actor{User: ident.NewUserID()}, nil},
	} {
		ctx := actor.With(ctx, tc.who)
		list, err := b.panel.databases.List(ctx, page.Args{WithTotal: true}, nil, nil)
		require.NoError(t, err, name)
		var got []ident.DatabaseID
		for _, d := range list.Nodes() {
			got = append(got, d.ID)
		}
		require.Equal(t, tc.want, got, name)
		total, err := list.TotalCount(ctx)
		require.NoError(t, err)
		require.Equal(t, len(tc.want), total, name)
		for _, id := range ids {
			d, err := b.panel.databases.Find(ctx, id)
			require.NoError(t, err)
			require.Equal(t, contains(tc.want, id), d != nil, "%s, %s", name, id)
		}
		edges, err := b.panel.databases.OfCustomers(ctx, []*models.Customer{{ID: reseller}, {ID: child}, {ID: other}}, page.Args{})
		require.NoError(t, err)
		for i, edge := range edges {
			require.Equal(t, contains(tc.want, ids[i]), edge != nil, "%s: an edge is null where nothing may be seen", name)
		}
	}
	shop := strings.ToUpper("shop")
	active := models.ResourceActive
	for name, f := range map[string]*database.Filter{
		"found by name": {Search: &shop}, "by customer": {CustomerID: &child}, "by state": {State: &active},
	} {
		list, err := b.panel.databases.List(actor.With(ctx, b.staff), page.Args{}, f, &database.Order{Field: database.OrderName, Direction: page.Asc})
		require.NoError(t, err)
		want := map[string]int{"found by name": 3, "by customer": 1, "by state": 0}[name]
		require.Len(t, list.Nodes(), want, name)
	}
}

func contains(list []ident.DatabaseID, id ident.DatabaseID) bool {
	return slices.Contains(list, id)
}

// What a customer was shown is nowhere: not in a table, not in the journal.
func TestCreateDatabase_SecretsAreNowhere(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 5)
	out, err := b.create(t.Context(), b.staff, c, b.name)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.NotContains(t, fmt.Sprintf("%+v %#v", out, out.Credentials), out.Credentials.Password())
	var tables []string
	require.NoError(t, b.oracle.NewSelect().Table("pg_tables").Column("tablename").Where("schemaname = 'public'").Scan(t.Context(), &tables))
	require.Greater(t, len(tables), 10)
	for _, table := range tables {
		var found int
		require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM ? AS x WHERE x::text LIKE ? OR x::text LIKE '%SCRAM-SHA%'",
			bun.Ident(table), "%"+out.Credentials.Password()+"%").Scan(t.Context(), &found))
		require.Zero(t, found, table)
	}
	b.clear(t, scene{database: out.Database})
}
