package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// An item is a row of a list whose sort keys have ties.
type item struct {
	bun.BaseModel `bun:"table:items,alias:i"`

	ID     uuid.UUID `bun:",pk"`
	Parent uuid.UUID
	Name   string
	At     time.Time
}

func byName(desc bool) store.Order[*item] {
	return store.Order[*item]{
		Name: fmt.Sprintf("items.name.%t", desc), Key: "i.name", Type: "text", ID: "i.id", Desc: desc,
		Place: func(i *item) (string, string) { return i.Name, i.ID.String() },
	}
}

func byTime(desc bool) store.Order[*item] {
	return store.Order[*item]{
		Name: fmt.Sprintf("items.at.%t", desc), Key: "i.at", Type: "timestamptz", ID: "i.id", Desc: desc,
		Place: func(i *item) (string, string) { return i.At.UTC().Format(time.RFC3339Nano), i.ID.String() },
	}
}

func edge(o store.Order[*item]) *store.Edge[uuid.UUID, item] {
	return &store.Edge[uuid.UUID, item]{Order: o, Parent: "i.parent", Of: func(i *item) uuid.UUID { return i.Parent }}
}

var _ = store.Learn(map[string]func(*item) any{
	"id": func(i *item) any { return &i.ID }, "parent": func(i *item) any { return &i.Parent },
	"name": func(i *item) any { return &i.Name }, "at": func(i *item) any { return &i.At },
})

// A list is a table of items and what was asked of the server.
type list struct {
	*store.DB
	sql  *testkit.Statements
	rows []*item
}

// newList makes a table with rows of each parent, in which every key comes
// several times.
func newList(t *testing.T, parents []uuid.UUID, each int) *list {
	t.Helper()
	l := &list{sql: new(testkit.Statements)}
	l.DB = testkit.DB(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = l.sql })
	_, err := l.ExecContext(t.Context(), `CREATE TABLE items (id uuid PRIMARY KEY, parent uuid NOT NULL, name text COLLATE "C" NOT NULL, at timestamptz NOT NULL)`)
	require.NoError(t, err)
	names := []string{"a", "a%b", "a_b", `a"],["`, "Ä", "ä", "日本", "", `\`, "'"}
	start := time.Date(2026, 12, 1, 12, 0, 0, 123456000, time.UTC)
	for _, p := range parents {
		for i := range each {
			l.rows = append(l.rows, &item{ID: uuid.New(), Parent: p, Name: names[i/3%len(names)], At: start.Add(time.Duration(i/4) * time.Microsecond)})
		}
	}
	if len(l.rows) > 0 {
		_, err = l.NewInsert().Model(&l.rows).Exec(t.Context())
		require.NoError(t, err)
	}
	return l
}

func (l *list) query() *store.List { return store.NewList(l.DB, nil, (*item)(nil)) }

// sorted is the whole list as the order has it.
func sorted(rows []*item, o store.Order[*item]) []*item {
	out := slices.Clone(rows)
	slices.SortFunc(out, func(a, b *item) int {
		c := strings.Compare(a.Name, b.Name)
		if o.Type == "timestamptz" {
			c = a.At.Compare(b.At)
		}
		if c == 0 {
			c = slices.Compare(a.ID[:], b.ID[:])
		}
		if o.Desc {
			return -c
		}
		return c
	})
	return out
}

func ids(rows []*item) []uuid.UUID {
	out := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

func (l *list) page(t *testing.T, args page.Args, o store.Order[*item]) *page.Connection[*item] {
	t.Helper()
	c, err := store.Rows(t.Context(), l.query(), args, o)
	require.NoError(t, err)
	return c
}

func orders() map[string]store.Order[*item] {
	return map[string]store.Order[*item]{
		"by name": byName(false), "by name, reversed": byName(true), "by time": byTime(false), "by time, reversed": byTime(true),
	}
}

func TestRows_EveryRowOnceForwardAndBackward(t *testing.T) {
	t.Parallel()
	l := newList(t, []uuid.UUID{uuid.New()}, 53)
	for name, o := range orders() {
		want := ids(sorted(l.rows, o))
		for _, size := range []int{1, 7, 52, 53, 54} {
			var forward, backward []uuid.UUID
			args := page.Args{First: &size}
			for pages := 0; ; pages++ {
				require.Less(t, pages, 60, "no end")
				c := l.page(t, args, o)
				forward = append(forward, ids(c.Nodes())...)
				require.Equal(t, pages > 0, c.PageInfo.HasPreviousPage)
				if !c.PageInfo.HasNextPage {
					break
				}
				args.After = c.PageInfo.EndCursor
			}
			require.Equal(t, want, forward, "%s, %d rows a page, forward", name, size)

			args = page.Args{Last: &size}
			for pages := 0; ; pages++ {
				require.Less(t, pages, 60, "no end")
				c := l.page(t, args, o)
				backward = append(ids(c.Nodes()), backward...)
				require.Equal(t, pages > 0, c.PageInfo.HasNextPage)
				if !c.PageInfo.HasPreviousPage {
					break
				}
				args.Before = c.PageInfo.StartCursor
			}
			require.Equal(t, want, backward, "%s, %d rows a page, backward", name, size)
		}
	}
}

func TestRows_BetweenTwoCursors(t *testing.T) {
	t.Parallel()
	l := newList(t, []uuid.UUID{uuid.New()}, 30)
	for name, o := range orders() {
		whole := l.page(t, page.Args{First: new(100)}, o)
		want := ids(whole.Nodes())
		require.Equal(t, want, ids(sorted(l.rows, o)))
		for _, tc := range []struct{ after, before int }{{0, 29}, {3, 4}, {3, 5}, {10, 20}, {20, 10}, {7, 7}, {0, 1}} {
			args := page.Args{After: &whole.Edges[tc.after].Cursor, Before: &whole.Edges[tc.before].Cursor, WithTotal: true}
			inner := []uuid.UUID{}
			if tc.after+1 < tc.before {
				inner = want[tc.after+1 : tc.before]
			}
			args.First = new(5)
			c := l.page(t, args, o)
			require.Equal(t, inner[:min(5, len(inner))], ids(c.Nodes()), "%s, first 5 of %v", name, tc)
			require.Equal(t, len(inner) > 5, c.PageInfo.HasNextPage, "%s, first 5 of %v", name, tc)
			args.First, args.Last = nil, new(5)
			c = l.page(t, args, o)
			require.Equal(t, inner[max(0, len(inner)-5):], ids(c.Nodes()), "%s, last 5 of %v", name, tc)
			require.Equal(t, len(inner) > 5, c.PageInfo.HasPreviousPage, "%s, last 5 of %v", name, tc)
			n, err := c.TotalCount(t.Context())
			require.NoError(t, err)
			require.Equal(t, 30, n, "the total is that of all pages")
		}
	}
}

func TestRows_SizesAndTotals(t *testing.T) {
	t.Parallel()
	l := newList(t, []uuid.UUID{uuid.New()}, 105)
	for name, tc := range map[string]struct {
		args page.Args
		n    int
		code fault.Code
	}{
		"by default":     {page.Args{}, page.DefaultSize, ""},
		"first 0":        {page.Args{First: new(0)}, 0, fault.Invalid},
		"first 1":        {page.Args{First: new(1)}, 1, ""},
		"first 100":      {page.Args{First: new(100)}, 100, ""},
		"first 101":      {page.Args{First: new(101)}, 0, fault.Invalid},
		"last 0":         {page.Args{Last: new(0)}, 0, fault.Invalid},
		"last 1":         {page.Args{Last: new(1)}, 1, ""},
		"last 100":       {page.Args{Last: new(100)}, 100, ""},
		"last 101":       {page.Args{Last: new(101)}, 0, fault.Invalid},
		"first and last": {page.Args{First: new(1), Last: new(1)}, 0, fault.Invalid},
	} {
		asked := l.sql.During(func() {
			c, err := store.Rows(t.Context(), l.query(), tc.args, byName(false))
			require.Equal(t, tc.code, fault.CodeOf(err), name)
			if err == nil {
				require.Len(t, c.Edges, tc.n, name)
				_, err := c.TotalCount(t.Context())
				require.Error(t, err, "not asked for")
			}
		})
		if tc.code == "" {
			require.Len(t, asked, 1, name)
		} else {
			require.Empty(t, asked, "%s is refused without asking the database", name)
		}
		_, err := edge(byName(false)).Pages(t.Context(), l.DB, nil, "", []uuid.UUID{l.rows[0].Parent}, tc.args)
		require.Equal(t, tc.code, fault.CodeOf(err), name)
	}
	var n int
	asked := l.sql.During(func() {
		c := l.page(t, page.Args{First: new(2), WithTotal: true}, byTime(true))
		n, _ = c.TotalCount(t.Context())
	})
	require.Equal(t, 105, n)
	require.Len(t, asked, 2, "the page and the total")
	c, err := store.Rows(t.Context(), l.query().Where("FALSE"), page.Args{WithTotal: true}, byName(false))
	require.NoError(t, err)
	n, err = c.TotalCount(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, c.Nodes())
}

func TestRows_CursorsThatWereTamperedWith(t *testing.T) {
	t.Parallel()
	l := newList(t, []uuid.UUID{uuid.New()}, 5)
	cursorOf := func(o store.Order[string], key, id string) *string {
		c := page.Of([]string{key}, page.Window{Size: 1}, o.Name, nil, func(string) (string, string) { return key, id })
		return c.PageInfo.StartCursor
	}
	some := uuid.New().String()
	for name, tc := range map[string]struct {
		order   store.Order[*item]
		key, id string
		code    fault.Code
	}{
		"a key of no row":       {byName(false), "zzz", some, ""},
		"SQL in the key":        {byName(false), "'; DROP TABLE items; --", some, ""},
		"SQL in the id":         {byName(false), "a", "'; DROP TABLE items; --", fault.Invalid},
		"a question mark":       {byName(false), "?0 ? ?1", some, ""},
		"an id that is no UUID": {byName(false), "a", "1", fault.Invalid},
		"no id":                 {byName(false), "a", "", fault.Invalid},
		"NUL in the key":        {byName(false), "a\x00", some, fault.Invalid},
		"NUL in the id":         {byName(false), "a", some + "\x00", fault.Invalid},
		"a time that is none":   {byTime(false), "yesterday o'clock", some, fault.Invalid},
		"a time out of range":   {byTime(false), "999999-01-01", some, fault.Invalid},
		"no time":               {byTime(true), "", some, fault.Invalid},
	} {
		after := cursorOf(store.Order[string]{Name: tc.order.Name}, tc.key, tc.id)
		_, err := store.Rows(t.Context(), l.query(), page.Args{After: after}, tc.order)
		require.Equal(t, tc.code, fault.CodeOf(err), "%s: %v", name, err)
		_, err = edge(tc.order).Pages(t.Context(), l.DB, nil, "", []uuid.UUID{l.rows[0].Parent}, page.Args{Before: after})
		require.Equal(t, tc.code, fault.CodeOf(err), "%s: %v", name, err)
	}
	c := l.page(t, page.Args{First: new(1)}, byName(false))
	for name, o := range map[string]store.Order[*item]{"the other way": byName(true), "another key": byTime(false)} {
		_, err := store.Rows(t.Context(), l.query(), page.Args{After: c.PageInfo.EndCursor}, o)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	require.Len(t, l.page(t, page.Args{}, byName(false)).Nodes(), 5, "the table is still there")
}

func TestRows_RowsThatComeAndGoBetweenPages(t *testing.T) {
	t.Parallel()
	l := newList(t, []uuid.UUID{uuid.New()}, 20)
	o := byName(false)
	want := sorted(l.rows, o)
	first := l.page(t, page.Args{First: new(10)}, o)
	// The row of the cursor goes, and one comes in front of it: neither moves the next page.
	_, err := l.NewDelete().Model(want[9]).WherePK().Exec(t.Context())
	require.NoError(t, err)
	_, err = l.NewInsert().Model(&item{ID: uuid.New(), Parent: want[0].Parent, Name: "", At: time.Now()}).Exec(t.Context())
	require.NoError(t, err)
	next := l.page(t, page.Args{First: new(10), After: first.PageInfo.EndCursor}, o)
	require.Equal(t, ids(want[10:]), ids(next.Nodes()))
}

func TestPages_APageForEachParent(t *testing.T) {
	t.Parallel()
	full, half, empty := uuid.New(), uuid.New(), uuid.New()
	l := newList(t, []uuid.UUID{full, half}, 12)
	_, err := l.ExecContext(t.Context(), "DELETE FROM items WHERE parent = ? AND name <> 'a'", half)
	require.NoError(t, err)
	of := func(p uuid.UUID) (rows []*item) {
		for _, r := range l.rows {
			if r.Parent == p && (p != half || r.Name == "a") {
				rows = append(rows, r)
			}
		}
		return rows
	}
	for name, o := range orders() {
		for _, backward := range []bool{false, true} {
			args := page.Args{First: new(5), WithTotal: true}
			if backward {
				args = page.Args{Last: new(5), WithTotal: true}
			}
			pages, err := edge(o).Pages(t.Context(), l.DB, nil, "", []uuid.UUID{full, half, empty}, args)
			require.NoError(t, err)
			require.Len(t, pages, 3, "each parent has a page")
			for _, p := range []uuid.UUID{full, half, empty} {
				want := ids(sorted(of(p), o))
				total, err := pages[p].TotalCount(t.Context())
				require.NoError(t, err)
				require.Equal(t, len(want), total)
				more := len(want) > 5
				if backward {
					want = want[max(0, len(want)-5):]
				} else {
					want = want[:min(5, len(want))]
				}
				require.Equal(t, want, ids(pages[p].Nodes()), "%s, backward %t", name, backward)
				require.Equal(t, more && !backward, pages[p].PageInfo.HasNextPage)
				require.Equal(t, more && backward, pages[p].PageInfo.HasPreviousPage)
				alone, err := store.Rows(t.Context(), l.query().Where("i.parent = ?", p), args, o)
				require.NoError(t, err)
				require.Equal(t, ids(alone.Nodes()), ids(pages[p].Nodes()), "the same as the parent's list alone")
			}
			// And on from there, for one parent.
			args.After, args.Before = pages[full].PageInfo.EndCursor, nil
			args.First, args.Last = new(100), nil
			rest, err := edge(o).Pages(t.Context(), l.DB, nil, "", []uuid.UUID{full}, args)
			require.NoError(t, err)
			all := ids(sorted(of(full), o))
			require.Equal(t, all[slices.Index(all, pages[full].Edges[4].Node.ID)+1:], ids(rest[full].Nodes()))
		}
	}
}

// A list of databases may name the same customer twice, and both ask for its page.
func TestPages_TheSameParentTwice(t *testing.T) {
	t.Parallel()
	a, b := uuid.New(), uuid.New()
	l := newList(t, []uuid.UUID{a, b}, 6)
	o := byName(false)
	pages, err := edge(o).Pages(t.Context(), l.DB, nil, "", []uuid.UUID{a, b, a, a}, page.Args{First: new(10), WithTotal: true})
	require.NoError(t, err)
	require.Equal(t, ids(sorted(l.rows[:6], o)), ids(pages[a].Nodes()), "each row once")
	require.Equal(t, ids(sorted(l.rows[6:], o)), ids(pages[b].Nodes()))
	require.False(t, pages[a].PageInfo.HasNextPage)
	n, err := pages[a].TotalCount(t.Context())
	require.NoError(t, err)
	require.Equal(t, 6, n)
}

func TestPages_StatementsDoNotGrowWithParents(t *testing.T) {
	t.Parallel()
	parents := make([]uuid.UUID, 100)
	for i := range parents {
		parents[i] = uuid.New()
	}
	l := newList(t, parents, 3)
	for _, n := range []int{0, 1, 10, 100} {
		for _, total := range []bool{false, true} {
			asked := l.sql.During(func() {
				pages, err := edge(byTime(true)).Pages(t.Context(), l.DB, nil, "", parents[:n], page.Args{First: new(2), WithTotal: total})
				require.NoError(t, err)
				require.Len(t, pages, n)
				for _, p := range parents[:n] {
					require.Len(t, pages[p].Nodes(), 2)
					require.True(t, pages[p].PageInfo.HasNextPage)
				}
			})
			want := 1
			if total {
				want = 2
			}
			if n == 0 {
				want = 0
			}
			require.Len(t, asked, want, "%d parents, total %t: %v", n, total, asked)
			require.Equal(t, min(want, 1), l.sql.RoundTrips(), "%d parents, total %t", n, total)
		}
	}
}

func TestPaging_DatabaseErrors(t *testing.T) {
	t.Parallel()
	l := newList(t, []uuid.UUID{uuid.New()}, 1)
	for name, args := range map[string]page.Args{"page": {}, "total": {WithTotal: true}} {
		_, err := store.Rows(t.Context(), l.query().Where("nothing"), args, byName(false))
		require.Equal(t, fault.Internal, fault.CodeOf(err), name)
		require.ErrorContains(t, err, "items.name.false", "%s: the log says which list", name)
		broken := edge(byName(false))
		broken.Rows = func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
			return q.Where("nothing")
		}
		_, err = broken.Pages(t.Context(), l.DB, nil, "", []uuid.UUID{uuid.New()}, args)
		require.Equal(t, fault.Internal, fault.CodeOf(err), name)
		require.ErrorContains(t, err, "items.name.false", name)
	}
}
