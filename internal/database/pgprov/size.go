package pgprov

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
)

// The size is null while a database is being dropped. Sessions of admins are not a tenant's; they may be in its database for a moment.
const lookAtUsages = `
SELECT m.mark, m.size, coalesce(a.n, 0)
FROM pg_database d
CROSS JOIN LATERAL (SELECT mark, CASE WHEN starts_with(mark, $1) THEN pg_database_size(d.oid) END AS size
                    FROM (SELECT shobj_description(d.oid, 'pg_database') AS mark) c) m
LEFT JOIN (SELECT s.datid, count(*) AS n FROM pg_stat_activity s JOIN pg_roles r ON r.oid = s.usesysid
           WHERE s.backend_type = 'client backend' AND NOT r.rolsuper AND r.rolname <> current_user GROUP BY s.datid) a ON a.datid = d.oid
WHERE m.size IS NOT NULL`

// Usages measures our databases. The admin sees the size of what it owns.
func (s *server) Usages(ctx context.Context, markPrefix string) ([]database.Usage, error) {
	if err := checkMark(markPrefix); err != nil {
		return nil, err
	}
	const what = "measure databases"
	pool, err := s.admin()
	if err != nil {
		return nil, err
	}
	var found []database.Usage
	err = settle(func() error { // a database may be dropped while it is measured
		rows, err := pool.Query(ctx, lookAtUsages, markPrefix)
		if err != nil {
			return s.wrap(err, what)
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[database.Usage])
		return s.wrap(err, what)
	})
	return found, err
}
