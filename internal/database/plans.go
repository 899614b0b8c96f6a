package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job on databases.
const (
	KindCreate = "database.create"
	KindDelete = "database.delete"
)

// A spec is what the steps work towards.
type spec struct {
	server      Server
	login       Login
	space       Space
	deleteAfter time.Time
	members     []Login // of all further users; where a plan needs them
	user        Member  // of a plan for one user
	before      Member  // what it was before a change
}

// Plans are the sagas of this domain.
func (s *Service) Plans() []*engine.Plan {
	return append(s.userPlans(), []*engine.Plan{
		{
			Kind: KindCreate, Version: 1, ResourceKind: ident.Database, Load: s.load, Settle: settleCreate,
			Steps: createSteps(),
		},
		{
			Kind: KindDelete, Version: 1, ResourceKind: ident.Database, Load: s.loadWithMembers, Settle: settleDelete,
			Steps: deleteSteps(),
		},
	}...)
}

func (s *Service) load(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	row, server := new(models.Database), new(models.DatabaseServer)
	if err := s.db.NewSelect().Model(row).Where("d.id = ?", id).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database %s", id)
	}
	if err := s.db.NewSelect().Model(server).Where("s.id = ?", row.ServerID).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database server %s", row.ServerID)
	}
	conn, err := s.dial(server)
	if err != nil {
		return engine.Target{}, err
	}
	verifier, err := s.box.Open(row.VerifierSealed, verifierPlace(row.ID))
	if err != nil {
		return engine.Target{}, fmt.Errorf("open verifier of database %s: %w", id, err)
	}
	mark := s.mark(row.ID.UUID)
	return engine.Target{OwnerMark: mark, Spec: &spec{
		server: conn,
		login: Login{
			Name: row.Username, Mark: mark, Verifier: verifier, ConnectionLimit: row.ConnectionLimit, TempFileLimitKiB: tempFileLimitKiB,
		},
		space: Space{
			Name: row.ExtName, WorkName: workName(row.ID), Mark: mark, Login: row.Username, ConnectionLimit: row.ConnectionLimit,
		},
		deleteAfter: deletedAfter(row),
	}}, nil
}

// mark proves that something outside is a row's of ours.
func (s *Service) mark(id uuid.UUID) string {
	return "mpanel:" + s.installation.String() + ":" + id.String()
}

func settleCreate(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome == models.JobSucceeded {
		_, err := tx.NewUpdate().Model((*models.Database)(nil)).Set("state = ?, updated_at = now()", models.ResourceActive).
			Where("id = ?", id).Where("state = ?", models.ResourcePending).Exec(ctx)
		return store.Wrap(err, "activate database %s", id)
	}
	row, err := settled(ctx, tx, id)
	if row == nil || err != nil {
		return err
	}
	if row.HoldsQuota {
		if err := quota.Give(ctx, tx, row.CustomerID, models.QuotaDatabases); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Set("state = ?, holds_quota = false, updated_at = now()", models.ResourceFailed).Exec(ctx)
	return store.Wrap(err, "give up database %s", id)
}

func settleDelete(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	row, err := settled(ctx, tx, id)
	if row == nil || err != nil {
		return err
	}
	if outcome == models.JobSucceeded {
		return discard(ctx, tx, row)
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Set("state = ?, delete_after = NULL, updated_at = now()", models.ResourceActive).Exec(ctx)
	return store.Wrap(err, "keep database %s", id)
}

// settled reads the row that a job leaves behind, nil when it is gone.
func settled(ctx context.Context, tx store.Tx, id uuid.UUID) (*models.Database, error) {
	row := new(models.Database)
	err := tx.NewSelect().Model(row).Where("d.id = ?", id).For("UPDATE").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row, store.Wrap(err, "lock database %s", id)
}

func visibleServers(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ExcludeColumn("admin_password_sealed")
}
