package database

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A DriftDecision is what a person makes of a finding.
type DriftDecision string

// The decisions.
const (
	DecideRepair   DriftDecision = "REPAIR"
	DecideRecreate DriftDecision = "RECREATE"
	DecideAdopt    DriftDecision = "ADOPT"
	DecideDelete   DriftDecision = "DELETE"
	DecideIgnore   DriftDecision = "IGNORE"
)

// DecideFindingInput is the graph's DecideDriftFindingInput.
type DecideFindingInput struct {
	ID       ident.DriftFindingID
	Decision DriftDecision
	DryRun   bool `json:"-"`
}

// FindingPayload is the graph's DecideDriftFindingPayload. After a dry run only
// Preview is there.
type FindingPayload struct {
	Preview      *engine.Preview
	DriftFinding *models.DriftFinding
	Job          *models.Job // nil for what needs none
}

type findingRef struct {
	Finding ident.DriftFindingID `json:"finding"`
	Job     ident.JobID          `json:"job"`

	idempotency.Ordered `json:"-"`
}

// DecideFinding carries out what a person decided of a finding. Errors:
// fault.NotFound, fault.Forbidden, fault.Conflict when it is resolved, when the
// decision does not fit its kind, or while a job is at work on the database.
func (s *Service) DecideFinding(ctx context.Context, in DecideFindingInput) (*FindingPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &FindingPayload{}
	call := idempotency.Call{Mutation: "decideDriftFinding", Input: in, DryRun: in.DryRun}
	preview, err := idempotency.Order(ctx, s.db, s.engine, call, func(ctx context.Context, tx store.Tx) (findingRef, error) {
		f, err := lockFinding(ctx, tx, who, in.ID)
		if err != nil {
			return findingRef{}, err
		}
		if f.ResolvedAt != nil {
			return findingRef{}, fault.Conflict.New("id", "This finding is resolved; there is nothing to decide.")
		}
		if out.Job, err = s.carryOut(ctx, tx, who, f, in.Decision); err != nil {
			return findingRef{}, err
		}
		if _, err := tx.NewUpdate().Model(f).WherePK().Column("ignored", "adopted").Exec(ctx); err != nil {
			return findingRef{}, store.Wrap(err, "decide finding %s", f.ID)
		}
		out.DriftFinding = f
		return findingRef{f.ID, f.JobID, idempotency.Ordered{Begun: out.Job, Customer: f.CustomerID}}, audit.Record(ctx, tx, audit.Entry{
			Action: "drift_finding.decide", Kind: ident.DriftFinding, Object: f.ID.UUID, Customer: f.CustomerID,
			Detail: map[string]any{"decision": in.Decision, "kind": f.Kind, "object": f.ObjectKind, "name": f.ExternalName},
		})
	}, func(ctx context.Context, tx store.Tx, r findingRef) error {
		*out = FindingPayload{}
		var rows []*models.DriftFinding
		err := tx.NewSelect().Model(&rows).Apply(visibleFindings(who, actor.JobsRead)).Where("f.id = ?", r.Finding).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return store.Wrap(err, "read finding %s", r.Finding)
		}
		out.DriftFinding = rows[0]
		out.Job, err = replayJob(ctx, tx, who, r.Job)
		return err
	})
	if preview != nil {
		return &FindingPayload{Preview: preview}, nil
	}
	if err == nil && out.DriftFinding == nil {
		return nil, store.NotFound("id")
	}
	return out, err
}

// lockFinding reads a finding that the caller may decide, with a row lock.
func lockFinding(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DriftFindingID) (*models.DriftFinding, error) {
	f := new(models.DriftFinding)
	err := tx.NewSelect().Model(f).Apply(visibleFindings(who, actor.DatabasesWrite)).Where("f.id = ?", id.UUID).For("UPDATE").Scan(ctx)
	switch {
	case fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound:
		return nil, store.Denied(ctx, tx.NewSelect().Model(f).Apply(visibleFindings(who, actor.JobsRead)).Where("f.id = ?", id.UUID), "id")
	case err != nil:
		return nil, store.Wrap(err, "lock finding %s", id)
	case !forStaff(f) || who.HoldsWithProvider(actor.ServersWrite):
		return f, nil
	}
	return nil, fault.Forbidden.New("id", "Your role lets you see this, but not change it.")
}

// forStaff tells whether a finding is about something that is no customer's.
func forStaff(f *models.DriftFinding) bool {
	return f.Kind == models.DriftOrphan || f.Kind == models.DriftForeign
}

func (s *Service) carryOut(ctx context.Context, tx store.Tx, who *actor.Actor, f *models.DriftFinding, d DriftDecision) (*models.Job, error) {
	gone := f.Kind == models.DriftMissing && f.ObjectKind == models.ObjectDatabase
	switch {
	case d == DecideIgnore:
		f.Ignored = true
		return nil, nil
	case d == DecideDelete && f.Kind == models.DriftOrphan:
		f.Ignored = false
		return s.removeOrphan(tx, f, who.User)
	case d == DecideAdopt && f.Kind == models.DriftForeign:
		f.Adopted = true
		return s.mend(ctx, tx, who, f, KindAdopt)
	case d == DecideRecreate && gone:
		return s.mend(ctx, tx, who, f, KindRecreate)
	case d == DecideRepair && !gone && !forStaff(f):
		return s.mend(ctx, tx, who, f, KindRepair)
	}
	return nil, fault.Conflict.New("decision", "%s", instead(f, gone))
}

// instead tells what can be decided of a finding.
func instead(f *models.DriftFinding, gone bool) string {
	switch {
	case gone:
		return "The data is gone: RECREATE makes the database anew, without it; deleteDatabase gives it up; IGNORE leaves it."
	case f.Kind == models.DriftOrphan:
		return "An orphan can be removed with DELETE, or left with IGNORE."
	case f.Kind == models.DriftForeign:
		return "What is not ours can be taken over with ADOPT, or left with IGNORE; rename or remove it on the server yourself otherwise."
	}
	return fmt.Sprintf("What is %s can be mended with REPAIR, or left with IGNORE.", f.Kind)
}

func (s *Service) mend(ctx context.Context, tx store.Tx, who *actor.Actor, f *models.DriftFinding, kind string) (*models.Job, error) {
	if f.DatabaseID.IsZero() {
		return nil, fault.Conflict.New("id", "Its database is gone.")
	}
	row, err := mendable(ctx, tx, f.DatabaseID.UUID)
	if err != nil {
		return nil, err
	}
	f.Ignored = false
	job, err := s.start(tx, who, kind, row)
	if err != nil {
		return nil, err
	}
	noteJob(tx, job, []*models.DriftFinding{f})
	return job, nil
}

// mendable locks a database that can be mended now.
func mendable(ctx context.Context, tx store.Tx, id uuid.UUID) (*models.Database, error) {
	row, err := again(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	switch row.State {
	case models.ResourceActive, models.ResourceDegraded, models.ResourceSuspended:
		return row, nil
	case models.ResourcePending, models.ResourceFailed, models.ResourceDeleting:
	}
	return nil, fault.Conflict.New("id", "The database is %s.", row.State)
}

// SetDriftPolicyInput is the graph's SetDatabaseDriftPolicyInput.
type SetDriftPolicyInput struct {
	ID     ident.DatabaseID
	Policy models.DriftPolicy
}

// DriftPolicyPayload is the graph's SetDatabaseDriftPolicyPayload.
type DriftPolicyPayload struct{ Database *models.Database }

// SetDriftPolicy says what happens to drift of a database by itself. Errors:
// fault.NotFound, fault.Forbidden.
func (s *Service) SetDriftPolicy(ctx context.Context, in SetDriftPolicyInput) (*DriftPolicyPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &DriftPolicyPayload{}
	err = idempotency.Once(ctx, s.db, "setDatabaseDriftPolicy", in, func(ctx context.Context, tx store.Tx) (ref, error) {
		row := new(models.Database)
		err := tx.NewSelect().Model(row).Apply(visible(who, actor.DatabasesWrite)).Where("d.id = ?", in.ID.UUID).For("UPDATE").Scan(ctx)
		if fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound {
			return ref{}, store.Denied(ctx, tx.NewSelect().Model(row).Apply(visible(who, actor.DatabasesRead)).Where("d.id = ?", in.ID.UUID), "id")
		}
		if err != nil {
			return ref{}, store.Wrap(err, "lock database %s", in.ID)
		}
		before := row.DriftPolicy
		row.DriftPolicy = in.Policy
		if _, err := tx.NewUpdate().Model(row).WherePK().Column("drift_policy").Set("updated_at = now()").Returning("updated_at").Exec(ctx); err != nil {
			return ref{}, store.Wrap(err, "set the drift policy of database %s", row.ID)
		}
		out.Database = row
		return ref{Database: row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "database.set_drift_policy", Kind: ident.Database, Object: row.ID.UUID, Customer: row.CustomerID,
			Before: map[string]any{"policy": before}, Detail: map[string]any{"policy": in.Policy},
		})
	}, func(ctx context.Context, tx store.Tx, r ref) (err error) {
		out.Database, _, err = s.replay(ctx, tx, who, r)
		if err == nil && out.Database == nil {
			return store.NotFound("id")
		}
		return err
	})
	return out, err
}

// SurveyServerInput is the graph's SurveyDatabaseServerInput.
type SurveyServerInput struct{ ID ident.DatabaseServerID }

// ReleaseBrakeInput is the graph's ReleaseDriftBrakeInput.
type ReleaseBrakeInput struct{ ID ident.DatabaseServerID }

// SurveyServer surveys one server now, whatever its schedule says. Errors:
// fault.NotFound, fault.Forbidden, fault.Unavailable for one that is away or in
// maintenance, or on which nothing can be made.
func (s *Service) SurveyServer(ctx context.Context, in SurveyServerInput) (*ServerPayload, error) {
	return s.onServer(ctx, "surveyDatabaseServer", in, in.ID, "database_server.survey", func(context.Context, store.Tx, *models.DatabaseServer) error { return nil }, s.surveyServer)
}

// ReleaseBrake lets the repairs of a server go on, however much differs, and
// surveys it at once. Errors: those of SurveyServer; fault.Conflict when its brake is not on.
func (s *Service) ReleaseBrake(ctx context.Context, in ReleaseBrakeInput) (*ServerPayload, error) {
	return s.onServer(ctx, "releaseDriftBrake", in, in.ID, "database_server.release_drift_brake", func(ctx context.Context, tx store.Tx, row *models.DatabaseServer) error {
		if row.DriftBrake != models.BrakeOn {
			return fault.Conflict.New("id", "The drift brake of this server is not on.")
		}
		row.DriftBrake = models.BrakeReleased
		_, err := tx.NewUpdate().Model(row).WherePK().Column("drift_brake").Exec(ctx)
		return store.Wrap(err, "release the brake of server %s", row.ID)
	}, s.surveyServer)
}

// onServer is a mutation of one server with something to do there afterwards.
func (s *Service) onServer(ctx context.Context, mutation string, in any, id ident.DatabaseServerID, action string,
	change func(context.Context, store.Tx, *models.DatabaseServer) error, then func(context.Context, *models.DatabaseServer) error,
) (*ServerPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	var asked *models.DatabaseServer // nil when the mutation is repeated
	out := &ServerPayload{}
	replay := s.replayServer(who, &out.DatabaseServer)
	err = idempotency.Once(ctx, s.db, mutation, in, func(ctx context.Context, tx store.Tx) (serverRef, error) {
		row, err := lockServer(ctx, tx, who, id)
		if err != nil {
			return serverRef{}, err
		}
		if err := leftAlone(row); err != nil {
			return serverRef{}, err
		}
		if err := change(ctx, tx, row); err != nil {
			return serverRef{}, err
		}
		asked = row
		return serverRef{row.ID}, recordServer(ctx, tx, action, nil, row, nil)
	}, replay)
	if err != nil {
		return nil, err
	}
	if asked != nil {
		if err := then(ctx, asked); err != nil {
			return nil, err
		}
		found, err := s.serversByID(ctx, []ident.DatabaseServerID{asked.ID})
		if err != nil {
			return nil, err
		}
		out.DatabaseServer = found[asked.ID]
	}
	return out, nil
}
