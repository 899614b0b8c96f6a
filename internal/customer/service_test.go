package customer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

func TestCreate_AtTheTop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := actor.WithRequest(w.staff(), actor.Request{ID: "req-1", IP: "192.0.2.1", UserAgent: "test"})
	out, err := w.Create(ctx, customer.CreateInput{
		Name: "株式会社 O'Neill", Email: "Jane@Example.com", Company: new("O'Neill"), Country: new("JP"),
		Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: new(int64(3))}},
	})
	require.NoError(t, err)
	c := out.Customer
	require.Equal(t, "株式会社 O'Neill", c.Name)
	require.Equal(t, "Jane@Example.com", c.Email)
	require.Equal(t, "O'Neill", *c.Company)
	require.Equal(t, "JP", *c.Country)
	require.Equal(t, models.CustomerActive, c.State)
	require.True(t, c.ParentID.IsZero())
	require.Positive(t, c.Number, "the database's number is read back")
	require.WithinDuration(t, time.Now(), c.CreatedAt, time.Minute)
	require.Equal(t, c.CreatedAt, c.UpdatedAt)

	found, err := w.Find(ctx, c.ID)
	require.NoError(t, err)
	require.Equal(t, c, found, "the answer is what is in the table")
	quotas, err := w.Quotas(ctx, []*models.Customer{c})
	require.NoError(t, err)
	require.Equal(t, [][]*models.Quota{{
		{CustomerID: c.ID, Name: models.QuotaDatabases, Used: 0, Max: new(int64(3)), Level: models.QuotaNormal},
		{CustomerID: c.ID, Name: models.QuotaDatabaseBytes, Level: models.QuotaNormal},
	}}, quotas)
	require.Equal(t, 1, w.count("SELECT count(*) FROM customer_tree WHERE customer_id = ? AND ancestor_id = ? AND depth = 0", c.ID, c.ID))
	require.Equal(t, 1, w.count("SELECT count(*) FROM customer_tree WHERE customer_id = ?", c.ID))
	who, err := actor.From(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, w.count(`SELECT count(*) FROM audit_entries WHERE action = 'customer.create' AND object_id = ? AND customer_id = ?
		AND user_id = ? AND request_id = 'req-1' AND ip = '192.0.2.1' AND user_agent = 'test'`, c.ID, c.ID, who.User))
}

func TestCreate_DefaultsAndEmptyTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.Create(w.staff(), customer.CreateInput{Name: "A", Email: "a@b.c", Company: new(""), Country: new("")})
	require.NoError(t, err)
	require.Nil(t, out.Customer.Company)
	require.Nil(t, out.Customer.Country)
	quotas, err := w.Quotas(w.staff(), []*models.Customer{out.Customer})
	require.NoError(t, err)
	require.Len(t, quotas[0], len(models.QuotaNames()), "each customer has a counter for each quota")
	require.Nil(t, quotas[0][0].Max, "without a limit")
}

func TestCreate_InvalidChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.count("SELECT count(*) FROM customers")
	_, err := w.Create(w.staff(), customer.CreateInput{Name: "a\x00", Email: "x"})
	require.ElementsMatch(t, []string{"name", "email"}, faultFields(t, err))
	require.Equal(t, before, w.count("SELECT count(*) FROM customers"))
	_, err = w.Create(t.Context(), customer.CreateInput{Name: "A", Email: "a@b.c"})
	require.Equal(t, fault.Unauthenticated, code(err))
}

func TestCreate_BelowAParent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, ctx := range map[string]context.Context{
		"staff":        w.staff(),
		"its owner":    w.member(w.branch, models.CustomerOwner),
		"the reseller": w.member(w.reseller, models.CustomerAdmin),
	} {
		out, err := w.Create(ctx, customer.CreateInput{Name: name, Email: "a@b.c", ParentID: &w.branch.ID})
		require.NoError(t, err, name)
		require.Equal(t, w.branch.ID, out.Customer.ParentID)
		var line []struct {
			AncestorID ident.CustomerID
			Depth      int
		}
		require.NoError(t, w.db.NewSelect().Table("customer_tree").Column("ancestor_id", "depth").
			Where("customer_id = ?", out.Customer.ID).Order("depth").Scan(t.Context(), &line))
		require.Len(t, line, 4)
		for i, above := range []ident.CustomerID{out.Customer.ID, w.branch.ID, w.shop.ID, w.reseller.ID} {
			require.Equal(t, above, line[i].AncestorID)
			require.Equal(t, i, line[i].Depth)
		}
	}
}

func TestCreate_WhoMayWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	archived := w.create("Archived", w.reseller)
	w.archive(archived)
	missing := ident.NewCustomerID()
	for name, tc := range map[string]struct {
		ctx    context.Context
		parent *ident.CustomerID
		want   fault.Code
		field  string
	}{
		"owner, at the top":            {w.member(w.shop, models.CustomerOwner), nil, fault.Forbidden, "parentId"},
		"billing staff, at the top":    {w.as([]actor.Permission{actor.CustomersRead}), nil, fault.Forbidden, "parentId"},
		"owner, above itself":          {w.member(w.shop, models.CustomerOwner), &w.reseller.ID, fault.NotFound, "parentId"},
		"owner, below a foreign one":   {w.member(w.shop, models.CustomerOwner), &w.foreign.ID, fault.NotFound, "parentId"},
		"owner, below a missing one":   {w.member(w.shop, models.CustomerOwner), &missing, fault.NotFound, "parentId"},
		"owner, below garbage":         {w.member(w.shop, models.CustomerOwner), &ident.CustomerID{}, fault.NotFound, "parentId"},
		"staff, below a missing one":   {w.staff(), &missing, fault.NotFound, "parentId"},
		"who only reads it":            {w.as(nil, grant(w.shop, models.CustomerReadOnly), grant(w.foreign, models.CustomerOwner)), &w.shop.ID, fault.Forbidden, "parentId"},
		"owner, below an archived one": {w.member(w.reseller, models.CustomerOwner), &archived.ID, fault.Conflict, "parentId"},
		"staff, below an archived one": {w.staff(), &archived.ID, fault.Conflict, "parentId"},
	} {
		before := w.count("SELECT count(*) FROM customers")
		_, err := w.Create(tc.ctx, customer.CreateInput{Name: "X", Email: "a@b.c", ParentID: tc.parent})
		require.Equal(t, tc.want, code(err), "%s: %v", name, err)
		f, _ := errors.AsType[*fault.Error](err)
		require.Equal(t, tc.field, f.Field, name)
		require.Equal(t, before, w.count("SELECT count(*) FROM customers"), name)
	}
}

func TestCreate_DeepestTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.create("Top", nil)
	for i := range customer.MaxDepth {
		c = w.create(fmt.Sprintf("Level %d", i+1), c)
	}
	_, err := w.Create(w.staff(), customer.CreateInput{Name: "Too deep", Email: "a@b.c", ParentID: &c.ID})
	require.Equal(t, []string{"parentId"}, faultFields(t, err))
	require.Zero(t, w.count("SELECT count(*) FROM customers WHERE name = 'Too deep'"))
}

func TestUpdate_ChangesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.staff()
	out, err := w.Create(ctx, customer.CreateInput{Name: "A", Email: "a@b.c", Company: new("Co"), Country: new("DE")})
	require.NoError(t, err)
	was := *out.Customer
	for _, tc := range []struct { // in this order
		name string
		in   customer.UpdateInput
		want func(*models.Customer)
	}{
		{"nothing", customer.UpdateInput{}, func(*models.Customer) {}},
		{"the name", customer.UpdateInput{Name: new("B")}, func(c *models.Customer) { c.Name = "B" }},
		{"the address", customer.UpdateInput{Email: new("b@b.c")}, func(c *models.Customer) { c.Email = "b@b.c" }},
		{"the company", customer.UpdateInput{Company: new("New Co")}, func(c *models.Customer) { c.Company = new("New Co") }},
		{"no company", customer.UpdateInput{Company: new("")}, func(c *models.Customer) { c.Company = nil }},
		{"no country", customer.UpdateInput{Country: new("")}, func(c *models.Customer) { c.Country = nil }},
		{"a country", customer.UpdateInput{Country: new("FR")}, func(c *models.Customer) { c.Country = new("FR") }},
	} {
		tc.in.ID = was.ID
		out, err := w.Update(ctx, tc.in)
		require.NoError(t, err, tc.name)
		tc.want(&was)
		require.True(t, out.Customer.UpdatedAt.After(was.UpdatedAt), "%s: updatedAt moves", tc.name)
		was.UpdatedAt = out.Customer.UpdatedAt
		require.Equal(t, was, *out.Customer, tc.name)
		found, err := w.Find(ctx, was.ID)
		require.NoError(t, err)
		require.Equal(t, was, *found, tc.name)
	}
	require.Equal(t, 7, w.count("SELECT count(*) FROM audit_entries WHERE action = 'customer.update' AND object_id = ?", was.ID))
	foreign, err := w.Find(ctx, w.foreign.ID)
	require.NoError(t, err)
	require.Equal(t, w.foreign, foreign, "nobody else changed")
}

func TestUpdate_Quotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limit := func(c *models.Customer) *int64 {
		quotas, err := w.Quotas(w.staff(), []*models.Customer{c})
		require.NoError(t, err)
		return quotas[0][0].Max
	}
	for _, tc := range []struct { // in this order
		name string
		ctx  context.Context
		max  *int64
		want fault.Code
	}{
		{"staff", w.staff(), new(int64(10)), ""},
		{"the customer itself", w.member(w.shop, models.CustomerOwner), new(int64(1000)), fault.Forbidden},
		{"the customer itself, no limit", w.member(w.shop, models.CustomerOwner), nil, fault.Forbidden},
		{"one below it", w.member(w.branch, models.CustomerOwner), new(int64(1000)), fault.NotFound},
		{"the reseller above", w.member(w.reseller, models.CustomerOwner), new(int64(20)), ""},
		{"the reseller above, no limit", w.member(w.reseller, models.CustomerAdmin), nil, ""},
		{"support staff", w.as([]actor.Permission{actor.CustomersRead}), new(int64(5)), fault.Forbidden},
		{"a foreign reseller", w.member(w.foreign, models.CustomerOwner), new(int64(5)), fault.NotFound},
		{"staff who only reads, member of the shop", w.as([]actor.Permission{actor.CustomersRead}, grant(w.shop, models.CustomerOwner)), new(int64(5)), fault.Forbidden},
		{"reader above, owner itself", w.as(nil, grant(w.reseller, models.CustomerReadOnly), grant(w.shop, models.CustomerOwner)), new(int64(5)), fault.Forbidden},
	} {
		before := limit(w.shop)
		_, err := w.Update(tc.ctx, customer.UpdateInput{
			ID: w.shop.ID, Name: new(tc.name), Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: tc.max}},
		})
		require.Equal(t, tc.want, code(err), "%s: %v", tc.name, err)
		if err == nil {
			require.Equal(t, tc.max, limit(w.shop), tc.name)
		} else {
			require.Equal(t, before, limit(w.shop), tc.name)
			require.Zero(t, w.count("SELECT count(*) FROM customers WHERE name = ?", tc.name), "%s: and no part of it was done", tc.name)
		}
		require.Nil(t, limit(w.foreign), "no other counter is set")
	}
	// Without quotas the customer may change itself.
	_, err := w.Update(w.member(w.shop, models.CustomerOwner), customer.UpdateInput{ID: w.shop.ID, Name: new("Renamed")})
	require.NoError(t, err)
	// A customer at the top has nobody above but staff.
	_, err = w.Update(w.member(w.reseller, models.CustomerOwner), customer.UpdateInput{
		ID: w.reseller.ID, Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases}},
	})
	require.Equal(t, fault.Forbidden, code(err))
}

func TestUpdateAndArchive_WhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	archived := w.create("Archived", w.shop)
	w.archive(archived)
	for name, tc := range map[string]struct {
		ctx             context.Context
		id              ident.CustomerID
		update, archive fault.Code
	}{
		"nobody":                     {t.Context(), w.branch.ID, fault.Unauthenticated, fault.Unauthenticated},
		"the customer itself":        {w.member(w.branch, models.CustomerOwner), w.branch.ID, "", fault.Forbidden},
		"who only reads it":          {w.member(w.branch, models.CustomerReadOnly), w.branch.ID, fault.Forbidden, fault.Forbidden},
		"billing":                    {w.member(w.branch, models.CustomerBilling), w.branch.ID, fault.Forbidden, fault.Forbidden},
		"one below":                  {w.member(w.branch, models.CustomerOwner), w.shop.ID, fault.NotFound, fault.NotFound},
		"a foreign one":              {w.member(w.branch, models.CustomerOwner), w.foreign.ID, fault.NotFound, fault.NotFound},
		"a missing one":              {w.staff(), ident.NewCustomerID(), fault.NotFound, fault.NotFound},
		"an archived one":            {w.staff(), archived.ID, fault.Conflict, fault.Conflict},
		"an archived one, by itself": {w.member(archived, models.CustomerOwner), archived.ID, fault.Conflict, fault.Conflict},
		"an archived foreign one":    {w.member(w.foreign, models.CustomerOwner), archived.ID, fault.NotFound, fault.NotFound},
		"one that has customers":     {w.staff(), w.shop.ID, "", fault.Conflict},
	} {
		_, err := w.Update(tc.ctx, customer.UpdateInput{ID: tc.id})
		require.Equal(t, tc.update, code(err), "update, %s: %v", name, err)
		_, err = w.Archive(tc.ctx, customer.ArchiveInput{ID: tc.id})
		require.Equal(t, tc.archive, code(err), "archive, %s: %v", name, err)
	}
	_, err := w.Update(w.staff(), customer.UpdateInput{ID: w.shop.ID, Email: new("x"), Name: new("")})
	require.ElementsMatch(t, []string{"email", "name"}, faultFields(t, err))
}

func TestArchive_OnlyWhatIsEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.member(w.reseller, models.CustomerOwner)
	w.addDatabase(w.branch)
	_, err := w.Archive(ctx, customer.ArchiveInput{ID: w.branch.ID})
	require.Equal(t, fault.Conflict, code(err))
	require.ErrorContains(t, err, "1 databases and 0 customers")
	w.exec("DELETE FROM databases")
	_, err = w.Archive(ctx, customer.ArchiveInput{ID: w.shop.ID})
	require.Equal(t, fault.Conflict, code(err))
	require.ErrorContains(t, err, "0 databases and 1 customers")
	out, err := w.Archive(ctx, customer.ArchiveInput{ID: w.branch.ID})
	require.NoError(t, err)
	require.Equal(t, models.CustomerArchived, out.Customer.State)
	require.True(t, out.Customer.UpdatedAt.After(w.branch.UpdatedAt))
	out, err = w.Archive(ctx, customer.ArchiveInput{ID: w.shop.ID})
	require.NoError(t, err, "an archived child does not count")
	require.Equal(t, models.CustomerArchived, out.Customer.State)
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'customer.archive' AND object_id = ?", w.shop.ID))
	found, err := w.Find(ctx, w.shop.ID)
	require.NoError(t, err)
	require.Equal(t, out.Customer, found, "it is kept for the records")
	_, err = w.Archive(ctx, customer.ArchiveInput{ID: w.shop.ID})
	require.Equal(t, fault.Conflict, code(err), "again")
}

// Whichever comes first, an archived customer never has a child in business.
func TestArchive_RacesWithAChildsCreation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.staff()
	archivedFirst, createdFirst := 0, 0
	for i := range 40 {
		parent := w.create(fmt.Sprintf("Parent %d", i), nil)
		var (
			both             sync.WaitGroup
			begin            = make(chan struct{})
			created, archive error
		)
		both.Go(func() {
			<-begin
			_, created = w.Create(staff, customer.CreateInput{Name: "Child", Email: "a@b.c", ParentID: &parent.ID})
		})
		both.Go(func() {
			<-begin
			_, archive = w.Archive(staff, customer.ArchiveInput{ID: parent.ID})
		})
		close(begin)
		both.Wait()
		switch {
		case created == nil && code(archive) == fault.Conflict:
			createdFirst++
		case archive == nil && code(created) == fault.Conflict:
			archivedFirst++
		default:
			t.Fatalf("create: %v, archive: %v", created, archive)
		}
	}
	require.Zero(t, w.count(`SELECT count(*) FROM customers AS c JOIN customers AS p ON p.id = c.parent_id
		WHERE p.state = 'ARCHIVED' AND c.state <> 'ARCHIVED'`))
	t.Logf("created first %d times, archived first %d times", createdFirst, archivedFirst)
}

func TestIdempotency_OfEachMutation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.staff()
	keyed := func(key string) context.Context {
		out, err := idempotency.WithKey(ctx, key)
		require.NoError(t, err)
		return out
	}
	create := customer.CreateInput{Name: "Once", Email: "a@b.c", ParentID: &w.shop.ID}
	var all sync.WaitGroup
	ids := make([]ident.CustomerID, 50)
	for i := range ids {
		all.Go(func() {
			out, err := w.Create(keyed("create"), create)
			if err != nil {
				t.Errorf("create %d: %v", i, err)
				return
			}
			ids[i] = out.Customer.ID
		})
	}
	all.Wait()
	require.Equal(t, 1, w.count("SELECT count(*) FROM customers WHERE name = 'Once'"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE object_id = ?", ids[0]))
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	other := create
	other.Name = "Another"
	_, err := w.Create(keyed("create"), other)
	require.Equal(t, fault.IdempotencyKeyReused, code(err))

	for range 2 {
		out, err := w.Update(keyed("update"), customer.UpdateInput{ID: ids[0], Name: new("Renamed")})
		require.NoError(t, err)
		require.Equal(t, "Renamed", out.Customer.Name)
	}
	out, err := w.Create(keyed("create"), create)
	require.NoError(t, err)
	require.Equal(t, "Renamed", out.Customer.Name, "a replay answers with what is there now")
	for range 2 {
		out, err := w.Archive(keyed("archive"), customer.ArchiveInput{ID: ids[0]})
		require.NoError(t, err, "the second is a replay, not a conflict")
		require.Equal(t, models.CustomerArchived, out.Customer.State)
	}
	require.Equal(t, 3, w.count("SELECT count(*) FROM audit_entries WHERE object_id = ?", ids[0]))

	_, err = w.Update(keyed("failed"), customer.UpdateInput{ID: ids[0]})
	require.Equal(t, fault.Conflict, code(err))
	_, err = w.Update(keyed("failed"), customer.UpdateInput{ID: w.shop.ID})
	require.NoError(t, err, "a failed mutation keeps nothing of its key")
}

func TestIdempotency_AReplayShowsNothingThatIsNoLongerTheCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who, err := actor.From(w.member(w.reseller, models.CustomerOwner))
	require.NoError(t, err)
	in := customer.CreateInput{Name: "Once", Email: "a@b.c", ParentID: &w.shop.ID}
	keyed := func() context.Context {
		ctx, err := idempotency.WithKey(actor.With(t.Context(), who), "k")
		require.NoError(t, err)
		return ctx
	}
	_, err = w.Create(keyed(), in)
	require.NoError(t, err)
	who = &actor.Actor{User: who.User} // the role was taken away
	_, err = w.Create(keyed(), in)
	require.Equal(t, fault.NotFound, code(err))
}

func TestService_DatabaseErrors(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"customers", "customer_tree", "customer_quotas", "audit_entries"} {
		t.Run(table+" is away", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			staff, member := w.staff(), w.member(w.reseller, models.CustomerOwner)
			w.exec("ALTER TABLE " + table + " RENAME TO away")
			all := []*models.Customer{w.reseller, w.shop}
			limits := []*customer.QuotaInput{{Name: models.QuotaDatabases}}
			failed := 0
			for name, call := range map[string]func(context.Context) error{
				"create at the top": func(ctx context.Context) error {
					_, err := w.Create(ctx, customer.CreateInput{Name: "A", Email: "a@b.c"})
					return err
				},
				"create below": func(ctx context.Context) error {
					_, err := w.Create(ctx, customer.CreateInput{Name: "A", Email: "a@b.c", ParentID: &w.shop.ID})
					return err
				},
				"update": func(ctx context.Context) error {
					_, err := w.Update(ctx, customer.UpdateInput{ID: w.shop.ID, Quotas: limits})
					return err
				},
				"archive": func(ctx context.Context) error {
					_, err := w.Archive(ctx, customer.ArchiveInput{ID: w.branch.ID})
					return err
				},
				"list":     func(ctx context.Context) error { _, err := w.List(ctx, page.Args{}, nil, nil); return err },
				"find":     func(ctx context.Context) error { _, err := w.Find(ctx, w.shop.ID); return err },
				"parents":  func(ctx context.Context) error { _, err := w.Parents(ctx, all); return err },
				"children": func(ctx context.Context) error { _, err := w.Children(ctx, all, page.Args{}); return err },
				"quotas":   func(ctx context.Context) error { _, err := w.Quotas(ctx, all); return err },
			} {
				for _, ctx := range []context.Context{staff, member} {
					err := call(ctx)
					if c := code(err); c == "" || c == fault.Forbidden || c == fault.Conflict {
						continue // it needs no such table, or did it a moment ago
					}
					failed++
					require.Equal(t, fault.Internal, code(err), "%s: %v", name, err)
					require.True(t, strings.Contains(err.Error(), "away") || strings.Contains(err.Error(), table), "%s: the log says what is missing: %v", name, err)
				}
			}
			require.Positive(t, failed)
		})
	}
}
