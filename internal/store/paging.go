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

// direction is the way in which a page is read.
func (o Order[T]) direction(w page.Window) string {
	if o.Desc != w.Backward {
		return "DESC"
	}
	return "ASC"
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
		all, pinned             bool
		after, before, backward bool
		one, owners             bool // parent; the parents' customers are known
		columns                 string
		limit                   int // in the text: PostgreSQL plans for few rows then
	}
	totalsShape struct{ all, pinned bool }
)

// fewParents are those of which each row's customer is looked up: that is cheaper than
// to make a list of their own customers first.
const fewParents = 8

// Pages reads one page for each parent: one statement for all of them, and a
// second one in the same round trip when totals are asked for. Each parent has a
// connection in the result. p is as for Keyed.Read.
func (e *Edge[P, M]) Pages(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, parents []P, args page.Args) (map[P]*page.Connection[*M], error) {
	each, _ := distinct(parents)
	pages, err := e.pages(ctx, db, who, p, each, nil, args)
	if err != nil {
		return nil, err
	}
	out := make(map[P]*page.Connection[*M], len(each))
	for i, parent := range each {
		out[parent] = pages[i]
	}
	return out, nil
}

// distinct gives each parent once, since an object may be in the answer twice, and the
// place of each of the parents in that.
func distinct[P comparable](parents []P) (each []P, place []int) {
	place = make([]int, len(parents))
	if len(parents) == 1 {
		return parents, place
	}
	each = make([]P, 0, len(parents))
	seen := make(map[P]int, len(parents))
	for i, parent := range parents {
		at, twice := seen[parent]
		if !twice {
			at = len(each)
			seen[parent], each = at, append(each, parent)
		}
		place[i] = at
	}
	return each, place
}

// pages reads the page of each parent, of which none is there twice; customers are
// whose the parents are, if that is known.
func (e *Edge[P, M]) pages(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, parents []P, customers []ident.CustomerID, args page.Args) ([]*page.Connection[*M], error) {
	w, err := args.Window(e.Name)
	if err != nil {
		return nil, err
	}
	scope := scopeOf(who, p)
	rows, totals := make([][]*M, len(parents)), []int(nil)
	if w.WithTotal {
		totals = make([]int, len(parents))
	}
	if len(parents) > 0 && !scope.nothing() {
		if err := e.read(ctx, db, scope, p, parents, customers, w, rows, totals); err != nil {
			return nil, err
		}
	}
	out := make([]*page.Connection[*M], len(parents))
	for i := range out {
		var total *int
		if w.WithTotal {
			total = &totals[i]
		}
		out[i] = page.Of(rows[i], w, e.Name, total, e.Place)
	}
	return out, nil
}

// PagesWithin is Pages for parents that belong to customers: in their order, and nil
// where who does not hold p for the customer. A row that may be seen proves that it
// does, so that only of parents without one the customers are asked for.
func (e *Edge[P, M]) PagesWithin(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, parents []P, customers []ident.CustomerID, args page.Args) ([]*page.Connection[*M], error) {
	each, place := distinct(parents)
	whose := make([]ident.CustomerID, len(each))
	for i, at := range place {
		whose[at] = customers[i]
	}
	pages, err := e.pages(ctx, db, who, p, each, whose, args)
	if err != nil {
		return nil, err
	}
	var open []ident.CustomerID
	proven := make([]bool, len(each))
	for i, page := range pages {
		rows := page.Nodes()
		if proven[i] = len(rows) > 0 && (e.Customer == nil || e.Customer(rows[0]) == whose[i]); !proven[i] {
			open = append(open, whose[i])
		}
	}
	may, err := MayAll(ctx, db, who, p, open)
	if err != nil {
		return nil, err
	}
	out := make([]*page.Connection[*M], len(parents))
	for i, at := range place {
		if proven[at] || may[whose[at]] {
			out[i] = pages[at]
		}
	}
	return out, nil
}

// query selects the rows.
func (e *Edge[P, M]) query(db *DB, place *parameter, p actor.Permission) *bun.SelectQuery {
	q := db.NewSelect().Model((*M)(nil))
	if e.Rows == nil {
		return q
	}
	return e.Rows(q, place, p)
}

// read fills in the rows of each parent and, unless totals is nil, how many there are
// on all pages.
func (e *Edge[P, M]) read(ctx context.Context, db *DB, scope scope, p actor.Permission, parents []P, customers []ident.CustomerID, w page.Window, rows [][]*M, totals []int) error {
	text, args := e.pageText(db, scope, p, parents, customers, w)
	page, list := reading[M](text, args, len(parents)*w.Limit())
	reads := []*read{page}
	if totals != nil {
		reads = append(reads, e.totals(db, scope, p, parents, totals))
	}
	if err := db.share(ctx, reads...); err != nil {
		if page.err == nil && totals != nil && reads[1].err != nil {
			return Wrap(err, "count %s", e.Name)
		}
		return Wrap(err, "read pages of %s", e.Name)
	}
	next := 0
	for i, parent := range parents { // in whose order the rows are
		first := next
		for next < len(*list) && e.Of((*list)[next]) == parent {
			next++
		}
		rows[i] = (*list)[first:next:next]
	}
	if next < len(*list) {
		return fmt.Errorf("read pages of %s: rows are not in the order of their parents", e.Name)
	}
	return nil
}

// pageText is the statement for the pages, and its parameters. A page's limit holds for
// each parent, so the parents come first and their rows beside them.
func (e *Edge[P, M]) pageText(db *DB, scope scope, p actor.Permission, parents []P, customers []ident.CustomerID, w page.Window) (text string, args []any) {
	args = append(make([]any, 0, 8), keysOf(parents))
	owners := customers != nil && len(parents) > fewParents && !scope.all
	if owners {
		each, place := distinct(customers)
		args = append(args, placesOf(place), arrayOf(each))
	}
	cursors := len(args)
	for _, c := range []*page.Cursor{w.After, w.Before} {
		if c != nil {
			args = append(args, c.Key, c.ID)
		}
	}
	columns := narrow(db, reflect.TypeFor[M](), e.Needs, w.Fields, append([]bun.Ident{e.Parent, e.Key, e.ID}, e.Reads...)...)
	shape := pageShape{scope.all, scope.isPinned(), w.After != nil, w.Before != nil, w.Backward, len(parents) == 1, owners, strings.Join(columns, " "), w.Limit()}
	if columns != nil && !e.texts.has(shape) && e.narrow.Add(1) > maxNarrow {
		columns, shape.columns = nil, ""
	}
	text = e.texts.of(shape, func() string {
		next := func() any {
			cursors++
			return bun.Safe(fmt.Sprintf("$%d::text", cursors))
		}
		place := scope.parameter(len(args)+1, 0)
		from := db.NewSelect().TableExpr("unnest($1::uuid[]) WITH ORDINALITY AS p(id, place)")
		if owners {
			place.owners = 3
			from = db.NewSelect().TableExpr("unnest($1::uuid[], $2::int4[]) WITH ORDINALITY AS p(id, owner, place)")
		}
		one := e.window(e.query(db, place, p).Apply(of(columns, e.ID)), w, func(*page.Cursor) (key, id any) { return next(), next() })
		if len(parents) == 1 { // whose rows are in order as they are
			return one.Where("? = $1", e.Parent).String()
		}
		// The parents come in order, and each one's rows as they are beside it.
		return from.Join("CROSS JOIN LATERAL (?) AS r", one.Where("? = p.id", e.Parent)).ColumnExpr("r.*").OrderExpr("p.place").String()
	})
	return text, scope.add(args)
}

func placesOf(list []int) int4s {
	out := make(int4s, len(list))
	for i, n := range list {
		out[i] = int32(n) + 1 //nolint:gosec // bounded by what a level has
	}
	return out
}

// totals counts the rows of each parent.
func (e *Edge[P, M]) totals(db *DB, scope scope, p actor.Permission, parents []P, totals []int) *read {
	text := e.texts.of(totalsShape{scope.all, scope.isPinned()}, func() string {
		return e.query(db, scope.parameter(2, 0), p).ColumnExpr("p.place - 1 AS place, count(*) AS n").
			Join("JOIN unnest($1::uuid[]) WITH ORDINALITY AS p(id, place) ON p.id = ?", e.Parent).Group("p.place").String()
	})
	return &read{sql: text, args: scope.add([]any{arrayOf(parents)}), expected: bigRead, take: func(rows pgx.Rows) error {
		var place, n int
		_, err := pgx.ForEachRow(rows, []any{&place, &n}, func() error {
			totals[place] = n
			return nil
		})
		return err
	}}
}

// Containing makes a pattern for LIKE and ILIKE that finds s anywhere.
func Containing(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}
