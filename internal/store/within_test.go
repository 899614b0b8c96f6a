package store_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func ofUsers() *store.Edge[ident.UserID, models.Membership] {
	return &store.Edge[ident.UserID, models.Membership]{
		Order: store.Order[*models.Membership]{
			Name: "memberships", Key: "m.created_at", Type: "timestamptz", ID: "m.customer_id",
			Place: func(m *models.Membership) (string, string) {
				return m.CreatedAt.Format(time.RFC3339Nano), m.CustomerID.String()
			},
		},
		Parent: "m.user_id", Of: func(m *models.Membership) ident.UserID { return m.UserID },
		Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
			return q.Apply(store.Visible(who, p, "m.customer_id"))
		},
		Customer: func(m *models.Membership) ident.CustomerID { return m.CustomerID }, Reads: []bun.Ident{"m.customer_id"},
	}
}

// Parents of all kinds of customers, with rows of all kinds of customers: everybody
// sees exactly the rows of their own, and no page where they may not look, whatever
// is beside it in the statement and whichever columns are read.
func TestPagesWithin_RowsAndPagesOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	customers := []ident.CustomerID{s.reseller, s.shop, s.branch, s.foreign}
	r := rand.New(rand.NewPCG(3, 4))
	rows := map[ident.UserID][]ident.CustomerID{}
	var users []ident.UserID
	var whose []ident.CustomerID
	for i := range 24 {
		u := &models.User{ID: ident.NewUserID(), Email: ident.NewUserID().String(), Name: "U", PasswordHash: "x"}
		_, err := s.NewInsert().Model(u).Exec(t.Context())
		require.NoError(t, err)
		users, whose = append(users, u.ID), append(whose, customers[i%4])
		for n, k := range r.Perm(4)[:r.IntN(5)] {
			_, err := s.NewInsert().Model(&models.Membership{UserID: u.ID, CustomerID: customers[k], Role: models.CustomerAdmin, CreatedAt: time.Unix(int64(n), 0)}).Exec(t.Context())
			require.NoError(t, err)
			rows[u.ID] = append(rows[u.ID], customers[k])
		}
	}
	e := ofUsers()
	for name, tc := range map[string]struct {
		who  *actor.Actor
		sees []ident.CustomerID
	}{
		"staff":                 {&actor.Actor{Provider: []actor.Permission{read}}, customers},
		"staff without it":      {&actor.Actor{Provider: []actor.Permission{write}}, nil},
		"the reseller":          {&actor.Actor{Grants: []actor.Grant{grant(s.reseller, read)}}, customers[:3]},
		"the shop":              {&actor.Actor{Grants: []actor.Grant{grant(s.shop, read)}}, customers[1:3]},
		"the branch and others": {&actor.Actor{Grants: []actor.Grant{grant(s.branch, read), grant(s.foreign, read)}}, customers[2:]},
		"another permission":    {&actor.Actor{Grants: []actor.Grant{grant(s.reseller, write), grant(s.foreign, read)}}, customers[3:]},
		"nobody":                {&actor.Actor{}, nil},
	} {
		for _, first := range []int{1, 2, 10} {
			for _, n := range []int{1, 2, 24, 48} { // 48: each twice
				parents, of := slices.Repeat(users, 2)[:n], slices.Repeat(whose, 2)[:n]
				for _, args := range []page.Args{{First: &first}, {First: &first, RowsAlone: true}, {First: &first, RowsAlone: true, Fields: []string{"role"}}} {
					pages, err := e.PagesWithin(t.Context(), s.DB, tc.who, read, parents, of, args)
					require.NoError(t, err)
					require.Len(t, pages, n)
					for i, p := range pages {
						if !slices.Contains(tc.sees, of[i]) {
							require.Nil(t, p, "%s: the page of a parent that is not theirs", name)
							continue
						}
						require.NotNil(t, p, name)
						var want, got []ident.CustomerID
						for _, c := range rows[parents[i]] {
							if slices.Contains(tc.sees, c) && len(want) < first {
								want = append(want, c)
							}
						}
						for _, m := range p.Nodes() {
							got = append(got, m.CustomerID)
							require.Equal(t, models.CustomerAdmin, m.Role)
							require.Equal(t, parents[i], m.UserID)
						}
						require.Equal(t, want, got, "%s, %d of %d parents", name, first, n)
					}
				}
			}
		}
	}
}

func TestTally_CountsForEachKey(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	below := &store.Tally[ident.CustomerID]{
		Name: "count those below", Of: ident.CustomerIDOf,
		Text: "SELECT ancestor_id, count(*) FROM customer_tree WHERE ancestor_id = ANY ($1) AND depth >= $2 GROUP BY ancestor_id",
	}
	for depth, want := range map[int]map[ident.CustomerID]int{0: {s.reseller: 3, s.branch: 1, s.foreign: 1}, 1: {s.reseller: 2}, 5: {}} {
		got, err := below.Read(t.Context(), s.DB, []ident.CustomerID{s.reseller, s.branch, s.foreign, ident.NewCustomerID()}, depth)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	asked := s.sql.During(func() {
		got, err := below.Read(t.Context(), s.DB, nil, 0)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	require.Empty(t, asked)
	broken := &store.Tally[ident.CustomerID]{Name: "count nothing", Of: ident.CustomerIDOf, Text: "SELECT $1::uuid[], nosuch"}
	_, err := broken.Read(t.Context(), s.DB, []ident.CustomerID{s.shop})
	require.ErrorContains(t, err, "count nothing")
}

// The statement for pages says only in which order the parents come, since each one's
// rows are joined beside it as they are. PostgreSQL must have no plan in which it sorts
// all of them, which would mix the rows of a parent.
func TestPagesWithin_PlanKeepsTheOrder(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	parents, whose := make([]ident.UserID, 20), make([]ident.CustomerID, 20)
	for i := range parents {
		parents[i], whose[i] = ident.NewUserID(), []ident.CustomerID{s.shop, s.branch}[i%2]
	}
	who := &actor.Actor{Grants: []actor.Grant{grant(s.reseller, read)}}
	for name, n := range map[string]int{"few": 3, "many": 20} {
		asked := s.sql.During(func() {
			_, err := ofUsers().PagesWithin(t.Context(), s.DB, who, read, parents[:n], whose[:n], page.Args{First: new(2)})
			require.NoError(t, err)
		})
		text := asked[0]
		require.Contains(t, text, "CROSS JOIN LATERAL", name)
		require.Equal(t, n == 20, strings.Contains(text, "p.owner"), "%s: the owners are looked up once", name)
		conn, err := s.Pool.Acquire(t.Context())
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "PREPARE edge AS "+text)
		require.NoError(t, err)
		args := "'{}', '{}'" // the parents, and the roots
		if n == 20 {
			args += ", '{}', '{}'"
		}
		for _, off := range []string{"none", "enable_sort", "enable_indexscan", "enable_bitmapscan", "enable_seqscan"} {
			if off != "none" {
				_, err = conn.Exec(t.Context(), "SET "+off+" = off")
				require.NoError(t, err)
			}
			rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS OFF) EXECUTE edge ("+args+")")
			require.NoError(t, err)
			plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			require.Contains(t, plan[0], "Nested Loop", "%s, without %s: nothing is above the join\n%s", name, off, strings.Join(plan, "\n"))
			require.NotContains(t, strings.Join(plan, "\n"), "Sort Key: p.place", name)
		}
		_, err = conn.Exec(t.Context(), "DEALLOCATE edge; RESET ALL")
		require.NoError(t, err)
		conn.Release()
	}
}
