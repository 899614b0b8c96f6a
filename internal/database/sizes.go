package database

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Usage is what one database takes of its server at one moment.
type Usage struct {
	Mark        string
	SizeBytes   int64 // on disk, with indexes and temporary files; what pg_database_size reports
	Connections int   // sessions of its logins
}

// A UsageServer tells what databases take.
type UsageServer interface {
	// Usages measures every database whose mark begins with the prefix, in one query.
	Usages(ctx context.Context, markPrefix string) ([]Usage, error)
}

// measureTimeout bounds the measuring of one server: one that hangs must not
// keep the others from being measured.
const measureTimeout = 20 * time.Second

// MeasureServers asks every server that answers and is not in maintenance, several
// at once, what our databases take there,
// and notes it on their rows and in the quotas: one query and one statement for
// a server.
func (s *Service) MeasureServers(ctx context.Context) error {
	var rows []*models.DatabaseServer
	if err := s.db.NewSelect().Model(&rows).Where("s.reachable").Where("s.maintenance IS NULL").Order("s.id").Scan(ctx); err != nil {
		return store.Wrap(err, "list database servers")
	}
	return onEach(rows, checksAtOnce, func(row *models.DatabaseServer) error { return s.measureServer(ctx, row) })
}

// noteUsages leaves updated_at alone: nobody changed anything. The server is
// part of the condition, so that a server cannot speak of databases elsewhere.
//
// The quotas of every line move by the difference to what they count, in the same
// statement. Rows are locked before counters, as everywhere; counters the topmost
// first, which within a line is everybody's order, and by id beside each other.
const noteUsages = `
WITH seen AS (
	SELECT d.id, d.counted_bytes, n.size_bytes, n.connections
	FROM unnest($2::uuid[], $3::bigint[], $4::int[]) AS n (id, size_bytes, connections) JOIN databases AS d ON d.id = n.id
	WHERE d.server_id = $1 AND d.state <> 'FAILED'
	ORDER BY d.id FOR NO KEY UPDATE OF d
), noted AS (
	UPDATE databases AS d SET size_bytes = seen.size_bytes, counted_bytes = seen.size_bytes, connections = seen.connections, measured_at = now()
	FROM seen WHERE d.id = seen.id
	RETURNING d.customer_id, seen.size_bytes - seen.counted_bytes AS moved
), moved AS (
	SELECT t.ancestor_id, sum(noted.moved)::bigint AS by
	FROM noted JOIN customer_tree AS t ON t.customer_id = noted.customer_id GROUP BY t.ancestor_id HAVING sum(noted.moved) <> 0
), line AS (
	SELECT q.customer_id, moved.by FROM customer_quotas AS q JOIN moved ON moved.ancestor_id = q.customer_id
	WHERE q.name = 'DATABASE_BYTES'
	ORDER BY (SELECT max(t.depth) FROM customer_tree AS t WHERE t.customer_id = q.customer_id), q.customer_id FOR UPDATE OF q
)
UPDATE customer_quotas AS q SET used = q.used + line.by FROM line WHERE q.customer_id = line.customer_id AND q.name = 'DATABASE_BYTES'`

func (s *Service) measureServer(ctx context.Context, row *models.DatabaseServer) error {
	server, err := s.dial(row)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	usages, err := server.Usages(ctx, s.marks())
	if err != nil {
		return err
	}
	var ids []string
	var sizes []int64
	var connections []int32
	for _, u := range usages {
		id, err := uuid.Parse(strings.TrimPrefix(u.Mark, s.marks()))
		if err != nil {
			continue // somebody wrote that mark by hand
		}
		ids, sizes, connections = append(ids, id.String()), append(sizes, u.SizeBytes), append(connections, int32(min(u.Connections, 1<<30))) // #nosec G115 -- bounded
	}
	_, err = s.db.Pool.Exec(ctx, noteUsages, pgx.QueryExecModeCacheStatement, row.ID.String(), ids, sizes, connections)
	return store.Wrap(err, "note what the databases of server %s take", row.ID)
}
