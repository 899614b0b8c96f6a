package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/page"
)

// An Order is how a list is sorted: by a column that is never null and then by id.
type Order[T any] struct {
	Name string    // part of each cursor
	Key  bun.Ident // the column
	Type bun.Safe  // its SQL type, for the cursor
	ID   bun.Ident // the id column
	Desc bool
	// Place gives a row's values of both columns, as text.
	Place func(T) (key, id string)
}

// Rows reads one page of q, which has its model and its filters.
func Rows[T any](ctx context.Context, q *bun.SelectQuery, args page.Args, o Order[T]) (*page.Connection[T], error) {
	w, err := args.Window(o.Name)
	if err != nil {
		return nil, err
	}
	var total *int
	if w.WithTotal {
		n64, err := q.Clone().Count(ctx)
		if err != nil {
			return nil, Wrap(err, "count %s", o.Name)
		}
		n := int(n64)
		total = &n
	}
	var rows []T
	if err := o.window(q, w).Scan(ctx, &rows); err != nil {
		return nil, Wrap(err, "read a page of %s", o.Name)
	}
	return page.Of(rows, w, o.Name, total, o.Place), nil
}

// window adds the place, the order and the limit of one page: one row more than
// asked for, so that the reader knows whether there are more.
func (o Order[T]) window(q *bun.SelectQuery, w page.Window) *bun.SelectQuery {
	after, before := ">", "<"
	if o.Desc {
		after, before = before, after
	}
	dir := o.direction(w)
	if c := w.After; c != nil {
		q = q.Where(fmt.Sprintf("(?, ?) %s (?::?, ?::uuid)", after), o.Key, o.ID, c.Key, o.Type, c.ID)
	}
	if c := w.Before; c != nil {
		q = q.Where(fmt.Sprintf("(?, ?) %s (?::?, ?::uuid)", before), o.Key, o.ID, c.Key, o.Type, c.ID)
	}
	return q.OrderExpr(fmt.Sprintf("? %s, ? %s", dir, dir), o.Key, o.ID).Limit(int64(w.Size) + 1)
}

// direction is the way in which a page is read.
func (o Order[T]) direction(w page.Window) string {
	if o.Desc != w.Backward {
		return "DESC"
	}
	return "ASC"
}

// ofRow is a column such as d.name in the rows that RowsOf joins: r.name.
func ofRow(column bun.Ident) bun.Ident {
	_, name, _ := strings.Cut(string(column), ".")
	return bun.Ident("r." + name)
}

// An Edge is a list that hangs on each of many parents: the databases of each
// customer of a page.
type Edge[P comparable, T any] struct {
	Order[T]
	Parent bun.Ident // column of the rows that names the parent
	Of     func(T) P // the parent of a row
}

// RowsOf reads one page for each parent: one statement for all of them, and a
// second one when totals are asked for. q has the model and the filters; each
// parent has a connection in the result.
func RowsOf[P comparable, T any](ctx context.Context, db bun.IDB, q *bun.SelectQuery, parents []P, args page.Args, e Edge[P, T]) (map[P]*page.Connection[T], error) {
	w, err := args.Window(e.Name)
	if err != nil {
		return nil, err
	}
	out := make(map[P]*page.Connection[T], len(parents))
	if len(parents) == 0 {
		return out, nil
	}
	var each []P // once: an object may be in the answer twice
	for _, p := range parents {
		if _, twice := out[p]; !twice {
			out[p], each = nil, append(each, p)
		}
	}
	totals, err := countOf(ctx, q, each, w, e)
	if err != nil {
		return nil, err
	}
	// The page's own limit holds for each parent, so the parents come first and
	// their rows beside them.
	one := e.window(q.Where("? = p.id", e.Parent), w)
	dir := e.direction(w)
	var rows []T
	err = db.NewSelect().TableExpr("unnest(ARRAY[?]::uuid[]) WITH ORDINALITY AS p(id, place)", bun.List(each)).
		Join("CROSS JOIN LATERAL (?) AS r", one).ColumnExpr("r.*").
		OrderExpr(fmt.Sprintf("p.place, ? %s, ? %s", dir, dir), ofRow(e.Key), ofRow(e.ID)).Scan(ctx, &rows)
	if err != nil {
		return nil, Wrap(err, "read pages of %s", e.Name)
	}
	byParent := make(map[P][]T, len(each))
	for _, row := range rows {
		p := e.Of(row)
		byParent[p] = append(byParent[p], row)
	}
	for _, p := range each {
		out[p] = page.Of(byParent[p], w, e.Name, totals(p), e.Place)
	}
	return out, nil
}

func countOf[P comparable, T any](ctx context.Context, q *bun.SelectQuery, parents []P, w page.Window, e Edge[P, T]) (func(P) *int, error) {
	if !w.WithTotal {
		return func(P) *int { return nil }, nil
	}
	var counts []struct {
		Parent P
		N      int
	}
	err := q.Clone().ColumnExpr("? AS parent, count(*) AS n", e.Parent).
		Where("? IN (?)", e.Parent, bun.List(parents)).GroupExpr("?", e.Parent).Scan(ctx, &counts)
	if err != nil {
		return nil, Wrap(err, "count %s", e.Name)
	}
	byParent := make(map[P]int, len(counts))
	for _, c := range counts {
		byParent[c.Parent] = c.N
	}
	return func(p P) *int { n := byParent[p]; return &n }, nil
}

// Containing makes a pattern for LIKE and ILIKE that finds s anywhere.
func Containing(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
