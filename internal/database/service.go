package database

import (
	"context"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Service is safe for concurrent use. The zero value is not usable.
type Service struct {
	db           *store.DB
	box          *secret.Box
	engine       *engine.Starter
	dialer       Dialer
	installation uuid.UUID
	access       AccessList // nil unless this node runs the tenants' cluster and others reach it
	accessMu     sync.Mutex // whoever writes the list
	log          *slog.Logger
}

// NewService returns a Service. Every dependency but access is required;
// installation is part of the mark on everything outside, and access is nil unless
// this node decides from where the tenants' cluster is reached.
func NewService(db *store.DB, box *secret.Box, starter *engine.Starter, dialer Dialer, installation uuid.UUID, access AccessList, log *slog.Logger) *Service {
	return &Service{db: db, box: box, engine: starter, dialer: dialer, installation: installation, access: access, log: log}
}

// ref is what an idempotency key keeps.
type ref struct {
	Database ident.DatabaseID `json:"database"`
	Job      ident.JobID      `json:"job"`

	idempotency.Ordered `json:"-"`
	idempotency.Shown   `json:"-"`
}

// refTo is the ref of a mutation of a row; job is nil when there is nothing to do
// on a server.
func refTo(row *models.Database, job *models.Job) ref {
	r := ref{Database: row.ID, Ordered: idempotency.Ordered{Begun: job, Customer: row.CustomerID}}
	if job != nil {
		r.Job = job.ID
	}
	return r
}

// Create records the wish for a database and starts the job that makes it
// true; it returns before the database exists. Errors: fault.Invalid for a bad
// name or limit, fault.NotFound for customer or server, fault.Conflict when a
// database of ours on that server has that name or the customer is archived,
// fault.QuotaExceeded with used and max, fault.Unavailable without any server.
func (s *Service) Create(ctx context.Context, in CreateInput) (*CreatePayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	fresh := newPassword()
	out := &CreatePayload{}
	call := idempotency.Call{Mutation: "createDatabase", Input: in, DryRun: in.DryRun}
	preview, err := idempotency.Order(ctx, s.db, s.engine, call, func(ctx context.Context, tx store.Tx) (ref, error) {
		owner, err := lockOwner(ctx, tx, who, in.CustomerID)
		if err != nil {
			return ref{}, err
		}
		server, err := place(ctx, tx, who, in.ServerID)
		if err != nil {
			return ref{}, err
		}
		if err := quota.Take(ctx, tx, who, owner.ID, models.QuotaDatabases); err != nil {
			return ref{}, err
		}
		if err := quota.Room(ctx, tx, who, owner.ID, models.QuotaDatabaseBytes, 0); err != nil {
			return ref{}, err
		}
		verifier, err := fresh.verifier()
		if err != nil {
			return ref{}, err
		}
		row := s.newRow(in, owner, server, verifier)
		if _, err := tx.NewInsert().Model(row).Returning("created_at, updated_at").Exec(ctx); err != nil {
			if store.Violates(err, "databases_name_in_use") {
				return ref{}, nameInUse(err)
			}
			return ref{}, store.Wrap(err, "insert database %s", row.ID)
		}
		job, err := s.start(tx, who, KindCreate, row)
		if err != nil {
			return ref{}, err
		}
		*out = CreatePayload{Database: row, Job: job, Credentials: credentialsOn(server, row, row.Username, fresh.password)}
		return s.showing(refTo(row, job), out.Credentials), record(ctx, tx, "database.create", nil, row)
	}, func(ctx context.Context, tx store.Tx, r ref) (err error) {
		if out.Database, out.Job, err = s.replay(ctx, tx, who, r); err == nil {
			out.Credentials, err = s.shownAgain(ctx, tx, r.Shown, out.Database)
		}
		return err
	})
	if preview != nil {
		return &CreatePayload{Preview: preview}, nil
	}
	return out, err
}

func (s *Service) newRow(in CreateInput, owner *models.Customer, server *models.DatabaseServer, verifier secret.Text) *models.Database {
	limit := DefaultConnectionLimit
	if in.ConnectionLimit != nil {
		limit = *in.ConnectionLimit
	}
	row := &models.Database{
		ID: ident.NewDatabaseID(), CustomerID: owner.ID, ServerID: server.ID, Name: in.Name,
		ExtName: extName(owner.Number, in.Name), ConnectionLimit: limit,
		State: models.ResourcePending, Generation: 1, HoldsQuota: true,
	}
	row.Username = row.ExtName
	row.VerifierSealed = s.box.Seal(verifier, verifierPlace(row.ID))
	return row
}

// Delete closes a database at once and drops it after a grace period. What
// failed to be made has nothing on a server and is removed without a job.
// Errors: fault.Invalid, fault.NotFound, fault.Conflict while another job is at
// work on it or when it is being deleted already.
func (s *Service) Delete(ctx context.Context, in DeleteInput) (*DeletePayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	out := &DeletePayload{}
	call := idempotency.Call{Mutation: "deleteDatabase", Input: in, DryRun: in.DryRun}
	preview, err := idempotency.Order(ctx, s.db, s.engine, call, func(ctx context.Context, tx store.Tx) (ref, error) {
		row, err := lockForWrite(ctx, tx, who, in.ID)
		if err != nil {
			return ref{}, err
		}
		out.Database = row
		if out.Job, err = s.remove(ctx, tx, engine.Order{Actor: who.User}, row, in.GraceSeconds); err != nil {
			return ref{}, err
		}
		return refTo(row, out.Job), nil
	}, func(ctx context.Context, tx store.Tx, r ref) (err error) {
		out.Database, out.Job, err = s.replay(ctx, tx, who, r)
		return err
	})
	if preview != nil {
		return &DeletePayload{Preview: preview}, nil
	}
	return out, err
}

// remove orders the deletion of a locked row, or removes one that failed to be
// made, without a job, and records it.
func (s *Service) remove(ctx context.Context, tx store.Tx, o engine.Order, row *models.Database, graceSeconds *int) (*models.Job, error) {
	before := *row
	switch row.State {
	case models.ResourceDeleting:
		return nil, fault.Conflict.New("id", "This database is being deleted already.")
	case models.ResourceFailed:
		if err := discard(ctx, tx, row); err != nil {
			return nil, err
		}
		return nil, record(ctx, tx, "database.discard", &before, row)
	case models.ResourcePending, models.ResourceActive, models.ResourceDegraded, models.ResourceSuspended:
	}
	if err := beginDelete(ctx, tx, row, graceSeconds); err != nil {
		return nil, err
	}
	job, err := s.startAs(tx, o, KindDelete, row)
	if err != nil {
		return nil, err
	}
	return job, record(ctx, tx, "database.delete", &before, row)
}

func beginDelete(ctx context.Context, tx store.Tx, row *models.Database, grace *int) error {
	seconds := 0
	if grace != nil {
		seconds = *grace
	} else if err := tx.NewSelect().Model((*models.DatabaseServer)(nil)).Column("delete_grace_seconds").
		Where("s.id = ?", row.ServerID).Scan(ctx, &seconds); err != nil {
		return store.Wrap(err, "read the grace period of server %s", row.ServerID)
	}
	_, err := tx.NewUpdate().Model(row).WherePK().
		Set("state = ?, generation = generation + 1, updated_at = now()", models.ResourceDeleting).
		Set("reopens_as = CASE WHEN d.state IN ('ACTIVE', 'DEGRADED', 'SUSPENDED') THEN d.state END"). // until its first step is taken back
		Set("delete_after = now() + ? * interval '1 second'", seconds).Returning("*").Exec(ctx)
	return store.Wrap(err, "mark database %s for deletion", row.ID)
}

func discard(ctx context.Context, tx store.Tx, row *models.Database) error {
	if err := giveBack(ctx, tx, row); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model(row).WherePK().Exec(ctx)
	return store.Wrap(err, "remove database %s", row.ID)
}

func nameInUse(err error) error {
	return fault.Conflict.Wrap(err, "name", "This customer already has a database of that name on that server.")
}

// replay answers a repeated mutation with what is there now; a database that
// was deleted meanwhile is nil.
func (s *Service) replay(ctx context.Context, tx store.Tx, who *actor.Actor, r ref) (*models.Database, *models.Job, error) {
	var rows []*models.Database
	if err := tx.NewSelect().Model(&rows).Apply(visible(who, actor.DatabasesWrite)).Where("d.id = ?", r.Database).Scan(ctx); err != nil {
		return nil, nil, store.Wrap(err, "read database %s", r.Database)
	}
	var row *models.Database
	if len(rows) > 0 {
		row = rows[0]
	}
	job, err := replayJob(ctx, tx, who, r.Job)
	return row, job, err
}

// replayJob is the job of a repeated mutation, nil without one.
func replayJob(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.JobID) (*models.Job, error) {
	var jobs []*models.Job
	err := tx.NewSelect().Model(&jobs).Apply(store.Visible(who, actor.DatabasesWrite, "j.customer_id")).Where("j.id = ?", id).Scan(ctx)
	if err != nil || len(jobs) == 0 {
		return nil, store.Wrap(err, "read job %s", id)
	}
	return jobs[0], nil
}

func (s *Service) start(tx store.Tx, who *actor.Actor, kind string, row *models.Database) (*models.Job, error) {
	return s.startAs(tx, engine.Order{Actor: who.User}, kind, row)
}

// startAs starts a job for a row; o has who asks, and the parent.
func (s *Service) startAs(tx store.Tx, o engine.Order, kind string, row *models.Database) (*models.Job, error) {
	o.Kind, o.Resource, o.Customer, o.Generation = kind, row.ID.UUID, row.CustomerID, row.Generation
	return s.engine.Start(tx, o)
}

// record writes what became of a database into the audit; before is as it was, nil when
// it was not there.
func record(ctx context.Context, tx store.Tx, action string, before, row *models.Database) error {
	e := audit.Entry{Action: action, Kind: ident.Database, Object: row.ID.UUID, Customer: row.CustomerID}
	is := told(row)
	if before != nil {
		e.Before, is = audit.Changed(told(before), is)
		is["name"], is["external_name"] = row.Name, row.ExtName
	}
	e.Detail = is
	return audit.Record(ctx, tx, e)
}

// told is what the audit says of a database.
func told(row *models.Database) map[string]any {
	return map[string]any{
		"name": row.Name, "external_name": row.ExtName, "state": row.State, "delete_after": row.DeleteAfter, "suspended": row.Suspended,
		"access_cidrs": row.AccessCidrs, "drift_policy": row.DriftPolicy,
	}
}

// lockOwner reads the customer that orders, so that it is not archived meanwhile.
func lockOwner(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.CustomerID) (*models.Customer, error) {
	var found struct {
		models.Customer `bun:",extend"`

		Held bool
		Now  models.CustomerState // under the lock
	}
	row := &found.Customer
	err := tx.NewSelect().With("line", line(tx, id)).Model(&found).ColumnExpr("c.*").
		ColumnExpr("(SELECT bool_or(suspended) FROM line) AS held").ColumnExpr("(SELECT state FROM line WHERE line.id = c.id) AS now").
		Apply(store.Visible(who, actor.DatabasesWrite, "c.id")).Where("c.id = ?", id.UUID).Scan(ctx)
	switch {
	case fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound:
		return nil, store.Denied(ctx, tx.NewSelect().Model(row).Apply(store.Visible(who, actor.CustomersRead, "c.id")).Where("c.id = ?", id.UUID), "customerId")
	case err != nil:
		return nil, store.Wrap(err, "lock customer %s", id)
	case found.Now != models.CustomerActive:
		return nil, fault.Conflict.New("customerId", "This customer is not active.")
	case found.Held:
		return nil, fault.Conflict.New("customerId", "This customer, or a reseller above it, is suspended.")
	}
	return row, nil
}

// lockForWrite reads a database that the caller may change, with a row lock.
// Error, beside those of the look: fault.Conflict while a job is at work on one
// of its users, or copies it.
func lockForWrite(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DatabaseID) (*models.Database, error) {
	row, err := lockDatabase(ctx, tx, who, id, "id")
	if err != nil {
		return nil, err
	}
	return row, idleAround(ctx, tx, id, "id")
}

// lockDatabase reads a database that the caller may change, with a row lock, so
// that no job begins on it or on one of its users before the transaction is over.
// Field is where the caller gave the id.
func lockDatabase(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DatabaseID, field string) (*models.Database, error) {
	row := new(models.Database)
	err := tx.NewSelect().Model(row).Apply(visible(who, actor.DatabasesWrite)).Where("d.id = ?", id.UUID).For("UPDATE").Scan(ctx)
	switch {
	case fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound:
		return nil, store.Denied(ctx, tx.NewSelect().Model(row).Apply(visible(who, actor.DatabasesRead)).Where("d.id = ?", id.UUID), field)
	case err != nil:
		return nil, store.Wrap(err, "lock database %s", id)
	}
	return row, nil
}
