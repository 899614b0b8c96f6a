package database

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// What takes up the wish of a job on a user that failed or was canceled.

// An againFunc is the Again of a plan.
type againFunc = func(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error)

// userWishColumns are what a change of a user can change.
var userWishColumns = []string{"rights", "connection_limit", "statement_timeout_seconds", "verifier_sealed"}

// newUserAgain makes the user with the credentials that were shown: its verifier
// stays as long as its row.
func newUserAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	d, row, err := userAgain(ctx, tx, id, models.ResourceFailed)
	if err != nil {
		return 0, err
	}
	if err := roomForUser(ctx, tx, d, "id"); err != nil {
		return 0, err
	}
	row.State = models.ResourcePending
	return wishUser(ctx, tx, row, "state")
}

func (s *Service) changedUserAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	_, row, err := userAgain(ctx, tx, id, models.ResourceActive)
	if err != nil {
		return 0, err
	}
	if row.Tried == nil {
		return 0, fault.Conflict.New("id", "What was wished of the user is not kept any more; order it anew.")
	}
	if row.Before, err = s.keepWish(row, userBeforePlace(row.ID)); err != nil {
		return 0, err
	}
	if err := s.takeWish(row, *row.Tried, userTriedPlace(row.ID)); err != nil {
		return 0, err
	}
	row.Tried = nil
	return wishUser(ctx, tx, row, append(userWishColumns, "before", "tried")...)
}

func deletedUserAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	_, row, err := userAgain(ctx, tx, id, models.ResourceActive)
	if err != nil {
		return 0, err
	}
	row.State = models.ResourceDeleting
	return wishUser(ctx, tx, row, "state")
}

// userAgain locks a user, after its database, as a mutation of it does.
func userAgain(ctx context.Context, tx store.Tx, id uuid.UUID, state models.ResourceState) (*models.Database, *models.DatabaseUser, error) {
	gone := fault.Conflict.New("id", "The user is gone.")
	row := new(models.DatabaseUser)
	err := tx.NewSelect().Model(row).Where("du.id = ?", id).Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, gone
	case err != nil:
		return nil, nil, store.Wrap(err, "find database user %s", id)
	}
	d, err := again(ctx, tx, row.DatabaseID.UUID)
	if err == nil {
		err = mustHost(ctx, tx, d, "id")
	}
	if err != nil {
		return nil, nil, err
	}
	err = tx.NewSelect().Model(row).WherePK().For("UPDATE").Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows): // it went meanwhile
		return nil, nil, gone
	case err != nil:
		return nil, nil, store.Wrap(err, "lock database user %s", id)
	case row.State != state:
		return nil, nil, fault.Conflict.New("id", "The user is %s.", row.State)
	}
	return d, row, nil
}

// wishUser writes what is wished of a user, with a new generation.
func wishUser(ctx context.Context, tx store.Tx, row *models.DatabaseUser, columns ...string) (int64, error) {
	row.Generation++
	_, err := tx.NewUpdate().Model(row).WherePK().Column(append(columns, "generation")...).Set("updated_at = now()").Exec(ctx)
	return row.Generation, userNameInUse(store.Wrap(err, "change database user %s", row.ID), "id")
}
