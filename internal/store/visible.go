package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// A Scope is for which customers somebody holds a permission: an *actor.Actor, a
// *List of its, or the parameter of a keyed query.
type Scope interface {
	Customers(p actor.Permission) (roots []ident.CustomerID, all bool)
	// Pinned are the only objects, whatever the customer; none is all.
	Pinned() []uuid.UUID
}

// Visible is the one tenant filter: it keeps the rows whose customer, in column,
// is one for which who holds p, anywhere below the customers of its
// memberships. With the provider that is every row. Who is pinned to objects sees
// of these only what hangs on one of them. A row that does not pass is as if it
// were not there.
func Visible(who Scope, p actor.Permission, column bun.Ident) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		roots, all := who.Customers(p)
		place, later := who.(*parameter)
		list, prepared := who.(*List)
		pins := who.Pinned()
		switch {
		case later:
			if place.pins > 0 {
				q = pinned(q, p, column, bun.Safe(fmt.Sprintf("$%d::uuid[]", place.pins)))
			}
			if all {
				return q
			}
			return place.probe(q, column)
		case all && len(pins) == 0:
			return q
		case len(roots) == 0: // also of all, with pins: there is nobody like that
			return q.Where("FALSE")
		case prepared:
			q = below(q, column, list.value(arrayOf(roots), "::uuid[]"))
			if len(pins) > 0 {
				q = pinned(q, p, column, list.value(arrayOf(pins), "::uuid[]"))
			}
			return q
		}
		q = below(q, column, bun.SafeQuery("ARRAY[?]::uuid[]", bun.List(roots)))
		if len(pins) > 0 {
			q = pinned(q, p, column, bun.SafeQuery("ARRAY[?]::uuid[]", bun.List(pins)))
		}
		return q
	}
}

func below(q *bun.SelectQuery, column bun.Ident, roots any) *bun.SelectQuery {
	return q.Where("? IN (SELECT customer_id FROM customer_tree WHERE ancestor_id = ANY (?))", column, roots)
}

// A parameter stands in a keyed query for the roots of whoever will ask.
type parameter struct {
	all    bool
	roots  int // their number in the text
	owners int // that of the parents' customers; 0 when they are not known
	pins   int // that of the pinned objects; 0 for who has none
}

// Pinned implements Scope; the pins come with the values.
func (p *parameter) Pinned() []uuid.UUID { return nil }

// probe is below for a statement that is planned once for all callers: it looks each
// row's customer up, of which PostgreSQL would otherwise collect all that are below
// the roots, be they thousands, for one row. Where the parents' customers are known,
// these are looked up once, and a row of its parent's needs no look of its own.
func (p *parameter) probe(q *bun.SelectQuery, column bun.Ident) *bun.SelectQuery {
	if p.owners == 0 {
		return q.Where("?", p.look(column))
	}
	// The list of owners has a zero in the place of those that are not below the roots.
	return q.Where("(? = (ARRAY(SELECT CASE WHEN ? THEN o.id ELSE ?::uuid END FROM unnest(?::uuid[]) WITH ORDINALITY AS o(id, n) ORDER BY o.n))[p.owner] OR ?)",
		column, p.look("o.id"), uuid.Nil.String(), bun.Safe(fmt.Sprintf("$%d", p.owners)), p.look(column))
}

func (p *parameter) look(column bun.Ident) schema.QueryWithArgs {
	return bun.SafeQuery("(SELECT true FROM customer_tree AS t WHERE t.customer_id = ? AND t.ancestor_id = ANY (?::uuid[]) LIMIT 1)",
		column, bun.Safe(fmt.Sprintf("$%d", p.roots)))
}

// Customers implements Scope.
func (p *parameter) Customers(actor.Permission) ([]ident.CustomerID, bool) { return nil, p.all }

// belowAny are those of the customers that are below one of the roots, or are one.
// Within a transaction it is asked there, otherwise as a keyed read.
func belowAny(ctx context.Context, db bun.IDB, customers, roots []ident.CustomerID) (found []ident.CustomerID, err error) {
	own, ok := db.(*DB)
	if !ok {
		var rows []struct{ CustomerID ident.CustomerID }
		err = db.NewSelect().Table("customer_tree").Distinct().Column("customer_id").
			Where("customer_id IN (?)", bun.List(customers)).Where("ancestor_id IN (?)", bun.List(roots)).Scan(ctx, &rows)
		for _, r := range rows {
			found = append(found, r.CustomerID)
		}
		return found, err
	}
	err = own.read(ctx, belowAnyOf, []any{arrayOf(customers), arrayOf(roots)}, func(rows pgx.Rows) error {
		found = nil
		var id pgtype.UUID
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
			found = append(found, ident.CustomerIDOf(id.Bytes))
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

const belowAnyOf = "SELECT DISTINCT customer_id FROM customer_tree WHERE customer_id = ANY ($1::uuid[]) AND ancestor_id = ANY ($2::uuid[])"

// MayAll tells for which of the customers who holds p: one query for a whole
// list, none for staff. It serves edges that are null without a permission.
func MayAll(ctx context.Context, db bun.IDB, who *actor.Actor, p actor.Permission, customers []ident.CustomerID) (map[ident.CustomerID]bool, error) {
	may := make(map[ident.CustomerID]bool, len(customers))
	roots, all := who.Customers(p)
	if all {
		for _, id := range customers {
			may[id] = true
		}
		return may, nil
	}
	if len(roots) == 0 || len(customers) == 0 {
		return may, nil
	}
	found, err := belowAny(ctx, db, customers, roots)
	if err != nil {
		return nil, Wrap(err, "read the customers with %s", p)
	}
	for _, id := range found {
		may[id] = true
	}
	return may, nil
}

// Denied is the answer of a mutation that found no row to write: FORBIDDEN when
// the caller can read the row, since then it knows that there is one, and
// otherwise the NOT_FOUND of every missing object. visible is a query for the
// row as the caller may read it.
func Denied(ctx context.Context, visible *bun.SelectQuery, field string) error {
	switch there, err := visible.Exists(ctx); {
	case err != nil:
		return Wrap(err, "look for the object")
	case there:
		return fault.Forbidden.New(field, "Your role lets you see this, but not change it.")
	}
	return NotFound(field)
}
