package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// settled makes a database as if its job had been done; nothing is on a server.
func (b *faultBench) settled(t *testing.T, c ident.CustomerID, name string) *models.Database {
	t.Helper()
	out, err := b.create(t.Context(), b.staff, c, name)
	require.NoError(t, err)
	b.over(t)
	return out.Database
}

// over ends every job as if it had been done.
func (b *faultBench) over(t *testing.T) {
	t.Helper()
	_, err := b.oracle.ExecContext(t.Context(), `UPDATE jobs SET state = 'SUCCEEDED', lease_owner = NULL, lease_until = NULL;
		UPDATE databases SET state = 'ACTIVE' WHERE state = 'PENDING'; UPDATE database_users SET state = 'ACTIVE' WHERE state = 'PENDING'`)
	require.NoError(t, err)
}

func (b *faultBench) addUser(ctx context.Context, who *actor.Actor, id ident.DatabaseID, name string) (*database.UserPayload, error) {
	return b.panel.databases.CreateUser(actor.With(ctx, who), database.CreateUserInput{DatabaseID: id, Name: name, Rights: database.ReadOnly})
}

func TestCreateDatabaseUser_Refused(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := t.Context()
	mine, other := b.customer(t, nil, 9), b.customer(t, nil, 9)
	shop, shopA, long := b.settled(t, mine, "shop"), b.settled(t, mine, "shop_a"), b.settled(t, mine, strings.Repeat("a", 41))
	foreign := b.settled(t, other, "shop")
	pending, err := b.create(ctx, b.staff, mine, "pending")
	require.NoError(t, err)
	owner := b.member(t, mine, models.CustomerOwner)
	_, err = b.addUser(ctx, owner, shop.ID, "taken")
	require.NoError(t, err)
	_, err = b.addUser(ctx, owner, shop.ID, "a_b")
	require.NoError(t, err, "the job of one user is not in the way of another's")

	for name, tc := range map[string]struct {
		who   *actor.Actor
		in    database.CreateUserInput
		want  fault.Code
		field string
	}{
		"another's database":      {owner, database.CreateUserInput{DatabaseID: foreign.ID, Name: "a"}, fault.NotFound, "databaseId"},
		"no database":             {owner, database.CreateUserInput{DatabaseID: ident.NewDatabaseID(), Name: "a"}, fault.NotFound, "databaseId"},
		"zero database":           {b.staff, database.CreateUserInput{Name: "a"}, fault.NotFound, "databaseId"},
		"read only":               {b.member(t, mine, models.CustomerReadOnly), database.CreateUserInput{DatabaseID: shop.ID, Name: "a"}, fault.Forbidden, "databaseId"},
		"nobody":                  {nil, database.CreateUserInput{DatabaseID: shop.ID, Name: "a"}, fault.Unauthenticated, ""},
		"database not made yet":   {owner, database.CreateUserInput{DatabaseID: pending.Database.ID, Name: "a"}, fault.Conflict, "databaseId"},
		"taken name":              {owner, database.CreateUserInput{DatabaseID: shop.ID, Name: "taken"}, fault.Conflict, "name"},
		"taken on the server":     {owner, database.CreateUserInput{DatabaseID: shopA.ID, Name: "b"}, fault.Conflict, "name"},
		"too long on the server":  {owner, database.CreateUserInput{DatabaseID: long.ID, Name: strings.Repeat("a", 32)}, fault.Invalid, "name"},
		"more than the database":  {owner, database.CreateUserInput{DatabaseID: shop.ID, Name: "a", ConnectionLimit: new(21)}, fault.Invalid, "connectionLimit"},
		"bad name comes first":    {owner, database.CreateUserInput{DatabaseID: foreign.ID, Name: "A"}, fault.Invalid, "name"},
		"the same name elsewhere": {owner, database.CreateUserInput{DatabaseID: shopA.ID, Name: "taken", ConnectionLimit: new(20)}, "", ""},
	} {
		tc.in.Rights = database.ReadOnly
		_, err := b.panel.databases.CreateUser(actor.With(ctx, tc.who), tc.in)
		require.Equal(t, tc.want, fault.CodeOf(err), "%s: %v", name, err)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			require.Equal(t, tc.field, f.Field, name)
		}
	}
	_, one := b.addUser(ctx, owner, foreign.ID, "a")
	_, two := b.addUser(ctx, owner, ident.NewDatabaseID(), "a")
	require.Equal(t, two, one, "foreign and missing are the same")
}

func TestCreateDatabaseUser_TwentyAtMostUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	d := b.settled(t, b.customer(t, nil, 1), "shop")
	var mu sync.Mutex
	made, refused := 0, 0
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			_, err := b.addUser(t.Context(), b.staff, d.ID, fmt.Sprintf("u%d", i))
			mu.Lock()
			defer mu.Unlock()
			switch fault.CodeOf(err) {
			case "":
				made++
			case fault.Conflict:
				refused++
			default:
				t.Errorf("unexpected: %v", err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, database.MaxUsers, made)
	require.Equal(t, 10, refused)
}

func TestDatabaseUser_NeitherMovesWhileTheOtherDoes(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := actor.With(t.Context(), b.staff)
	d := b.settled(t, b.customer(t, nil, 1), "shop")
	out, err := b.addUser(ctx, b.staff, d.ID, "reader")
	require.NoError(t, err)
	u := out.DatabaseUser
	mutations := map[string]func() error{
		"update": func() error {
			_, err := b.panel.databases.UpdateUser(ctx, database.UpdateUserInput{ID: u.ID, Rights: new(database.Owner)})
			return err
		},
		"rotate": func() error {
			_, err := b.panel.databases.RotateUserPassword(ctx, database.RotateUserPasswordInput{ID: u.ID})
			return err
		},
		"delete": func() error {
			_, err := b.panel.databases.DeleteUser(ctx, database.DeleteUserInput{ID: u.ID})
			return err
		},
	}
	allRefused := func(why string) {
		t.Helper()
		for name, do := range mutations {
			require.Equal(t, fault.Conflict, fault.CodeOf(do()), "%s: %s", name, why)
		}
	}
	remove := func() error {
		_, err := b.panel.databases.Delete(ctx, database.DeleteInput{ID: d.ID, GraceSeconds: new(0)})
		return err
	}
	require.Equal(t, fault.Conflict, fault.CodeOf(remove()), "a job is at work on its user")
	allRefused("its own creation is at work")
	b.over(t)
	require.NoError(t, mutations["update"]())
	allRefused("its change is at work")
	b.over(t)
	require.NoError(t, remove())
	allRefused("its database is being deleted")
	_, err = b.addUser(ctx, b.staff, d.ID, "late")
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	// A job of another kind is at work on a database that is ACTIVE.
	_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET state = 'ACTIVE'")
	require.NoError(t, err)
	allRefused("a job is at work on its database")
	_, err = b.addUser(ctx, b.staff, d.ID, "late")
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
}

func TestDatabaseUsers_EachSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := t.Context()
	reseller := b.customer(t, nil, 9)
	child, other := b.customer(t, &reseller, 9), b.customer(t, nil, 9)
	var databases []*models.Database
	var ids []ident.DatabaseUserID
	for _, c := range []ident.CustomerID{reseller, child, other} {
		d := b.settled(t, c, "shop")
		databases = append(databases, d)
		for _, name := range []string{"first", "second"} {
			out, err := b.addUser(ctx, b.staff, d.ID, name)
			require.NoError(t, err)
			ids = append(ids, out.DatabaseUser.ID)
		}
	}
	for name, tc := range map[string]struct {
		who  *actor.Actor
		want [3]bool
	}{
		"staff":           {b.staff, [3]bool{true, true, true}},
		"reseller":        {b.member(t, reseller, models.CustomerOwner), [3]bool{true, true, false}},
		"its customer":    {b.member(t, child, models.CustomerReadOnly), [3]bool{false, true, false}},
		"other":           {b.member(t, other, models.CustomerDeveloper), [3]bool{false, false, true}},
		"no permission":   {b.member(t, other, models.CustomerBilling), [3]bool{}},
		"nobody's member": {&actor.Actor{User: ident.NewUserID()}, [3]bool{}},
	} {
		ctx := actor.With(ctx, tc.who)
		pages, err := b.panel.databases.UsersOf(ctx, databases, page.Args{WithTotal: true, First: new(1)})
		require.NoError(t, err, name)
		for i, sees := range tc.want {
			require.Equal(t, sees, pages[i] != nil, "%s, %d", name, i)
			for _, id := range ids[2*i : 2*i+2] {
				u, err := b.panel.databases.FindUser(ctx, id)
				require.NoError(t, err)
				require.Equal(t, sees, u != nil, name)
				_, err = b.panel.databases.DeleteUser(actor.With(ctx, tc.who), database.DeleteUserInput{ID: id})
				if !sees {
					require.Equal(t, fault.NotFound, fault.CodeOf(err), name)
				}
			}
			if !sees {
				continue
			}
			require.Len(t, pages[i].Nodes(), 1)
			require.Equal(t, ids[2*i], pages[i].Nodes()[0].ID, "the oldest first")
			total, err := pages[i].TotalCount(ctx)
			require.NoError(t, err)
			require.Equal(t, 2, total)
		}
	}
}

func TestCreateDatabaseUser_ForeignRoleOfThatName(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := t.Context()
	s, err := b.hosted(ctx)
	require.NoError(t, err)
	name := "u" + strings.TrimPrefix(s.database.ExtName, "c") + "_guest"
	b.exec(t, "CREATE ROLE "+name+" CONNECTION LIMIT 7")
	out, err := b.addUser(ctx, b.staff, s.database.ID, "guest")
	require.NoError(t, err)
	require.Equal(t, name, out.DatabaseUser.Username)
	job := b.finished(t, out.Job.ID)
	require.Equal(t, models.JobFailed, job.State)
	require.Equal(t, fault.Conflict, *job.ErrorCode)
	b.exec(t, "ALTER ROLE "+name+" RENAME TO x"+name) // it is still there
	b.exec(t, "DROP ROLE x"+name)

	// What failed does not block the name, and is removed without a job.
	again, err := b.addUser(ctx, b.staff, s.database.ID, "guest")
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	gone, err := b.panel.databases.DeleteUser(actor.With(ctx, b.staff), database.DeleteUserInput{ID: out.DatabaseUser.ID})
	require.NoError(t, err)
	require.Nil(t, gone.Job)
	u, err := b.panel.databases.FindUser(actor.With(ctx, b.staff), out.DatabaseUser.ID)
	require.NoError(t, err)
	require.Nil(t, u)
	b.host = nil
	b.clear(t, scene{database: s.database, guest: &guest{row: again.DatabaseUser}})
}

func TestCreateDatabaseUser_OneKeyManyTimes(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	d := b.settled(t, b.customer(t, nil, 1), "shop")
	ctx, err := idempotency.WithKey(actor.With(t.Context(), b.staff), "user-1")
	require.NoError(t, err)
	ids, credentials := map[string]bool{}, map[string]bool{}
	for range 5 {
		out, err := b.panel.databases.CreateUser(ctx, database.CreateUserInput{DatabaseID: d.ID, Name: "a", Rights: database.Owner})
		require.NoError(t, err)
		ids[out.DatabaseUser.ID.String()+out.Job.ID.String()] = true
		require.NotNil(t, out.Credentials)
		credentials[out.Credentials.Password()] = true
	}
	require.Len(t, ids, 1)
	require.Len(t, credentials, 1, "all are the one that was shown")
	_, err = b.panel.databases.CreateUser(ctx, database.CreateUserInput{DatabaseID: d.ID, Name: "a", Rights: database.ReadOnly})
	require.Equal(t, fault.IdempotencyKeyReused, fault.CodeOf(err))
}

// What was shown is nowhere, neither after it was made nor while another follows it.
func TestDatabaseUser_SecretsAreNowhere(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := actor.With(t.Context(), b.staff)
	s, err := b.hosted(ctx)
	require.NoError(t, err)
	require.NoError(t, b.invite(ctx, &s, models.RightsOwner))
	out, err := b.panel.databases.RotateUserPassword(ctx, database.RotateUserPasswordInput{ID: s.guest.row.ID})
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v %#v", out, out.Credentials), out.Credentials.Password())
	var tables []string
	require.NoError(t, b.oracle.NewSelect().Table("pg_tables").Column("tablename").Where("schemaname = 'public'").Scan(ctx, &tables))
	search := func() {
		for _, table := range tables {
			for _, text := range []string{out.Credentials.Password(), s.guest.password.Reveal(), "SCRAM-SHA"} {
				var found int
				require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM ? AS x WHERE x::text LIKE ?", bun.Ident(table), "%"+text+"%").Scan(ctx, &found))
				require.Zero(t, found, table)
			}
		}
	}
	search()
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	search()
	b.host = nil
	b.clear(t, s)
}
