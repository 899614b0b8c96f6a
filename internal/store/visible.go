package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// Visible is the one tenant filter: it keeps the rows whose customer, in column,
// is one for which who holds p, anywhere below the customers of its
// memberships. With the provider that is every row. A row that does not pass
// is as if it were not there.
func Visible(who *actor.Actor, p actor.Permission, column bun.Ident) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		roots, all := who.Customers(p)
		switch {
		case all:
			return q
		case len(roots) == 0:
			return q.Where("FALSE")
		default:
			return q.Where("? IN (SELECT customer_id FROM customer_tree WHERE ancestor_id IN (?))", column, bun.List(roots))
		}
	}
}

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
	var rows []struct{ CustomerID ident.CustomerID }
	err := db.NewSelect().Table("customer_tree").Distinct().Column("customer_id").
		Where("ancestor_id IN (?)", bun.List(roots)).Where("customer_id IN (?)", bun.List(customers)).Scan(ctx, &rows)
	if err != nil {
		return nil, Wrap(err, "read the customers with %s", p)
	}
	for _, r := range rows {
		may[r.CustomerID] = true
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
