package customer

import (
	"context"

	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Crossing is a quota that came to another level than the one told last.
type Crossing struct {
	CustomerID ident.CustomerID
	Name       models.QuotaName
	Used       int64
	Max        *int64 // nil: the limit was lifted
	Before     models.QuotaLevel
	Level      models.QuotaLevel
}

// maxCrossings bounds what one look tells; the next one goes on.
const maxCrossings = 500

// NoteLevels writes an audit entry for every quota that came to another level
// since the last look, and returns them: each crossing once, whichever node looks.
// note is called with each in the same transaction, and queues what it writes.
//
//allow:tenant a chore, for the quotas of all customers
func (s *Service) NoteLevels(ctx context.Context, note func(tx store.Tx, c Crossing)) (list []Crossing, err error) {
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		due := tx.NewSelect().Model((*models.Quota)(nil)).Column("q.customer_id", "q.name").ColumnExpr("q.noted_level AS before").
			Where("q.level <> q.noted_level").Limit(maxCrossings).For("UPDATE SKIP LOCKED")
		err := tx.NewUpdate().With("due", due).Model((*models.Quota)(nil)).TableExpr("due").Set("noted_level = q.level").
			Where("q.customer_id = due.customer_id").Where("q.name = due.name").
			Returning("q.customer_id, q.name, q.used, q.max, q.level, due.before").Scan(ctx, &list)
		if err != nil {
			return store.Wrap(err, "note the levels of quotas")
		}
		for _, c := range list {
			if err := audit.Record(ctx, tx, audit.Entry{
				Action: "quota.level", Kind: ident.Customer, Object: c.CustomerID.UUID, Customer: c.CustomerID,
				Detail: map[string]any{"name": c.Name, "used": c.Used, "max": c.Max, "before": c.Before, "level": c.Level},
			}); err != nil {
				return err
			}
			note(tx, c)
		}
		return nil
	})
	return list, err
}
