package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// A tree is reseller > shop > branch beside a foreign customer.
type tree struct {
	*store.DB
	sql                             *testkit.Statements
	reseller, shop, branch, foreign ident.CustomerID
}

func newTree(t *testing.T) tree {
	t.Helper()
	s := tree{sql: new(testkit.Statements)}
	s.DB = testkit.DB(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = s.sql })
	add := func(name string, parent ident.CustomerID) ident.CustomerID {
		row := &models.Customer{ID: ident.NewCustomerID(), ParentID: parent, Name: name, Email: name + "@example.com", State: models.CustomerActive}
		_, err := s.NewInsert().Model(row).Exec(t.Context())
		require.NoError(t, err)
		_, err = s.ExecContext(t.Context(), `INSERT INTO customer_tree (ancestor_id, customer_id, depth)
			SELECT ancestor_id, ?0::uuid, depth + 1 FROM customer_tree WHERE customer_id = ?1 UNION ALL SELECT ?0::uuid, ?0::uuid, 0`, row.ID, parent)
		require.NoError(t, err)
		return row.ID
	}
	s.reseller = add("reseller", ident.CustomerID{})
	s.shop = add("shop", s.reseller)
	s.branch = add("branch", s.shop)
	s.foreign = add("foreign", ident.CustomerID{})
	return s
}

const read, write = actor.CustomersRead, actor.CustomersWrite

func grant(c ident.CustomerID, p ...actor.Permission) actor.Grant {
	return actor.Grant{Customer: c, Permissions: p}
}

func TestVisible_WhoSeesWhichSubtree(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	all := []ident.CustomerID{s.reseller, s.shop, s.branch, s.foreign}
	for name, tc := range map[string]struct {
		who  *actor.Actor
		want []string
	}{
		"nobody's role":             {&actor.Actor{}, nil},
		"with the provider":         {&actor.Actor{Provider: []actor.Permission{read}}, []string{"branch", "foreign", "reseller", "shop"}},
		"provider, but not this":    {&actor.Actor{Provider: []actor.Permission{write}}, nil},
		"of the reseller":           {&actor.Actor{Grants: []actor.Grant{grant(s.reseller, read)}}, []string{"branch", "reseller", "shop"}},
		"of the reseller's shop":    {&actor.Actor{Grants: []actor.Grant{grant(s.shop, read)}}, []string{"branch", "shop"}},
		"of the lowest":             {&actor.Actor{Grants: []actor.Grant{grant(s.branch, read)}}, []string{"branch"}},
		"of the other":              {&actor.Actor{Grants: []actor.Grant{grant(s.foreign, read)}}, []string{"foreign"}},
		"of two":                    {&actor.Actor{Grants: []actor.Grant{grant(s.branch, read), grant(s.foreign, read)}}, []string{"branch", "foreign"}},
		"overlapping":               {&actor.Actor{Grants: []actor.Grant{grant(s.branch, read), grant(s.shop, read), grant(s.shop, read)}}, []string{"branch", "shop"}},
		"another permission":        {&actor.Actor{Grants: []actor.Grant{grant(s.reseller, write)}}, nil},
		"each in its own":           {&actor.Actor{Grants: []actor.Grant{grant(s.reseller, write), grant(s.foreign, read)}}, []string{"foreign"}},
		"a customer that is gone":   {&actor.Actor{Grants: []actor.Grant{grant(ident.NewCustomerID(), read)}}, nil},
		"staff of one, member here": {&actor.Actor{Provider: []actor.Permission{write}, Grants: []actor.Grant{grant(s.shop, read)}}, []string{"branch", "shop"}},
	} {
		var got []string
		require.NoError(t, s.NewSelect().Model((*models.Customer)(nil)).Column("name").Apply(store.Visible(tc.who, read, "c.id")).
			Order("name").Scan(t.Context(), &got), name)
		require.Equal(t, tc.want, got, name)

		// MayAll says the same of each.
		may, err := store.MayAll(t.Context(), s.DB, tc.who, read, all)
		require.NoError(t, err, name)
		n := 0
		for _, ok := range may {
			if ok {
				n++
			}
		}
		require.Len(t, tc.want, n, name)
	}
}

func TestMayAll_OneStatementForAnyNumber(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	many := []ident.CustomerID{s.shop, s.branch, s.foreign, ident.NewCustomerID(), s.shop}
	member := &actor.Actor{Grants: []actor.Grant{grant(s.shop, read)}}
	for name, tc := range map[string]struct {
		who  *actor.Actor
		ids  []ident.CustomerID
		want map[ident.CustomerID]bool
		asks int
	}{
		"member":       {member, many, map[ident.CustomerID]bool{s.shop: true, s.branch: true}, 1},
		"nobody asked": {member, nil, map[ident.CustomerID]bool{}, 0},
		"nothing held": {&actor.Actor{}, many, map[ident.CustomerID]bool{}, 0},
		"staff":        {&actor.Actor{Provider: []actor.Permission{read}}, many[:2], map[ident.CustomerID]bool{s.shop: true, s.branch: true}, 0},
	} {
		asked := s.sql.During(func() {
			may, err := store.MayAll(t.Context(), s.DB, tc.who, read, tc.ids)
			require.NoError(t, err, name)
			require.Equal(t, tc.want, may, name)
		})
		require.Len(t, asked, tc.asks, name)
	}
	_, err := s.ExecContext(t.Context(), "ALTER TABLE customer_tree RENAME TO away")
	require.NoError(t, err)
	_, err = store.MayAll(t.Context(), s.DB, member, read, many)
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	err = store.Denied(t.Context(), s.NewSelect().Model((*models.Customer)(nil)).Apply(store.Visible(member, read, "c.id")), "id")
	require.Equal(t, fault.Internal, fault.CodeOf(err), "an outage is no NOT_FOUND")
}

func TestDenied_TellsOnlyWhatTheCallerCanSee(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	member := &actor.Actor{Grants: []actor.Grant{grant(s.shop, read)}}
	denied := func(id ident.CustomerID) error {
		return store.Denied(t.Context(), s.NewSelect().Model((*models.Customer)(nil)).Apply(store.Visible(member, read, "c.id")).Where("c.id = ?", id.UUID), "id")
	}
	require.Equal(t, fault.Forbidden, fault.CodeOf(denied(s.branch)))
	foreign, missing, garbage := denied(s.foreign), denied(ident.NewCustomerID()), denied(ident.ParseCustomerID("garbage"))
	require.Equal(t, fault.NotFound, fault.CodeOf(foreign))
	require.Equal(t, missing, foreign, "a foreign customer is as if it were not there")
	require.Equal(t, missing, garbage)
	require.Equal(t, store.NotFound("id"), foreign)
}
