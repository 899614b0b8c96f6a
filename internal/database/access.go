package database

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// KindAccess is the kind of job that changes from where a database is reached.
const KindAccess = "database.set_access"

const (
	// MaxNetworks is how many networks a database may be reached from.
	MaxNetworks = 50
	// SyncAccessEvery is how long lines of a database that is gone stay.
	SyncAccessEvery = 15 * time.Second
)

// An AccessList is the pg_hba.conf of the tenants' cluster that this node runs.
// Other servers' belongs to whoever runs them.
type AccessList interface {
	// Allowed reads from the server which networks get into which database by name,
	// beside the server's own machine; sorted.
	Allowed(ctx context.Context) (map[string][]netip.Prefix, error)
	// Allow lets in from these networks and no others, and returns when the server
	// goes by it; on an error everything is as before.
	Allow(ctx context.Context, networks map[string][]netip.Prefix) error
}

// parseNetworks checks a list as a caller gives it, and sorts it.
func parseNetworks(list []string, everywhere bool) ([]netip.Prefix, error) {
	if len(list) > MaxNetworks {
		return nil, fault.Invalid.New("cidrs", "At most %d networks.", MaxNetworks)
	}
	var faults []*fault.Error
	var out []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		switch {
		case err != nil || p.String() != text || p.Addr().Is4In6():
			faults = append(faults, fault.Invalid.New("cidrs", "Write each network as 203.0.113.0/24 or 2001:db8::/32."))
		case p != p.Masked():
			faults = append(faults, fault.Invalid.New("cidrs", "%s has bits beyond its length; did you mean %s?", text, p.Masked()))
		case p.Bits() == 0 && !everywhere:
			faults = append(faults, fault.Invalid.New("cidrs", "%s is the whole world; say `allowEverywhere` if that is meant.", text))
		case slices.Contains(out, p):
			faults = append(faults, fault.Invalid.New("cidrs", "%s is given twice.", text))
		default:
			out = append(out, p)
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return out, fault.Join(faults...)
}

// SetAccess changes from which networks a database may be reached beside the
// server's own machine. Errors: fault.Invalid, fault.NotFound, fault.Conflict on
// a server whose pg_hba.conf is not the panel's, unless the database is ACTIVE or
// DEGRADED, or while another job is at work on it.
func (s *Service) SetAccess(ctx context.Context, in SetAccessInput) (*ChangePayload, error) {
	networks, err := parseNetworks(in.Cidrs, in.AllowEverywhere)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(networks))
	for i, p := range networks {
		list[i] = p.String()
	}
	return s.change(ctx, idempotency.Call{Mutation: "setDatabaseAccess", Input: in, DryRun: in.DryRun}, in.ID, "database.set_access", func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, error) {
		if err := mustBeOpen(ctx, tx, row); err != nil {
			return nil, err
		}
		if err := s.wishAccess(ctx, tx, row, list); err != nil {
			return nil, err
		}
		return s.start(tx, who, KindAccess, row)
	})
}

// wishAccess writes the networks of a locked row, which are kept until a change
// has succeeded.
func (s *Service) wishAccess(ctx context.Context, tx store.Tx, row *models.Database, list []string) error {
	ours, err := tx.NewSelect().Model((*models.DatabaseServer)(nil)).Where("s.id = ?", row.ServerID).Where("s.embedded").Exists(ctx)
	switch {
	case err != nil:
		return store.Wrap(err, "read server %s", row.ServerID)
	case !ours || s.access == nil:
		return fault.Conflict.New("id", "The panel does not decide from where this database's server is reached; its administrator does, in pg_hba.conf.")
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Set("access_before = access_cidrs").Set("access_cidrs = ?0, access_tried = ?0", pgdialect.Array(list)).
		Set("generation = generation + 1, updated_at = now()").Returning("*").Exec(ctx)
	return store.Wrap(err, "change access of database %s", row.ID)
}

func (s *Service) accessAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := openAgain(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if row.AccessTried == nil {
		return 0, fault.Conflict.New("id", "The networks that were wished are not kept any more; set them anew.")
	}
	err = s.wishAccess(ctx, tx, row, row.AccessTried)
	return row.Generation, err
}

// SyncAccess writes the list of the cluster that this node runs, if it is not as
// the rows wish: after a database is gone, or somebody else wrote the file.
//
//allow:tenant a chore, for all databases of the embedded cluster
func (s *Service) SyncAccess(ctx context.Context) error {
	if s.access == nil {
		return nil
	}
	s.accessMu.Lock() // rows are read and written to the file in one order
	defer s.accessMu.Unlock()
	var rows []*models.Database
	err := s.db.NewSelect().Model(&rows).Join("JOIN database_servers AS s ON s.id = d.server_id").Where("s.embedded").
		Where("d.state <> ?", models.ResourceFailed).Where("d.access_cidrs <> '{}'").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "list access to databases")
	}
	want := map[string][]netip.Prefix{}
	for _, row := range rows {
		if want[row.ExtName], err = parseNetworks(row.AccessCidrs, true); err != nil {
			return fmt.Errorf("access to database %s: %w", row.ID, err)
		}
	}
	have, err := s.access.Allowed(ctx)
	if err == nil && maps.EqualFunc(have, want, slices.Equal) {
		return nil
	}
	return s.access.Allow(ctx, want)
}

func (s *Service) accessPlan() *engine.Plan {
	return &engine.Plan{
		Kind: KindAccess, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: s.load, Settle: settleAccess,
		Steps: []engine.Step{accessStep{s}}, Again: s.accessAgain,
	}
}

// An accessStep writes the whole list, in which the row's wish is a part.
type accessStep struct{ service *Service }

func (accessStep) Name() string          { return "write-access-list" }
func (accessStep) Policy() engine.Policy { return engine.Policy{Timeout: 20 * time.Second} }

// Observe compares the row's part alone.
func (a accessStep) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	s := a.service
	if s.access == nil {
		return engine.Observed{}, errNoAccessList
	}
	row := new(models.Database)
	if err := s.db.NewSelect().Model(row).Where("d.id = ?", e.Resource).Scan(ctx); err != nil {
		return engine.Observed{}, store.Wrap(err, "read database %s", e.Resource)
	}
	want, err := parseNetworks(row.AccessCidrs, true)
	if err != nil {
		return engine.Observed{}, err
	}
	have, err := s.access.Allowed(ctx)
	if err != nil {
		return engine.Observed{State: engine.Differs, Detail: "The list cannot be read."}, nil //nolint:nilerr // it is written anew
	}
	if !slices.Equal(have[row.ExtName], want) {
		return engine.Observed{State: engine.Differs, Detail: "The server lets in from other networks."}, nil
	}
	return engine.Observed{State: engine.Matches}, nil
}

var errNoAccessList = fault.Unavailable.New("", "Only the node that runs the tenants' cluster can do this.")

func (a accessStep) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	if a.service.access == nil {
		return nil, errNoAccessList
	}
	if err := specOf(e).ready(ctx); err != nil {
		return nil, err
	}
	if err := a.service.SyncAccess(ctx); err != nil {
		return nil, err
	}
	return nil, engine.Point(ctx, "written")
}

// Undo writes the wish of before first: whoever else writes the list goes by it.
func (a accessStep) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	if a.service.access == nil {
		return errNoAccessList
	}
	_, err := a.service.db.NewUpdate().Model((*models.Database)(nil)).Where("d.id = ?", e.Resource).Where("access_before IS NOT NULL").
		Set("access_cidrs = access_before").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "take back the access to database %s", e.Resource)
	}
	return a.service.SyncAccess(ctx)
}

func settleAccess(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	q := tx.NewUpdate().Model((*models.Database)(nil)).Where("d.id = ?", id).Set("access_before = NULL, updated_at = now()")
	if outcome == models.JobSucceeded {
		q = q.Set("access_tried = NULL")
	} else {
		q = q.Set("access_cidrs = coalesce(access_before, access_cidrs)")
	}
	_, err := q.Exec(ctx)
	return store.Wrap(err, "settle the access to database %s", id)
}

// remoteAccess is the capability of a server to let in from elsewhere.
func (s *Service) remoteAccess(row *models.DatabaseServer) *models.Capability {
	c := &models.Capability{Name: "remote_access", Available: row.Embedded && s.access != nil}
	switch {
	case c.Available:
	case row.Embedded:
		c.Hint = new("The cluster listens on this machine alone. Set MPANEL_TENANTS_LISTEN to the address that customers connect to.")
	default:
		c.Hint = new("The panel does not write this server's pg_hba.conf; its administrator decides from where it is reached.")
	}
	return c
}
