package seal

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/store"
)

// A Behind is what is not sealed yet.
type Behind struct {
	Entries int64
	Time    time.Duration // since the oldest of them was written
}

// Lag tells how far the sealers are behind.
func Lag(ctx context.Context, db *store.DB) (b Behind, err error) {
	var seconds float64
	err = db.NewRaw(`
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(a.at)), 0)::float8
FROM (SELECT max(seq) AS seq FROM audit_seals) AS newest LEFT JOIN audit_seals AS s USING (seq)
JOIN audit_entries AS a ON (a.xid, a.id) > (coalesce(s.tx, 0)::text::xid8, coalesce(s.last_id, 0)) AND a.id > coalesce(s.floor, 0)`).Scan(ctx, &b.Entries, &seconds)
	b.Time = max(0, time.Duration(seconds*float64(time.Second)))
	return b, store.Wrap(err, "ask what of the audit is not sealed")
}
