package database

import (
	"context"
	"errors"
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

// MeasureServers asks every server that answers what our databases take there,
// and notes it on their rows: one query and one statement for a server.
func (s *Service) MeasureServers(ctx context.Context) error {
	var rows []*models.DatabaseServer
	if err := s.db.NewSelect().Model(&rows).Where("s.reachable").Order("s.id").Scan(ctx); err != nil {
		return store.Wrap(err, "list database servers")
	}
	var errs []error
	for _, row := range rows {
		errs = append(errs, s.measureServer(ctx, row))
	}
	return errors.Join(errs...)
}

// noteUsages leaves updated_at alone: nobody changed anything. The server is
// part of the condition, so that a server cannot speak of databases elsewhere.
const noteUsages = `
UPDATE databases AS d SET size_bytes = n.size_bytes, connections = n.connections, measured_at = now()
FROM unnest($2::uuid[], $3::bigint[], $4::int[]) AS n (id, size_bytes, connections)
WHERE d.id = n.id AND d.server_id = $1`

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
