package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
)

// A List is a query for rows that somebody may see, whatever else they belong to. Its
// values are parameters, so that the text is the same for everybody who asks alike, and
// parsed once. It is planned for each: how many of the rows somebody sees decides which
// plan is good. A List is for one call of Rows; as a Scope it is its caller.
type List struct {
	db     *DB
	who    Scope
	query  *bun.SelectQuery
	values []any
	counts bun.Safe // see CountedIn
}

// NewList makes a list of a model's rows, such as (*models.Job)(nil). Who is as in
// Visible.
func NewList(db *DB, who Scope, model any) *List {
	return &List{db: db, who: who, query: db.NewSelect().Model(model)}
}

// Customers implements Scope.
func (l *List) Customers(p actor.Permission) ([]ident.CustomerID, bool) { return l.who.Customers(p) }

// Pinned implements Scope.
func (l *List) Pinned() []uuid.UUID { return l.who.Pinned() }

// Apply adds a filter, such as that of Visible for the list.
func (l *List) Apply(filter func(*bun.SelectQuery) *bun.SelectQuery) *List {
	l.query = l.query.Apply(filter)
	return l
}

// Where adds a condition, which has a question mark for each of the values.
func (l *List) Where(condition string, values ...any) *List {
	for i, v := range values {
		values[i] = l.value(v, "")
	}
	l.query = l.query.Where(condition, values...)
	return l
}

// CountedIn says where the rows are counted already: a table of counts n, whose columns
// are all that the list's conditions look at.
func (l *List) CountedIn(table bun.Safe) *List {
	l.counts = table
	return l
}

// total is the query for the number of all rows.
func (l *List) total() string {
	q := l.query.Clone()
	if l.counts == "" {
		return "SELECT count(*) FROM (" + q.ColumnExpr("1").String() + ") AS r"
	}
	return q.ModelTableExpr("? AS ?TableAlias", l.counts).ColumnExpr("coalesce(sum(n), 0)::bigint").String()
}

// value adds a parameter, and is its place in the text. The type may be left to
// PostgreSQL.
func (l *List) value(v any, sqlType string) bun.Safe {
	switch id := v.(type) {
	case uuid.UUID:
		v = pgtype.UUID{Bytes: id, Valid: true}
	case interface{ Bare() uuid.UUID }:
		v = pgtype.UUID{Bytes: id.Bare(), Valid: true}
	default:
		if text := reflect.ValueOf(v); text.Kind() == reflect.String { // an enum
			v = text.String()
		}
	}
	l.values = append(l.values, v)
	return bun.Safe(fmt.Sprintf("$%d%s", len(l.values), sqlType))
}

// Rows reads one page of a list, and the number of all its rows when that is asked for,
// in one round trip.
func Rows[M any](ctx context.Context, l *List, args page.Args, o Order[*M]) (*page.Connection[*M], error) {
	w, err := args.Window(o.Name)
	if err != nil {
		return nil, err
	}
	var total *int
	var reads []*read
	if w.WithTotal {
		total = new(int)
		values := slices.Clip(l.values)
		reads = append(reads, &read{sql: l.total(), args: values, take: func(rows pgx.Rows) (err error) {
			*total, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
			return err
		}})
	}
	q := l.query.Apply(of(narrow(l.db, reflect.TypeFor[M](), o.Needs, w.Fields, o.ID), o.ID))
	q = o.window(q, w, func(c *page.Cursor) (key, id any) { return l.value(c.Key, "::text"), l.value(c.ID, "::text") })
	r, rows := reading[M](q.String(), l.values, w.Limit())
	if err := alone(ctx, l.db.lists, append(reads, r)...); err != nil {
		if r.err == nil {
			return nil, Wrap(err, "count %s", o.Name)
		}
		return nil, Wrap(r.err, "read a page of %s", o.Name)
	}
	return page.Of(*rows, w, o.Name, total, o.Place), nil
}
