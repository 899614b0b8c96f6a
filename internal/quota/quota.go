// Package quota counts what customers have, exactly, whatever runs at once. A
// unit counts for the customer and for every reseller above it; it is taken in
// the transaction of the mutation that makes the thing.
package quota

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Take counts one more for the customer and the whole line above it. Error:
// fault.QuotaExceeded with used and max, of a reseller's counter only where the
// caller may see that reseller.
func Take(ctx context.Context, tx store.Tx, who *actor.Actor, customer ident.CustomerID, name models.QuotaName) error {
	line, err := lock(ctx, tx, customer, name)
	if err != nil {
		return err
	}
	for i, q := range slices.Backward(line) { // the customer's own first
		if q.Max != nil && q.Used >= *q.Max {
			return exceeded(who, line, i)
		}
	}
	return move(ctx, tx, line, name, +1)
}

// Give counts one less for the customer and the whole line above it.
func Give(ctx context.Context, tx store.Tx, customer ident.CustomerID, name models.QuotaName) error {
	line, err := lock(ctx, tx, customer, name)
	if err != nil {
		return err
	}
	return move(ctx, tx, line, name, -1)
}

// lock returns the counters of the line, the topmost first. Everybody locks in
// this order, so nobody waits in a circle.
func lock(ctx context.Context, tx store.Tx, customer ident.CustomerID, name models.QuotaName) ([]*models.Quota, error) {
	var line []*models.Quota
	err := tx.NewSelect().Model(&line).Join("JOIN customer_tree AS t ON t.ancestor_id = q.customer_id").
		Where("t.customer_id = ?", customer).Where("q.name = ?", name).OrderExpr("t.depth DESC").For("UPDATE OF q").Scan(ctx)
	return line, store.Wrap(err, "lock quota %s", name)
}

func move(ctx context.Context, tx store.Tx, line []*models.Quota, name models.QuotaName, by int) error {
	_, err := tx.NewUpdate().Model((*models.Quota)(nil)).Set("used = used + ?", by).
		Where("customer_id IN (?)", bun.List(customers(line))).Where("name = ?", name).Exec(ctx)
	return store.Wrap(err, "move quota %s", name)
}

func customers(line []*models.Quota) []ident.CustomerID {
	ids := make([]ident.CustomerID, len(line))
	for i, q := range line {
		ids[i] = q.CustomerID
	}
	return ids
}

func exceeded(who *actor.Actor, line []*models.Quota, i int) error {
	own := i == len(line)-1
	message := "All of this customer's quota is used; raise it or remove something."
	if !own {
		message = "All of the quota of a reseller above this customer is used."
	}
	f := fault.QuotaExceeded.New("customerId", "%s", message)
	roots, all := who.Customers(actor.CustomersRead)
	if own || all || slices.ContainsFunc(line[:i+1], func(q *models.Quota) bool { return slices.Contains(roots, q.CustomerID) }) {
		f.Details = map[string]any{"used": line[i].Used, "max": *line[i].Max}
	}
	return f
}
