// Package quota counts what customers have, exactly, whatever runs at once. A
// unit counts for the customer and for every reseller above it; it is taken in
// the transaction of the mutation that makes the thing.
package quota

import (
	"context"
	"slices"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Take counts one more for the customer and the whole line above it. Error:
// fault.QuotaExceeded with used and max, of a reseller's counter only where the
// caller may see that reseller; the transaction must not be committed then.
func Take(ctx context.Context, tx store.Tx, who *actor.Actor, customer ident.CustomerID, name models.QuotaName) error {
	line, err := move(ctx, tx, customer, name, +1)
	if err != nil {
		return err
	}
	for i, q := range slices.Backward(line) { // the customer's own first
		if q.Max != nil && q.Used > *q.Max {
			return exceeded(who, line, i, q.Used-1)
		}
	}
	return nil
}

// Room refuses to begin what will use more when the customer, or one above it,
// has used everything, or had and is not back under 90 % yet, or has less left
// than least, which it will use at least. It takes nothing: it is for what is
// measured afterwards. Error: fault.QuotaExceeded as of Take.
func Room(ctx context.Context, tx store.Tx, who *actor.Actor, customer ident.CustomerID, name models.QuotaName, least int64) error {
	var line []counter
	err := tx.NewSelect().Model((*models.Quota)(nil)).Column("q.customer_id", "q.used", "q.max", "q.level", "t.depth").
		Join("JOIN customer_tree AS t ON t.ancestor_id = q.customer_id").
		Where("t.customer_id = ?", customer).Where("q.name = ?", name).OrderExpr("t.depth DESC").Scan(ctx, &line)
	if err != nil {
		return store.Wrap(err, "read quota %s", name)
	}
	for i, q := range slices.Backward(line) {
		if q.Max != nil && (q.Used+max(least, 1) > *q.Max || q.Level == models.QuotaExceeded) {
			return exceeded(who, line, i, q.Used)
		}
	}
	return nil
}

// Give counts one less for the customer and the whole line above it.
func Give(ctx context.Context, tx store.Tx, customer ident.CustomerID, name models.QuotaName) error {
	return GiveBack(ctx, tx, customer, name, 1)
}

// GiveBack counts so much less for the customer and the whole line above it.
func GiveBack(ctx context.Context, tx store.Tx, customer ident.CustomerID, name models.QuotaName, amount int64) error {
	_, err := move(ctx, tx, customer, name, -amount)
	return err
}

// A counter is a quota and how far above the customer it is.
type counter struct {
	CustomerID ident.CustomerID
	Used       int64
	Max        *int64
	Level      models.QuotaLevel
	Depth      int
}

// move changes the counters of the line and returns them as they are then, the
// topmost first. Everybody locks in this order, so nobody waits in a circle.
func move(ctx context.Context, tx store.Tx, customer ident.CustomerID, name models.QuotaName, by int64) ([]counter, error) {
	locked := tx.NewSelect().Model((*models.Quota)(nil)).Column("q.customer_id", "t.depth").
		Join("JOIN customer_tree AS t ON t.ancestor_id = q.customer_id").
		Where("t.customer_id = ?", customer).Where("q.name = ?", name).OrderExpr("t.depth DESC").For("UPDATE OF q")
	var line []counter
	err := tx.NewUpdate().With("line", locked).Model((*models.Quota)(nil)).TableExpr("line").
		Set("used = q.used + ?", by).Where("q.customer_id = line.customer_id").Where("q.name = ?", name).
		Returning("q.customer_id, q.used, q.max, line.depth").Scan(ctx, &line)
	slices.SortFunc(line, func(a, b counter) int { return b.Depth - a.Depth })
	return line, store.Wrap(err, "move quota %s", name)
}

func exceeded(who *actor.Actor, line []counter, i int, used int64) error {
	own := i == len(line)-1
	message := "All of this customer's quota is used; raise it or remove something."
	if !own {
		message = "All of the quota of a reseller above this customer is used."
	}
	f := fault.QuotaExceeded.New("customerId", "%s", message)
	roots, all := who.Customers(actor.CustomersRead)
	if own || all || slices.ContainsFunc(line[:i+1], func(q counter) bool { return slices.Contains(roots, q.CustomerID) }) {
		f.Details = map[string]any{"used": used, "max": *line[i].Max}
	}
	return f
}
