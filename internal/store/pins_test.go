package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

var (
	pinnedList = store.Order[*models.Customer]{
		Name: "customers", Key: "c.name", Type: "text", ID: "c.id",
		Place: func(c *models.Customer) (string, string) { return c.Name, c.ID.String() },
	}
	pinnedByID = &store.Keyed[ident.CustomerID, models.Customer]{
		Name: "find", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
			return q.Where("c.id = ANY ($1)").Apply(store.Visible(who, p, "c.id"))
		},
	}
	pinnedBelow = &store.Edge[ident.CustomerID, models.Customer]{
		Order: pinnedList, Parent: "c.parent_id", Of: func(c *models.Customer) ident.CustomerID { return c.ParentID },
		Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
			return q.Apply(store.Visible(who, p, "c.id"))
		},
	}
)

// F21: who is pinned sees what hangs on the pins and nothing else, by each of the ways in
// which rows are read; a column that nobody thought of shows nothing; and the text for
// those who are pinned is not that of those who are not.
func TestVisible_F21_Pinned(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	server, one, two := ident.NewDatabaseServerID(), ident.NewDatabaseID(), ident.NewDatabaseID()
	_, err := s.NewInsert().Model(&models.DatabaseServer{ID: server, Name: "s", Host: "h", Port: 5432, AdminUser: "a", AdminPasswordSealed: []byte{1}, SSLMode: "prefer"}).Exec(t.Context())
	require.NoError(t, err)
	for name, id := range map[string]ident.DatabaseID{"one": one, "two": two} {
		_, err := s.NewInsert().Model(&models.Database{
			ID: id, CustomerID: s.shop, ServerID: server, Name: name, ExtName: "c_" + name, Username: "c_" + name, VerifierSealed: []byte{1}, ConnectionLimit: 5, State: models.ResourceActive, Generation: 1,
		}).Exec(t.Context())
		require.NoError(t, err)
	}
	free := &actor.Actor{Grants: []actor.Grant{grant(s.reseller, read, write)}}
	pinned := &actor.Actor{Grants: free.Grants, Pins: []uuid.UUID{one.UUID}}
	wrong := &actor.Actor{Provider: []actor.Permission{read}, Pins: pinned.Pins} // whom nobody makes
	databases := func(who *actor.Actor, column bun.Ident) (names []string) {
		err := s.NewSelect().Model((*models.Database)(nil)).Column("d.name").Apply(store.Visible(who, read, column)).OrderExpr("d.name").Scan(t.Context(), &names)
		require.NoError(t, err)
		return names
	}
	require.Equal(t, []string{"one", "two"}, databases(free, "d.customer_id"))
	require.Equal(t, []string{"one"}, databases(pinned, "d.customer_id"))
	require.Empty(t, databases(wrong, "d.customer_id"))
	require.Equal(t, []string{"one", "two"}, databases(free, "customer_id"))
	require.Empty(t, databases(pinned, "customer_id"), "not entered")

	customers := []ident.CustomerID{s.reseller, s.shop, s.branch, s.foreign}
	for range 2 { // the second time with texts that are there already
		for who, want := range map[*actor.Actor]int{free: 3, pinned: 1, wrong: 0} {
			rows, err := pinnedByID.Read(t.Context(), s.DB, who, read, customers)
			require.NoError(t, err)
			require.Len(t, rows, want)
			list := store.NewList(s.DB, who, (*models.Customer)(nil))
			page1, err := store.Rows(t.Context(), list.Apply(store.Visible(list, read, "c.id")), page.Args{WithTotal: true}, pinnedList)
			require.NoError(t, err)
			require.Len(t, page1.Nodes(), want)
			total, err := page1.TotalCount(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, total)
		}
		for who, want := range map[*actor.Actor][2]int{free: {1, 1}, pinned: {1, 0}, wrong: {0, 0}} {
			pages, err := pinnedBelow.Pages(t.Context(), s.DB, who, read, []ident.CustomerID{s.reseller, s.shop}, page.Args{WithTotal: true})
			require.NoError(t, err)
			for i, parent := range []ident.CustomerID{s.reseller, s.shop} {
				require.Len(t, pages[parent].Nodes(), want[i])
				total, err := pages[parent].TotalCount(t.Context())
				require.NoError(t, err)
				require.Equal(t, want[i], total)
			}
		}
	}
	for p, want := range map[actor.Permission]int64{read: 1, write: 0} {
		n, err := s.NewSelect().Model((*models.Customer)(nil)).Apply(store.Visible(pinned, p, "c.id")).Count(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n, "a customer is read for its database, and nothing is ordered for it: %s", p)
	}
}
