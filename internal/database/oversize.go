package database

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// EnforceEvery is how often the size quotas are enforced: how much longer than
	// a measurement takes to tell a database stays open, and how much longer than
	// its window.
	EnforceEvery = 15 * time.Second
	// CleanupWindow is how long a database is open for its data to be deleted.
	CleanupWindow = 15 * time.Minute
	// MaxCleanups is how many such windows a database has within 24 hours.
	MaxCleanups = 4
	// enforceAtOnce bounds what one look orders; the next one goes on.
	enforceAtOnce = 500
)

// overSize tells of a row d whether a size quota holds it: its customer's or that
// of one above is exceeded, and it has no window.
const overSize = `((d.cleanup_until IS NULL OR d.cleanup_until <= now()) AND ` + exceeded + `)`

// exceeded is overSize without regard to a window.
const exceeded = `EXISTS (SELECT FROM customer_tree AS t JOIN customer_quotas AS q ON q.customer_id = t.ancestor_id
	WHERE t.customer_id = d.customer_id AND q.name = 'DATABASE_BYTES' AND q.level = 'EXCEEDED')`

// ofSuspended tells of a row d whether its customer's suspension is over and done
// with, so that no job of that one closes it any more.
const ofSuspended = `d.customer_id IN (SELECT t.customer_id FROM customer_tree AS t JOIN customers AS c ON c.id = t.ancestor_id
	WHERE c.suspended AND c.state = 'SUSPENDED')`

// EnforceSizeQuotas orders that what a size quota holds is closed, and that what
// nothing holds any more is opened. What is open although its customer's
// suspension is done is closed, too. It compares rows with each other and asks no
// server; what it cannot order now comes with the next look.
//
//allow:tenant a chore, for all databases
func (s *Service) EnforceSizeQuotas(ctx context.Context) error {
	// What is over is forgotten, but for windows that are still to begin.
	_, err := s.db.NewUpdate().Model((*models.Database)(nil)).Set("cleanup_until = NULL").
		Where("cleanup_until <= now()").Where("state <> ?", models.ResourceSuspended).Exec(ctx)
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("d.state IN (?)", bun.List([]models.ResourceState{models.ResourceActive, models.ResourceDegraded})).Where("(" + overSize + " OR " + ofSuspended + ")")
	}
	return errors.Join(
		store.Wrap(err, "forget windows"),
		s.stopCarrying(ctx, due),
		s.enforce(ctx, KindClose, due),
		s.enforce(ctx, KindOpen, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("d.state = ?", models.ResourceSuspended).Where("NOT (" + shut + ")")
		}),
	)
}

func (s *Service) enforce(ctx context.Context, kind string, due func(*bun.SelectQuery) *bun.SelectQuery) error {
	var rows []struct{ ID ident.DatabaseID }
	//allow:tenant a chore, for all databases
	err := s.db.NewSelect().Model((*models.Database)(nil)).Column("d.id").Apply(due).
		// What failed a moment ago is not tried again at once.
		Where("NOT EXISTS (SELECT FROM jobs AS j WHERE j.resource_id = d.id AND (j.state IN (?) OR j.kind = ? AND j.state IN (?) AND j.finished_at > now() - interval '1 minute'))",
			bun.List(engine.Active), kind, bun.List([]models.JobState{models.JobFailed, models.JobCanceled})).
		Order("d.id").Limit(enforceAtOnce).Scan(ctx, &rows)
	if err != nil {
		return store.Wrap(err, "list databases for %s", kind)
	}
	var errs []error
	for _, r := range rows {
		errs = append(errs, s.orderOne(ctx, ident.JobID{}, kind, r.ID, due))
	}
	return errors.Join(errs...)
}

// OverQuota tells of each database whether a size quota is exceeded that counts
// it; one query for a whole list. It does not tell whose.
func (s *Service) OverQuota(ctx context.Context, databases []*models.Database) ([]bool, error) {
	customers := make([]ident.CustomerID, len(databases))
	for i, d := range databases {
		customers[i] = d.CustomerID
	}
	exceeded, err := exceededAbove.Read(ctx, s.db, customers, models.QuotaDatabaseBytes, models.QuotaExceeded)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(databases))
	for i, d := range databases {
		out[i] = exceeded[d.CustomerID] > 0
	}
	return out, nil
}

var exceededAbove = &store.Tally[ident.CustomerID]{
	Name: "look for exceeded quotas", Of: ident.CustomerIDOf,
	Text: `SELECT t.customer_id, count(*) FROM customer_tree AS t JOIN customer_quotas AS q ON q.customer_id = t.ancestor_id
		WHERE t.customer_id = ANY ($1) AND q.name = $2 AND q.level = $3 GROUP BY t.customer_id`,
}

// OpenForCleanup lets the logins of a database that a size quota has closed in
// for CleanupWindow, so that data can be deleted; then it is closed again unless
// less than 90 % is used. Errors: fault.NotFound; fault.Conflict unless a size
// quota and nothing else holds it, while another job is at work on it, or when
// it had MaxCleanups windows within 24 hours.
func (s *Service) OpenForCleanup(ctx context.Context, in CleanupInput) (*ChangePayload, error) {
	return s.change(ctx, idempotency.Call{Mutation: "openDatabaseForCleanup", Input: in, DryRun: in.DryRun}, in.ID, "database.open_for_cleanup", func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, error) {
		if err := mayCleanUp(ctx, tx, row); err != nil {
			return nil, err
		}
		if _, err := tx.NewRaw("INSERT INTO database_cleanups (database_id, began_at) VALUES (?, clock_timestamp())", row.ID).Exec(ctx); err != nil {
			return nil, store.Wrap(err, "note the window of database %s", row.ID)
		}
		_, err := tx.NewUpdate().Model(row).WherePK().Set("cleanup_until = now() + ? * interval '1 second'", CleanupWindow.Seconds()).
			Set("generation = generation + 1, updated_at = now()").Returning("*").Exec(ctx)
		if err != nil {
			return nil, store.Wrap(err, "open database %s for cleanup", row.ID)
		}
		return s.start(tx, who, KindOpen, row)
	})
}

func mayCleanUp(ctx context.Context, tx store.Tx, row *models.Database) error {
	if row.State != models.ResourceSuspended {
		if err := mustRun(row); err != nil {
			return err
		}
		return fault.Conflict.New("id", "This database is open.")
	}
	if row.Suspended {
		return fault.Conflict.New("id", "This database is suspended for its own sake; that is not lifted for a cleanup.")
	}
	held, err := customerSuspended(ctx, tx, row.CustomerID)
	switch {
	case err != nil:
		return err
	case held:
		return fault.Conflict.New("id", "The customer of this database is suspended.")
	}
	over, err := holds(ctx, tx, row, exceeded)
	switch {
	case err != nil:
		return err
	case !over:
		return fault.Conflict.New("id", "No size quota is exceeded; this database is about to be opened.")
	}
	n, err := tx.NewSelect().Table("database_cleanups").Where("database_id = ?", row.ID).Where("began_at > now() - interval '24 hours'").Count(ctx)
	switch {
	case err != nil:
		return store.Wrap(err, "count the windows of database %s", row.ID)
	case n >= MaxCleanups:
		return fault.Conflict.New("id", "This database was open for cleanup %d times within 24 hours; have the quota raised, or delete the database.", MaxCleanups)
	}
	return nil
}

// holds evaluates a condition on d, such as overSize, for a locked row.
func holds(ctx context.Context, tx store.Tx, row *models.Database, condition string) (held bool, err error) {
	//allow:tenant of a database that was found with the filter, or by a chore
	err = tx.NewSelect().Model((*models.Database)(nil)).ColumnExpr(condition).Where("d.id = ?", row.ID).Scan(ctx, &held)
	return held, store.Wrap(err, "look what holds database %s", row.ID)
}

// mustStayOpen refuses changes of what is about to be closed: a job at work would
// keep it open, and one after the other for as long as somebody likes.
func mustStayOpen(ctx context.Context, tx store.Tx, row *models.Database, field string) error {
	held, err := holds(ctx, tx, row, shut)
	if held {
		return fault.Conflict.New(field, "This database is about to be closed: a size quota is exceeded, or it is being suspended.")
	}
	return err
}

// settleClose forgets the window that is over. When closing failed, the next look
// orders it again.
func settleClose(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	q := tx.NewUpdate().Model((*models.Database)(nil)).Where("d.id = ?", id).Set("updated_at = now()")
	if outcome == models.JobSucceeded {
		q = q.Set("state = ?", models.ResourceSuspended).Set("cleanup_until = NULL")
	}
	_, err := q.Exec(ctx)
	return store.Wrap(err, "settle the closing of database %s", id)
}

// settleOpen begins the window that was asked for when it can be used, and gives
// it back when it cannot.
func settleOpen(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	q := tx.NewUpdate().Model((*models.Database)(nil)).Where("d.id = ?", id).Set("updated_at = now()")
	if outcome == models.JobSucceeded {
		q = q.Set("state = ?", models.ResourceActive).
			Set("cleanup_until = CASE WHEN cleanup_until IS NOT NULL THEN now() + ? * interval '1 second' END", CleanupWindow.Seconds())
	} else {
		q = q.Set("cleanup_until = NULL")
		_, err := tx.NewRaw(`DELETE FROM database_cleanups AS c USING databases AS d WHERE d.id = ?0 AND c.database_id = d.id AND d.cleanup_until IS NOT NULL
			AND c.began_at = (SELECT max(began_at) FROM database_cleanups WHERE database_id = ?0)`, id).Exec(ctx)
		if err != nil {
			return store.Wrap(err, "give back the window of database %s", id)
		}
	}
	_, err := q.Exec(ctx)
	return store.Wrap(err, "settle the opening of database %s", id)
}
