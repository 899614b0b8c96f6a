package database

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job on the content of databases.
const (
	KindExport = "database.export"
	KindImport = "database.import"
	KindClone  = "database.clone"
)

// A carrying is what the steps of dumps work towards.
type carrying struct {
	*spec
	address Address
	reader  JobRole // of what is read; zero for an import
	writer  JobRole // of what is written; zero for an export
	source  *carrying
	missing error // why there is nothing to load; nil for there is
	total   int64 // bytes of SQL and rows to expect; 0 when nobody knows
	row     *models.Database
}

// Plans are the sagas about the content of databases.
func (d *DumpService) Plans() []*engine.Plan {
	steps := createSteps()
	for i, s := range steps {
		steps[i] = within{s}
	}
	last := len(steps) - 1 // the name comes when the content is there
	clone := append(append(steps[:last:last], loadStep{d, "copy-content"}), steps[last])
	return []*engine.Plan{
		{
			Kind: KindExport, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: d.loadExport, Settle: d.settleExport,
			Steps: []engine.Step{dumpStep{d}}, Again: d.exportAgain, Begun: exportBegun, Long: true,
		},
		{
			Kind: KindImport, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: d.loadImport, Settle: settleImport,
			Steps: []engine.Step{inspectStep{d}, loadStep{d, "load-dump"}, leaveStep{}}, Again: d.importAgain, Final: d.loaded, Long: true,
		},
		{
			Kind: KindClone, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Load: d.loadClone, Settle: settleCreate,
			Steps: clone, Again: d.cloneAgain, Long: true,
		},
	}
}

// within lets a step of another plan work on what it knows of a carrying.
type within struct{ engine.Step }

func inner(e *engine.Env) *engine.Env {
	own := *e
	own.Spec = carryingOf(e).spec
	return &own
}

func (w within) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return w.Step.Observe(ctx, inner(e))
}

func (w within) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return w.Step.Apply(ctx, inner(e))
}

func (w within) Undo(ctx context.Context, e *engine.Env, h engine.Handle) error {
	return w.Step.Undo(ctx, inner(e), h)
}

func carryingOf(e *engine.Env) *carrying { return e.Spec.(*carrying) } //nolint:forcetypeassert // load makes nothing else

// carry reads what all of them need of one database.
func (d *DumpService) carry(ctx context.Context, id uuid.UUID) (*carrying, error) {
	target, err := d.s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	c := &carrying{spec: target.Spec.(*spec), row: new(models.Database)} //nolint:forcetypeassert // load makes nothing else
	if err := d.s.db.NewSelect().Model(c.row).Where("d.id = ?", id).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read database %s", id)
	}
	server := new(models.DatabaseServer)
	if err := d.s.db.NewSelect().Model(server).Where("s.id = ?", c.row.ServerID).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read server %s", c.row.ServerID)
	}
	c.address, err = d.s.address(server)
	return c, err
}

// jobRole is a login for the job whose resource has the mark and the working
// name, into another database or the same.
func jobRole(job Space, suffix string, in Space) JobRole {
	return JobRole{Login: Login{Name: job.WorkName + suffix, Mark: job.Mark, ConnectionLimit: 2, TempFileLimitKiB: tempFileLimitKiB}, Space: in}
}

// isJobRole tells whether it is the name of a login for a job of that resource.
func isJobRole(name string, id uuid.UUID) bool {
	work := workName(id)
	return name == work+readerSuffix || name == work+writerSuffix
}

const (
	readerSuffix = "_out"
	writerSuffix = "_in"
)

const jobRoleTTL = 24 * time.Hour

// admit makes a role's password and lets it in.
func (c *carrying) admit(ctx context.Context, r JobRole, job ident.JobID) (Endpoint, error) {
	password := secret.NewPassword(passwordLen)
	verifier, err := ScramVerifier(password)
	if err != nil {
		return Endpoint{}, err
	}
	r.Login.Verifier, r.Until = verifier, time.Now().Add(jobRoleTTL)
	name, err := c.server.GrantJobRole(ctx, r)
	if err != nil {
		return Endpoint{}, err
	}
	return Endpoint{
		Host: c.address.Host, Port: c.address.Port, SSLMode: c.address.SSLMode, Database: name,
		User: r.Login.Name, Password: password, Role: r.Space.Login, Session: "mpanel job " + job.String(),
	}, nil
}

func (d *DumpService) loadExport(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	c, err := d.carry(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	c.reader = jobRole(c.space, readerSuffix, c.space)
	c.total = sizeOf(c.row)
	return engine.Target{Spec: c, OwnerMark: c.space.Mark}, nil
}

func sizeOf(row *models.Database) int64 {
	if row.SizeBytes == nil {
		return 0
	}
	return *row.SizeBytes
}

func (d *DumpService) loadImport(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	c, err := d.carry(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	c.writer = jobRole(c.space, writerSuffix, c.space)
	return engine.Target{Spec: c, OwnerMark: c.space.Mark}, nil
}

func (d *DumpService) loadClone(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	c, err := d.carry(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	c.writer = jobRole(c.space, writerSuffix, c.space)
	load, err := d.loadOf(ctx, id)
	if err != nil {
		return engine.Target{}, err
	}
	if load.SourceID.IsZero() {
		c.missing = fault.Conflict.Permanent("id", "The database that was to be cloned is gone.")
		return engine.Target{Spec: c, OwnerMark: c.space.Mark}, nil
	}
	if c.source, err = d.carry(ctx, load.SourceID.UUID); err != nil {
		return engine.Target{}, err
	}
	c.reader = jobRole(c.space, readerSuffix, c.source.space)
	c.total = sizeOf(c.source.row)
	return engine.Target{Spec: c, OwnerMark: c.space.Mark}, nil
}

// loadOf reads what is to be loaded.
func (d *DumpService) loadOf(ctx context.Context, id uuid.UUID) (*models.DatabaseLoad, error) {
	load := new(models.DatabaseLoad)
	err := d.s.db.NewSelect().Model(load).Where("dlo.database_id = ?", id).Scan(ctx)
	return load, store.Wrap(err, "read what is loaded into database %s", id)
}

// dumpOf is the dump that the database's job makes, nil without one.
func (d *DumpService) dumpOf(ctx context.Context, id uuid.UUID) (*models.DatabaseDump, error) {
	row := new(models.DatabaseDump)
	err := d.s.db.NewSelect().Model(row).Where("dd.database_id = ?", id).Where("dd.origin = ?", models.DumpExport).Where("dd.state = ?", models.DumpPending).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row, store.Wrap(err, "read the dump of database %s", id)
}

// settleExport shows a dump as good only when its whole file is there.
func (d *DumpService) settleExport(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	q := tx.NewUpdate().Model((*models.DatabaseDump)(nil)).Where("database_id = ?", id).
		Where("origin = ?", models.DumpExport).Where("state = ?", models.DumpPending)
	if outcome == models.JobSucceeded {
		q = q.Set("state = ?", models.DumpReady)
	} else {
		q = q.Set("state = ?, file = NULL, node = NULL", models.DumpFailed)
	}
	_, err := q.Exec(ctx)
	return store.Wrap(err, "settle the export of database %s", id)
}

// loaded tells that an import has begun to commit what it loaded: from then on the
// tenant works with it.
func (d *DumpService) loaded(ctx context.Context, tx store.Tx, id uuid.UUID) (bool, error) {
	begun, err := tx.NewSelect().Model((*models.DatabaseLoad)(nil)).Where("database_id = ?", id).Where("xid IS NOT NULL").Exists(ctx)
	return begun, store.Wrap(err, "look how far the import into database %s is", id)
}

// settleImport forgets the transaction; what it did is the tenant's.
func settleImport(ctx context.Context, tx store.Tx, id uuid.UUID, _ models.JobState) error {
	_, err := tx.NewUpdate().Model((*models.DatabaseLoad)(nil)).Set("xid = NULL").Where("database_id = ?", id).Exec(ctx)
	return store.Wrap(err, "settle the import of database %s", id)
}

func (d *DumpService) importAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := openAgain(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	dump := new(models.DatabaseDump)
	err = tx.NewSelect().Model(dump).Join("JOIN database_loads AS dlo ON dlo.dump_id = dd.id").Where("dlo.database_id = ?", id).For("KEY SHARE OF dd").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.Conflict.New("id", "The dump was removed; upload it again.")
	}
	if err != nil {
		return 0, store.Wrap(err, "read the dump for database %s", id)
	}
	who, err := actor.From(ctx)
	if err != nil {
		return 0, err
	}
	if err := quota.Room(ctx, tx, who, row.CustomerID, models.QuotaDatabaseBytes, 0); err != nil {
		return 0, err
	}
	return row.Generation, ready(ctx, tx, dump, "id")
}

func (d *DumpService) cloneAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	load := new(models.DatabaseLoad)
	if err := tx.NewSelect().Model(load).Where("dlo.database_id = ?", id).Scan(ctx); err != nil {
		return 0, store.Wrap(err, "read what is cloned into database %s", id)
	}
	source, err := settled(ctx, tx, load.SourceID.UUID)
	switch {
	case err != nil:
		return 0, err
	case source == nil:
		return 0, fault.Conflict.New("id", "The database that was to be cloned is gone.")
	}
	if err := d.canBeCloned(ctx, tx, source); err != nil {
		return 0, err
	}
	if _, err := tx.NewUpdate().Model(load).WherePK().Set("xid = NULL").Exec(ctx); err != nil {
		return 0, store.Wrap(err, "order database %s again", id)
	}
	return d.s.createAgain(ctx, tx, id)
}
