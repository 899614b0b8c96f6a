package customer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

func TestList_WhoSeesWhom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tc := range map[string]struct {
		who  []actor.Grant
		want []string
	}{
		"nobody's member":      {nil, []string{}},
		"of the reseller":      {[]actor.Grant{grant(w.reseller, models.CustomerOwner)}, []string{"Reseller", "Shop", "Branch"}},
		"of the shop":          {[]actor.Grant{grant(w.shop, models.CustomerReadOnly)}, []string{"Shop", "Branch"}},
		"of the branch":        {[]actor.Grant{grant(w.branch, models.CustomerBilling)}, []string{"Branch"}},
		"of the foreign one":   {[]actor.Grant{grant(w.foreign, models.CustomerOwner)}, []string{"Foreign", "Foreign Child"}},
		"of two":               {[]actor.Grant{grant(w.branch, models.CustomerOwner), grant(w.foreign, models.CustomerDeveloper)}, []string{"Branch", "Foreign", "Foreign Child"}},
		"of an unknown role":   {[]actor.Grant{grant(w.shop, "NEW_ROLE")}, []string{}},
		"of one above another": {[]actor.Grant{grant(w.shop, models.CustomerOwner), grant(w.branch, models.CustomerOwner)}, []string{"Shop", "Branch"}},
	} {
		ctx := w.as(nil, tc.who...)
		require.Equal(t, tc.want, w.list(ctx, nil, nil), name)
		// Each lookup says the same as the list.
		for _, c := range []*models.Customer{w.reseller, w.shop, w.branch, w.foreign, w.foreignChild} {
			found, err := w.Find(ctx, c.ID)
			require.NoError(t, err)
			require.Equal(t, slices.Contains(tc.want, c.Name), found != nil, "%s looks for %s", name, c.Name)
		}
	}
	require.Equal(t, []string{"Reseller", "Shop", "Branch", "Foreign", "Foreign Child"}, w.list(w.staff(), nil, nil))
	_, err := w.List(t.Context(), page.Args{}, nil, nil)
	require.Equal(t, fault.Unauthenticated, code(err))
	_, err = w.Find(t.Context(), w.shop.ID)
	require.Equal(t, fault.Unauthenticated, code(err))
	_, err = w.Parents(t.Context(), nil)
	require.Equal(t, fault.Unauthenticated, code(err))
	_, err = w.Children(t.Context(), nil, page.Args{})
	require.Equal(t, fault.Unauthenticated, code(err))
}

func TestLookups_ForeignIsAsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.member(w.shop, models.CustomerOwner)
	missing, err := w.Find(ctx, ident.NewCustomerID())
	require.NoError(t, err)
	require.Nil(t, missing)
	for name, id := range map[string]ident.CustomerID{
		"foreign": w.foreign.ID, "its own reseller": w.reseller.ID, "garbage": ident.ParseCustomerID("garbage"), "zero": {},
	} {
		found, err := w.Find(ctx, id)
		require.NoError(t, err, name)
		require.Nil(t, found, name)
		_, want := w.Update(ctx, customer.UpdateInput{ID: ident.NewCustomerID()})
		_, got := w.Update(ctx, customer.UpdateInput{ID: id})
		require.Equal(t, want, got, name)
		_, want = w.Archive(ctx, customer.ArchiveInput{ID: ident.NewCustomerID()})
		_, got = w.Archive(ctx, customer.ArchiveInput{ID: id})
		require.Equal(t, want, got, name)
		_, want = w.Create(ctx, customer.CreateInput{Name: "A", Email: "a@b.c", ParentID: new(ident.NewCustomerID())})
		_, got = w.Create(ctx, customer.CreateInput{Name: "A", Email: "a@b.c", ParentID: &id})
		require.Equal(t, want, got, name)
	}
	all := []ident.CustomerID{w.reseller.ID, w.shop.ID, w.branch.ID, w.foreign.ID, w.foreignChild.ID, {}}
	found, err := w.FindAll(ctx, all, actor.CustomersRead)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, "Shop", found[w.shop.ID].Name)
	require.Equal(t, "Branch", found[w.branch.ID].Name)
	found, err = w.FindAll(ctx, all, actor.ServersRead)
	require.NoError(t, err)
	require.Empty(t, found, "for which it holds nothing")
	found, err = w.FindAll(ctx, nil, actor.CustomersRead)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestList_Search(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ name, email, company string }{
		{"100% Hosting", "a@one.example", ""}, {"under_score", "b@one.example", ""}, {"under-score", "c@two.example", ""},
		{`back\slash`, "d@two.example", ""}, {"Ünïcode GmbH", "e@two.example", ""}, {"Plain", "f@two.example", "Quote's & Co"},
	} {
		_, err := w.Create(w.staff(), customer.CreateInput{Name: c.name, Email: c.email, Company: &c.company, ParentID: &w.shop.ID})
		require.NoError(t, err)
	}
	foreign, err := w.Create(w.staff(), customer.CreateInput{Name: "100% Foreign_", Email: "f@one.example", ParentID: &w.foreign.ID})
	require.NoError(t, err)
	ctx := w.member(w.shop, models.CustomerOwner)
	for name, tc := range map[string]struct {
		search string
		want   []string
	}{
		"a percent sign":            {"%", []string{"100% Hosting"}},
		"an underscore":             {"_", []string{"under_score"}},
		"a backslash":               {`\`, []string{`back\slash`}},
		"an escaped percent":        {`\%`, []string{}},
		"a name in other case":      {"UNDER_SCORE", []string{"under_score"}},
		"umlauts in other case":     {"üNÏCODE", []string{"Ünïcode GmbH"}},
		"a part of the address":     {"one.example", []string{"100% Hosting", "under_score"}},
		"a part of the company":     {"quote's &", []string{"Plain"}},
		"a quote":                   {"'", []string{"Plain"}},
		"SQL":                       {"' OR true --", []string{}},
		"a placeholder":             {"?", []string{}},
		"of somebody else":          {"Foreign", []string{}},
		"nothing at all":            {"", []string{"Shop", "Branch", "100% Hosting", "under_score", "under-score", `back\slash`, "Ünïcode GmbH", "Plain"}},
		"everything but what it is": {"%_%", []string{}},
		"very long":                 {strings.Repeat("a", 10_000), []string{}},
	} {
		require.Equal(t, tc.want, w.list(ctx, &customer.Filter{Search: &tc.search}, nil), name)
	}
	require.Equal(t, []string{"100% Hosting", foreign.Customer.Name}, w.list(w.staff(), &customer.Filter{Search: new("%")}, nil))
}

func TestList_FiltersAndOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct{ name, email, country string }{{"b", "3@x.de", "DE"}, {"a", "2@x.de", "FR"}, {"b", "1@x.de", "DE"}, {"c", "1@x.de", ""}} {
		out, err := w.Create(w.staff(), customer.CreateInput{Name: c.name, Email: c.email, Country: &c.country, Company: new(fmt.Sprint(i)), ParentID: &w.branch.ID})
		require.NoError(t, err)
		if i == 3 {
			w.archive(out.Customer)
		}
	}
	w.exec("UPDATE customers SET state = 'SUSPENDED' WHERE company = '0'")
	for company, use := range map[string][2]int{"0": {3, 2}, "1": {1, 1}, "2": {8, 10}} { // both quotas: nobody comes twice
		w.exec("UPDATE customer_quotas SET used = ?, max = ? WHERE customer_id = (SELECT id FROM customers WHERE company = ?)", use[0], use[1], company)
	}
	ctx := w.member(w.branch, models.CustomerReadOnly)
	asc, desc := page.Asc, page.Desc
	state := func(s models.CustomerState) *customer.Filter { return &customer.Filter{State: &s} }
	level := func(l models.QuotaLevel) *customer.Filter { return &customer.Filter{QuotaLevel: &l} }
	for name, tc := range map[string]struct {
		f    *customer.Filter
		o    *customer.Order
		want []string // companies
	}{
		"by default the oldest first": {nil, nil, []string{"", "0", "1", "2", "3"}},
		"newest first":                {nil, &customer.Order{Field: customer.OrderCreatedAt, Direction: desc}, []string{"3", "2", "1", "0", ""}},
		"active":                      {state(models.CustomerActive), nil, []string{"", "1", "2"}},
		"suspended":                   {state(models.CustomerSuspended), nil, []string{"0"}},
		"archived":                    {state(models.CustomerArchived), nil, []string{"3"}},
		"in Germany":                  {&customer.Filter{Country: new("DE")}, nil, []string{"0", "2"}},
		"nowhere":                     {&customer.Filter{Country: new("XX")}, nil, []string{}},
		"any quota":                   {level(models.QuotaNormal), nil, []string{"", "0", "1", "2", "3"}},
		"a quota at 80 % or more":     {level(models.QuotaWarning), nil, []string{"0", "1", "2"}},
		"at 95 % or more":             {level(models.QuotaCritical), nil, []string{"0", "1"}},
		"at more than 100 %":          {level(models.QuotaExceeded), nil, []string{"0"}},
		"conditions together":         {&customer.Filter{Country: new("DE"), State: new(models.CustomerActive), Search: new("b")}, nil, []string{"2"}},
	} {
		c, err := w.List(ctx, page.Args{First: new(100)}, tc.f, tc.o)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, companies(c.Nodes()), name)
	}
	for name, tc := range map[string]struct {
		o   customer.Order
		key func(*models.Customer) string
	}{
		"by name":              {customer.Order{Field: customer.OrderName, Direction: asc}, func(c *models.Customer) string { return c.Name }},
		"by name, reversed":    {customer.Order{Field: customer.OrderName, Direction: desc}, func(c *models.Customer) string { return c.Name }},
		"by address":           {customer.Order{Field: customer.OrderEmail, Direction: asc}, func(c *models.Customer) string { return c.Email }},
		"by address, reversed": {customer.Order{Field: customer.OrderEmail, Direction: desc}, func(c *models.Customer) string { return c.Email }},
		"by time, reversed":    {customer.Order{Field: customer.OrderCreatedAt, Direction: desc}, func(c *models.Customer) string { return c.ID.String() }},
	} {
		whole, err := w.List(w.staff(), page.Args{First: new(100)}, nil, &tc.o)
		require.NoError(t, err)
		// One by one, over ties too, gives the same as the whole.
		var got []*models.Customer
		args := page.Args{First: new(1)}
		for range whole.Edges {
			c, err := w.List(w.staff(), args, nil, &tc.o)
			require.NoError(t, err, name)
			got, args.After = append(got, c.Nodes()...), c.PageInfo.EndCursor
		}
		require.Equal(t, whole.Nodes(), got, name)
		require.Len(t, got, 9)
		for i := 1; i < len(got); i++ {
			a, b := tc.key(got[i-1]), tc.key(got[i])
			if tc.o.Direction == desc {
				a, b = b, a
			}
			require.LessOrEqual(t, a, b, "%s at %d: the private clusters sort by bytes", name, i)
		}
		other := customer.Order{Field: tc.o.Field, Direction: asc}
		if tc.o.Direction == asc {
			other.Direction = desc
		}
		_, err = w.List(ctx, page.Args{After: whole.PageInfo.StartCursor}, nil, &other)
		require.Equal(t, []string{"after"}, faultFields(t, err), "%s: a cursor of the other way", name)
	}
}

func companies(list []*models.Customer) []string {
	out := []string{}
	for _, c := range list {
		if c.Company == nil {
			out = append(out, "")
		} else {
			out = append(out, *c.Company)
		}
	}
	return out
}

func TestParents_OnlyThoseWhoMaySee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := []*models.Customer{w.branch, w.reseller, w.shop, w.foreignChild, w.branch}
	for name, tc := range map[string]struct {
		who  []actor.Grant
		want []string
	}{
		"of the reseller": {[]actor.Grant{grant(w.reseller, models.CustomerOwner)}, []string{"Shop", "", "Reseller", "", "Shop"}},
		"of the shop":     {[]actor.Grant{grant(w.shop, models.CustomerOwner)}, []string{"Shop", "", "", "", "Shop"}},
		"of the branch":   {[]actor.Grant{grant(w.branch, models.CustomerOwner)}, []string{"", "", "", "", ""}},
	} {
		got, err := w.Parents(w.as(nil, tc.who...), rows)
		require.NoError(t, err)
		require.Equal(t, tc.want, names(got), name)
	}
	got, err := w.Parents(w.staff(), []*models.Customer{w.reseller})
	require.NoError(t, err)
	require.Equal(t, []*models.Customer{nil}, got, "nobody above anybody")
}

func TestChildren_OfEachOnItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 4 {
		w.create(fmt.Sprintf("Child %d", i), w.shop)
	}
	rows := []*models.Customer{w.shop, w.reseller, w.branch, w.foreign, w.shop}
	children := func(ctx []actor.Grant, args page.Args) (out [][]string) {
		who := w.staff()
		if ctx != nil {
			who = w.as(nil, ctx...)
		}
		pages, err := w.Children(who, rows, args)
		require.NoError(t, err)
		for _, p := range pages {
			out = append(out, names(p.Nodes()))
		}
		return out
	}
	shop := []string{"Branch", "Child 0", "Child 1", "Child 2", "Child 3"}
	require.Equal(t, [][]string{shop, {"Shop"}, {}, {"Foreign Child"}, shop}, children(nil, page.Args{}))
	require.Equal(t, [][]string{shop, {"Shop"}, {}, {}, shop}, children([]actor.Grant{grant(w.reseller, models.CustomerOwner)}, page.Args{}))
	require.Equal(t, [][]string{{"Branch"}, {}, {}, {}, {"Branch"}}, children([]actor.Grant{grant(w.branch, models.CustomerOwner)}, page.Args{}))
	require.Equal(t, [][]string{shop[:2], {"Shop"}, {}, {"Foreign Child"}, shop[:2]}, children(nil, page.Args{First: new(2)}))
	require.Equal(t, [][]string{shop[3:], {"Shop"}, {}, {"Foreign Child"}, shop[3:]}, children(nil, page.Args{Last: new(2)}))
	_, err := w.Children(w.staff(), rows, page.Args{First: new(101), After: new("x")})
	require.Equal(t, []string{"first", "after"}, faultFields(t, err))
	pages, err := w.Children(w.member(w.reseller, models.CustomerOwner), rows, page.Args{WithTotal: true})
	require.NoError(t, err)
	for i, want := range []int{5, 1, 0, 0, 5} {
		n, err := pages[i].TotalCount(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n, "nobody counts what they cannot see")
	}
}

func TestQuotas_OfEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("UPDATE customer_quotas SET used = 3, max = 7 WHERE customer_id = ? AND name = 'DATABASES'", w.shop.ID)
	quotas, err := w.Quotas(w.staff(), []*models.Customer{w.foreign, w.shop, w.shop})
	require.NoError(t, err)
	shop := []*models.Quota{
		{CustomerID: w.shop.ID, Name: models.QuotaDatabases, Used: 3, Max: new(int64(7)), Level: models.QuotaNormal},
		{CustomerID: w.shop.ID, Name: models.QuotaDatabaseBytes, Level: models.QuotaNormal},
	}
	require.Equal(t, [][]*models.Quota{{
		{CustomerID: w.foreign.ID, Name: models.QuotaDatabases, Level: models.QuotaNormal},
		{CustomerID: w.foreign.ID, Name: models.QuotaDatabaseBytes, Level: models.QuotaNormal},
	}, shop, shop}, quotas)
}
