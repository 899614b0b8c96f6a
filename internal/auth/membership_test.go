package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// tenants are two customers that share a user, and one customer's own child.
type tenants struct {
	*world
	reseller, shop, foreign                *models.Customer
	owner, reader, shared, stranger, staff *models.User
}

func newTenants(t *testing.T) tenants {
	w := newWorld(t)
	s := tenants{world: w, reseller: w.customer("reseller", nil), foreign: w.customer("foreign", nil)}
	s.shop = w.customer("shop", s.reseller)
	s.owner, s.reader, s.shared = w.user("owner@example.com", ""), w.user("reader@example.com", ""), w.user("shared@example.com", "")
	s.stranger, s.staff = w.user("stranger@example.com", ""), w.user("staff@example.com", models.ProviderSupport)
	w.member(s.owner, s.reseller, models.CustomerOwner)
	w.member(s.stranger, s.foreign, models.CustomerOwner)
	w.member(s.shared, s.foreign, models.CustomerDeveloper)
	w.member(s.shared, s.shop, models.CustomerDeveloper)
	w.member(s.reader, s.shop, models.CustomerReadOnly)
	return s
}

func TestMembershipsOfUsers(t *testing.T) {
	t.Parallel()
	s := newTenants(t)
	users := []*models.User{s.owner, s.reader, s.shared, s.stranger, s.staff, s.shared}
	type ids = []ident.CustomerID
	reseller, shop, foreign := s.reseller.ID, s.shop.ID, s.foreign.ID
	for name, tc := range map[string]struct {
		caller *models.User
		want   []ids
	}{
		"owner sees the own tree":   {s.owner, []ids{{reseller}, {shop}, {shop}, {}, {}, {shop}}},
		"the other owner the other": {s.stranger, []ids{{}, {}, {foreign}, {foreign}, {}, {foreign}}},
		"developer sees the own":    {s.shared, []ids{{}, {}, {foreign, shop}, {}, {}, {foreign, shop}}},
		"reader sees the own":       {s.reader, []ids{{}, {shop}, {}, {}, {}, {}}},
		"staff see all":             {s.staff, []ids{{reseller}, {shop}, {foreign, shop}, {foreign}, {}, {foreign, shop}}},
	} {
		ctx := s.as(tc.caller)
		var lists [][]*models.Membership
		asked := s.sql.during(func() {
			var err error
			lists, err = s.MembershipsOfUsers(ctx, users)
			require.NoError(t, err)
		})
		require.Len(t, asked, 1)
		got := make([]ids, len(lists))
		for i, list := range lists {
			require.NotNil(t, list, "the graph has no room for null here")
			got[i] = ids{}
			for _, m := range list {
				require.Equal(t, users[i].ID, m.UserID)
				got[i] = append(got[i], m.CustomerID)
			}
		}
		require.Equal(t, tc.want, got, name)
	}
	_, err := s.MembershipsOfUsers(t.Context(), users)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	none, err := s.MembershipsOfUsers(s.as(s.owner), nil)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestMembershipsOfCustomers_WhoSeesWhat(t *testing.T) {
	t.Parallel()
	s := newTenants(t)
	customers := []*models.Customer{s.shop, s.foreign, s.reseller, s.shop}
	type ids = []ident.UserID
	ofShop, ofForeign, ofReseller := ids{s.shared.ID, s.reader.ID}, ids{s.stranger.ID, s.shared.ID}, ids{s.owner.ID}
	for name, tc := range map[string]struct {
		caller *models.User
		want   []ids // nil: null in the graph
	}{
		"owner":                    {s.owner, []ids{ofShop, nil, ofReseller, ofShop}},
		"the other owner":          {s.stranger, []ids{nil, ofForeign, nil, nil}},
		"developer, no USERS_READ": {s.shared, []ids{nil, nil, nil, nil}},
		"reader, no USERS_READ":    {s.reader, []ids{nil, nil, nil, nil}},
		"staff":                    {s.staff, []ids{ofShop, ofForeign, ofReseller, ofShop}},
	} {
		ctx := s.as(tc.caller)
		var pages []*page.Connection[*models.Membership]
		asked := s.sql.during(func() {
			var err error
			pages, err = s.MembershipsOfCustomers(ctx, customers, page.Args{WithTotal: true})
			require.NoError(t, err)
		})
		require.LessOrEqual(t, len(asked), 3, "who may, the rows, the totals: whatever the number of customers")
		got := make([]ids, len(pages))
		for i, p := range pages {
			if p == nil {
				continue
			}
			for _, m := range p.Nodes() {
				require.Equal(t, customers[i].ID, m.CustomerID)
				got[i] = append(got[i], m.UserID)
			}
			total, err := p.TotalCount(ctx)
			require.NoError(t, err)
			require.Len(t, got[i], total)
		}
		require.Equal(t, tc.want, got, name)
	}
	_, err := s.MembershipsOfCustomers(t.Context(), customers, page.Args{})
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

func TestMembershipsOfCustomers_Paging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as(w.admin("ada@example.com"))
	shop, other := w.customer("shop", nil), w.customer("other", nil)
	var want []ident.UserID
	for range 7 {
		u := w.user("u"+ident.NewUserID().String()+"@example.com", "")
		w.member(u, shop, models.CustomerReadOnly)
		want = append(want, u.ID)
	}
	// The same moment: the id decides. Both keys count in a cursor.
	w.exec("UPDATE memberships SET created_at = (SELECT min(created_at) FROM memberships) WHERE user_id IN (?, ?, ?)", want[0], want[1], want[2])

	read := func(args page.Args) (ids []ident.UserID, info *page.Info) {
		t.Helper()
		pages, err := w.MembershipsOfCustomers(ctx, []*models.Customer{other, shop}, args)
		require.NoError(t, err)
		require.Empty(t, pages[0].Edges)
		for _, m := range pages[1].Nodes() {
			ids = append(ids, m.UserID)
		}
		return ids, pages[1].PageInfo
	}
	two := 2
	var got []ident.UserID
	args := page.Args{First: &two}
	for more := true; more; {
		ids, info := read(args)
		got = append(got, ids...)
		args.After, more = info.EndCursor, info.HasNextPage
	}
	require.Equal(t, want, got, "each once, in order")

	last, info := read(page.Args{Last: &two})
	require.Equal(t, want[5:], last)
	require.True(t, info.HasPreviousPage)
	last, _ = read(page.Args{Last: &two, Before: info.StartCursor})
	require.Equal(t, want[3:5], last)

	for name, bad := range map[string]page.Args{
		"nobody's size":   {First: new(int)},
		"cursor of hell":  {After: new("' OR TRUE --")},
		"cursor of SQL":   {After: new(page.Of([]int{1}, page.Window{Size: 1}, "memberships", nil, func(int) (string, string) { return "x", "y" }).Edges[0].Cursor)},
		"cursor of other": {After: new(page.Of([]int{1}, page.Window{Size: 1}, "databases", nil, func(int) (string, string) { return "x", "y" }).Edges[0].Cursor)},
	} {
		_, err := w.MembershipsOfCustomers(ctx, []*models.Customer{shop}, bad)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%s: %v", name, err)
	}
}

func TestFindUsers_OtherTenantIsNotThere(t *testing.T) {
	t.Parallel()
	s := newTenants(t)
	all := []ident.UserID{s.owner.ID, s.reader.ID, s.shared.ID, s.stranger.ID, s.staff.ID, ident.NewUserID()}
	for name, tc := range map[string]struct {
		caller *models.User
		want   []*models.User
	}{
		"owner":                    {s.owner, []*models.User{s.owner, s.reader, s.shared}},
		"the other owner":          {s.stranger, []*models.User{s.stranger, s.shared}},
		"developer, no USERS_READ": {s.shared, []*models.User{s.shared}},
		"reader, no USERS_READ":    {s.reader, []*models.User{s.reader}},
		"staff":                    {s.staff, []*models.User{s.owner, s.reader, s.shared, s.stranger, s.staff}},
	} {
		found, err := s.FindUsers(s.as(tc.caller), all)
		require.NoError(t, err)
		var got, want []ident.UserID
		for id := range found {
			got = append(got, id)
		}
		for _, u := range tc.want {
			want = append(want, u.ID)
		}
		require.ElementsMatch(t, want, got, name)
	}
	_, err := s.FindUsers(t.Context(), all)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}
