package feed

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Numbered are the rows of a table that have numbers of their own, so that places
// have no key. Tx and Number are its columns, with the alias of its model.
type Numbered struct {
	DB         *store.DB
	Tx, Number bun.Safe
}

// Between are the rows of the model after one place, up to another, in order.
func (n Numbered) Between(model any, after, upTo Place) *bun.SelectQuery {
	tuple := func(p Place) any { return bun.SafeQuery("(?::xid8, ?::bigint)", strconv.FormatUint(p.Tx, 10), p.Seq) }
	return n.DB.NewSelect().Model(model).Where("(?, ?) > ?", n.Tx, n.Number, tuple(after)).Where("(?, ?) <= ?", n.Tx, n.Number, tuple(upTo)).
		OrderExpr("?, ?", n.Tx, n.Number)
}

// Window is the place of the last of the next Window rows of what Between gave; upTo
// when there are not so many.
func (n Numbered) Window(ctx context.Context, between *bun.SelectQuery, upTo Place) (Place, error) {
	ctx, cancel := context.WithTimeout(ctx, ReadTime)
	defer cancel()
	var rows []struct{ Tx, Number int64 }
	err := between.ColumnExpr("?::text::bigint AS tx, ? AS number", n.Tx, n.Number).Offset(Window-1).Limit(1).Scan(ctx, &rows)
	if err != nil {
		return upTo, store.Wrap(err, "read a window")
	}
	if len(rows) == 0 {
		return upTo, nil
	}
	return Place{Tx: uint64(rows[0].Tx), Seq: rows[0].Number}, nil // #nosec G115 -- never negative
}

// Begin is where a stream begins for who was told everything up to a position: there,
// or, without one and with one of before a restore, now, which is to be said with a gap.
func Begin(after *models.Position, now Horizon) (from Place, gap bool) {
	if after == nil || after.Place.Epoch != now.Epoch || after.Place.Tx > now.Next {
		return Place{Tx: now.Settled}, true
	}
	from = Place{Tx: after.Place.Tx, Seq: after.Seq}
	if !after.OfAudit() && !after.OfNotifications() {
		from.Key = after.Job.UUID
	}
	return from, false
}
