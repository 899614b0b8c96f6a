package keys

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Status is a data key and how much is under it.
type Status struct {
	ID          uint32 // 0: no data key, but a secret key itself
	SecretKeyID string
	CreatedAt   time.Time
	RetiredAt   *time.Time
	Current     bool
	Values      int
}

// Status tells of each data key how many values are under it, and of the values
// that none has.
func (r *Ring) Status(ctx context.Context) ([]Status, error) {
	var rows []*models.EncryptionKey
	if err := r.db.NewSelect().Model(&rows).OrderExpr("ek.id").Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read data keys")
	}
	counts := map[int64]int{}
	for _, c := range columns {
		var found []struct {
			Key    int64
			Values int
		}
		v := c.value()
		err := r.db.NewSelect().TableExpr(quoted(c.Table)).Where(v+" IS NOT NULL").
			ColumnExpr("CASE WHEN length("+v+") >= 5 AND get_byte("+v+", 0) = 2 THEN ('x' || encode(substring("+v+" from 2 for 4), 'hex'))::bit(32)::bigint ELSE 0 END AS key").
			ColumnExpr("count(*) AS values").GroupExpr("1").Scan(ctx, &found)
		if err != nil {
			return nil, store.Wrap(err, "count values in %s.%s", c.Table, c.Column)
		}
		for _, f := range found {
			counts[f.Key] += f.Values
		}
	}
	var all []Status
	if counts[0] > 0 {
		all = append(all, Status{Values: counts[0]})
	}
	for _, row := range rows {
		k := keyOf(row)
		all = append(all, Status{
			ID: k.ID, SecretKeyID: k.KeyID, CreatedAt: row.CreatedAt, RetiredAt: row.RetiredAt,
			Current: k.ID == r.box.CurrentKey(), Values: counts[row.ID],
		})
	}
	return all, nil
}
