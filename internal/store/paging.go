package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
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
	// Needs are the columns that the resolvers of the graph's fields look at, by the
	// name of the field, but for the id. When another field is asked for, all are read.
	Needs map[string][]bun.Ident
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
	if row := reflect.TypeFor[T](); row.Kind() == reflect.Pointer {
		q = q.Apply(of(narrow(q.DB(), row.Elem(), o.Needs, w.Fields, o.Key, o.ID), o.ID))
	}
	if err := o.window(q, w, written).Scan(ctx, &rows); err != nil {
		return nil, Wrap(err, "read a page of %s", o.Name)
	}
	return page.Of(rows, w, o.Name, total, o.Place), nil
}

// window adds the place, the order and the limit of one page. at tells where the
// text of a cursor is to be found.
func (o Order[T]) window(q *bun.SelectQuery, w page.Window, at func(*page.Cursor) (key, id any)) *bun.SelectQuery {
	after, before := ">", "<"
	if o.Desc {
		after, before = before, after
	}
	for _, edge := range []struct {
		cursor *page.Cursor
		side   string
	}{{w.After, after}, {w.Before, before}} {
		if edge.cursor != nil {
			key, id := at(edge.cursor)
			q = q.Where(fmt.Sprintf("(?, ?) %s (?::?, ?::uuid)", edge.side), o.Key, o.ID, key, o.Type, id)
		}
	}
	dir := o.direction(w)
	return q.OrderExpr(fmt.Sprintf("? %s, ? %s", dir, dir), o.Key, o.ID).Limit(int64(w.Limit()))
}

// written puts a cursor into the statement itself.
func written(c *page.Cursor) (key, id any) { return c.Key, c.ID }

// direction is the way in which a page is read.
func (o Order[T]) direction(w page.Window) string {
	if o.Desc != w.Backward {
		return "DESC"
	}
	return "ASC"
}

// ofRow is a column such as d.name in the rows that an edge joins: r.name.
func ofRow(column bun.Ident) bun.Ident {
	_, name, _ := strings.Cut(string(column), ".")
	return bun.Ident("r." + name)
}

// An Edge is a list that hangs on each of many parents: the databases of each
// customer of a page. A variable of a package, used by pointer.
type Edge[P comparable, M any] struct {
	Order[*M]

	Parent bun.Ident  // column of the rows that names the parent
	Of     func(*M) P // the parent of a row
	Rows   Query      // the filters; nil for all rows
	// Customer is whose a row is; nil when it is always the parent's customer.
	Customer func(*M) ident.CustomerID
	// Reads are the columns that Customer looks at.
	Reads []bun.Ident

	texts  texts
	narrow atomic.Int32 // texts with some columns only
}

// What changes the texts of an edge.
type (
	pageShape struct {
		all, after, before, backward bool
		one, known                   bool // parent, and its customer
		columns                      string
		limit                        int // in the text: PostgreSQL plans for few rows then
	}
	totalsShape struct{ all bool }
)

// Pages reads one page for each parent: one statement for all of them, and a
// second one when totals are asked for. Each parent has a connection in the
// result. p is as for Keyed.Read.
func (e *Edge[P, M]) Pages(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, parents []P, args page.Args) (map[P]*page.Connection[*M], error) {
	return e.pages(ctx, db, who, p, parents, nil, args)
}

// pages is Pages; customers are whose the parents are, if that is known.
func (e *Edge[P, M]) pages(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, parents []P, customers []ident.CustomerID, args page.Args) (map[P]*page.Connection[*M], error) {
	w, err := args.Window(e.Name)
	if err != nil {
		return nil, err
	}
	out := make(map[P]*page.Connection[*M], len(parents))
	var each []P // once: an object may be in the answer twice
	var whose []ident.CustomerID
	for i, parent := range parents {
		if _, twice := out[parent]; !twice {
			out[parent], each = nil, append(each, parent)
			if customers != nil {
				whose = append(whose, customers[i])
			}
		}
	}
	scope := scopeOf(who, p)
	rows, totals := map[P][]*M{}, map[P]int{}
	if len(each) > 0 && !scope.nothing() {
		if rows, err = e.rows(ctx, db, scope, p, each, whose, w); err != nil {
			return nil, err
		}
		if totals, err = e.totals(ctx, db, scope, p, each, w); err != nil {
			return nil, err
		}
	}
	for _, parent := range each {
		var total *int
		if w.WithTotal {
			total = new(totals[parent])
		}
		out[parent] = page.Of(rows[parent], w, e.Name, total, e.Place)
	}
	return out, nil
}

// PagesWithin is Pages for parents that belong to customers: in their order, and nil
// where who does not hold p for the customer. A row that may be seen proves that it
// does, so that only of parents without one the customers are asked for.
func (e *Edge[P, M]) PagesWithin(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, parents []P, customers []ident.CustomerID, args page.Args) ([]*page.Connection[*M], error) {
	pages, err := e.pages(ctx, db, who, p, parents, customers, args)
	if err != nil {
		return nil, err
	}
	var open []ident.CustomerID
	proven := make([]bool, len(parents))
	for i, parent := range parents {
		rows := pages[parent].Edges
		if proven[i] = len(rows) > 0 && (e.Customer == nil || e.Customer(rows[0].Node) == customers[i]); !proven[i] {
			open = append(open, customers[i])
		}
	}
	may, err := MayAll(ctx, db, who, p, open)
	if err != nil {
		return nil, err
	}
	out := make([]*page.Connection[*M], len(parents))
	for i, parent := range parents {
		if proven[i] || may[customers[i]] {
			out[i] = pages[parent]
		}
	}
	return out, nil
}

// query selects the rows; the roots of who are at the given place, and known is as
// in parameter.
func (e *Edge[P, M]) query(db *DB, scope scope, p actor.Permission, place int, known bool) *bun.SelectQuery {
	q := db.NewSelect().Model((*M)(nil))
	if e.Rows == nil {
		return q
	}
	return e.Rows(q, &parameter{scope.all, place, known}, p)
}

// rows reads the pages. A page's limit holds for each parent, so the parents come
// first and their rows beside them.
func (e *Edge[P, M]) rows(ctx context.Context, db *DB, scope scope, p actor.Permission, parents []P, customers []ident.CustomerID, w page.Window) (map[P][]*M, error) {
	args := []any{keysOf(parents)}
	known := customers != nil && len(parents) > 1 && !scope.all
	if known {
		args = append(args, arrayOf(customers))
	}
	for _, c := range []*page.Cursor{w.After, w.Before} {
		if c != nil {
			args = append(args, c.Key, c.ID)
		}
	}
	columns := narrow(db, reflect.TypeFor[M](), e.Needs, w.Fields, append([]bun.Ident{e.Parent, e.Key, e.ID}, e.Reads...)...)
	shape := pageShape{scope.all, w.After != nil, w.Before != nil, w.Backward, len(parents) == 1, known, strings.Join(columns, " "), w.Limit()}
	if columns != nil && !e.texts.has(shape) && e.narrow.Add(1) > maxNarrow {
		columns, shape.columns = nil, ""
	}
	text := e.texts.of(shape, func() string {
		number := 1
		if known {
			number = 2
		}
		next := func() any {
			number++
			return bun.Safe(fmt.Sprintf("$%d::text", number))
		}
		one := e.query(db, scope, p, len(args)+1, known)
		one = e.window(one.Apply(of(columns, e.ID)), w, func(*page.Cursor) (key, id any) { return next(), next() })
		if len(parents) == 1 { // whose rows are in order as they are
			return one.Where("? = $1", e.Parent).String()
		}
		one = one.Where("? = p.id", e.Parent)
		dir := e.direction(w)
		from := db.NewSelect().TableExpr("unnest($1::uuid[]) WITH ORDINALITY AS p(id, place)")
		if known {
			from = db.NewSelect().TableExpr("unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS p(id, customer_id, place)").
				Join("LEFT JOIN (SELECT DISTINCT customer_id FROM customer_tree WHERE customer_id = ANY ($2) AND ancestor_id = ANY (?::uuid[])) AS v ON v.customer_id = p.customer_id",
					bun.Safe(fmt.Sprintf("$%d", len(args)+1)))
		}
		return from.Join("CROSS JOIN LATERAL (?) AS r", one).ColumnExpr("r.*").
			OrderExpr(fmt.Sprintf("p.place, ? %s, ? %s", dir, dir), ofRow(e.Key), ofRow(e.ID)).String()
	})
	list, err := readAll[M](ctx, db, text, scope.add(args))
	if err != nil {
		return nil, Wrap(err, "read pages of %s", e.Name)
	}
	of := make(map[P][]*M, len(parents))
	for _, row := range list {
		parent := e.Of(row)
		of[parent] = append(of[parent], row)
	}
	return of, nil
}

// totals counts the rows of each parent, when that is asked for.
func (e *Edge[P, M]) totals(ctx context.Context, db *DB, scope scope, p actor.Permission, parents []P, w page.Window) (map[P]int, error) {
	if !w.WithTotal {
		return nil, nil
	}
	text := e.texts.of(totalsShape{scope.all}, func() string {
		return e.query(db, scope, p, 2, false).ColumnExpr("p.place - 1 AS place, count(*) AS n").
			Join("JOIN unnest($1::uuid[]) WITH ORDINALITY AS p(id, place) ON p.id = ?", e.Parent).Group("p.place").String()
	})
	totals := make(map[P]int, len(parents))
	err := db.read(ctx, text, scope.add([]any{arrayOf(parents)}), func(rows pgx.Rows) error {
		var place, n int
		_, err := pgx.ForEachRow(rows, []any{&place, &n}, func() error {
			totals[parents[place]] = n
			return nil
		})
		return err
	})
	if err != nil {
		return nil, Wrap(err, "count %s", e.Name)
	}
	return totals, nil
}

// Containing makes a pattern for LIKE and ILIKE that finds s anywhere.
func Containing(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
