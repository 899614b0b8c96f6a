package database

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// DumpConfig is what a DumpService needs; everything but AdvertiseURL is required.
type DumpConfig struct {
	Databases *Service
	Tools     DumpTools
	Dir       string // of this node's dumps; it is made when it is needed
	Node      string
	// BaseURL is where people reach the panel, AdvertiseURL where other nodes reach
	// this one; "" when they cannot.
	BaseURL, AdvertiseURL string
	// Get reads from another node. Error: fault.Unavailable when it does not answer.
	Get func(ctx context.Context, url string) (io.ReadCloser, error)
	Log *slog.Logger
}

// A DumpService exports, imports and clones databases, and keeps the files.
type DumpService struct {
	s       *Service
	tools   DumpTools
	files   *dumpFiles
	node    string
	baseURL string
	url     string
	get     func(ctx context.Context, url string) (io.ReadCloser, error)
	log     *slog.Logger
	peers   [][]byte // keys of URLs between nodes; the first one signs
}

// NewDumpService returns a DumpService.
func NewDumpService(c DumpConfig) (*DumpService, error) {
	if c.Databases == nil || c.Tools == nil || c.Dir == "" || c.Node == "" || c.Get == nil || c.Log == nil {
		return nil, errors.New("database: Databases, Tools, Dir, Node, Get and Log are required")
	}
	return &DumpService{
		s: c.Databases, tools: c.Tools, files: newDumpFiles(c.Dir), node: c.Node, baseURL: c.BaseURL, url: c.AdvertiseURL, get: c.Get, log: c.Log,
		peers: c.Databases.box.Keys("dump files between nodes"),
	}, nil
}

// Export orders a dump of a database. Errors: fault.NotFound, fault.Invalid,
// fault.Conflict unless the database is ACTIVE or DEGRADED and stays so, has no
// other job at work and fewer than MaxDumps dumps, fault.Unavailable without a pg_dump that
// can read the server.
func (d *DumpService) Export(ctx context.Context, in ExportInput) (*DumpPayload, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	format := models.DumpPlainGzip
	if in.Format != nil {
		format = *in.Format
	}
	var row *models.DatabaseDump
	out, err := d.s.change(ctx, idempotency.Call{Mutation: "exportDatabase", Input: in, DryRun: in.DryRun}, in.ID, "database.export", func(ctx context.Context, tx store.Tx, who *actor.Actor, db *models.Database) (*models.Job, error) {
		if err := mustBeOpen(ctx, tx, db); err != nil {
			return nil, err
		}
		if err := d.canDump(ctx, tx, db); err != nil {
			return nil, err
		}
		if err := dumpsLeft(ctx, tx, db); err != nil {
			return nil, err
		}
		job, err := d.s.start(tx, who, KindExport, db)
		if err != nil {
			return nil, err
		}
		if row, err = newDump(ctx, tx, db, models.DumpExport, ExportTTL); err != nil {
			return nil, err
		}
		row.Format, row.JobID = &format, job.ID
		tx.Queue(tx.NewInsert().Model(row), func(err error) error {
			if store.Violates(err, "database_dumps_one_export") {
				return fault.Conflict.Wrap(err, "id", "An export of this database is at work; wait for it to end, or cancel its job.")
			}
			return store.Wrap(err, "insert dump %s", row.ID)
		})
		return job, nil
	})
	if err != nil {
		return nil, err
	}
	if out.Preview != nil {
		return &DumpPayload{Preview: out.Preview}, nil
	}
	if row == nil {
		row, err = d.find(ctx, "dd.job_id = ?", out.Job.ID)
	}
	return &DumpPayload{Dump: row, Job: out.Job}, err
}

func newDump(ctx context.Context, tx store.Tx, db *models.Database, origin models.DumpOrigin, ttl time.Duration) (*models.DatabaseDump, error) {
	now, err := store.Now(ctx, tx)
	return &models.DatabaseDump{
		ID: ident.NewDatabaseDumpID(), DatabaseID: db.ID, Origin: origin, State: models.DumpPending, CreatedAt: now, ExpiresAt: now.Add(ttl),
	}, err
}

// canDump refuses a server that this machine's pg_dump cannot read.
func (d *DumpService) canDump(ctx context.Context, tx store.Tx, db *models.Database) error {
	server := new(models.DatabaseServer)
	if err := tx.NewSelect().Model(server).Column("version").Where("s.id = ?", db.ServerID).Scan(ctx); err != nil {
		return store.Wrap(err, "read server %s", db.ServerID)
	}
	if server.Version == nil {
		return nil // it was never reached; the job asks it
	}
	return d.tools.Check(*server.Version)
}

func dumpsLeft(ctx context.Context, tx store.Tx, db *models.Database) error {
	//allow:tenant of a database that was found with the filter
	n, err := tx.NewSelect().Model((*models.DatabaseDump)(nil)).Where("dd.database_id = ?", db.ID).Where("dd.state <> ?", models.DumpFailed).Count(ctx)
	if err != nil {
		return store.Wrap(err, "count dumps of database %s", db.ID)
	}
	if n >= MaxDumps {
		return fault.Conflict.New("id", "A database has at most %d dumps; delete one first.", MaxDumps)
	}
	return nil
}

// Import orders that a dump is loaded into a database. Errors: fault.NotFound
// for either, fault.Conflict unless the database is ACTIVE or DEGRADED and stays
// so and the dump is READY, or while another job is at work on the database,
// fault.QuotaExceeded of DATABASE_BYTES.
func (d *DumpService) Import(ctx context.Context, in ImportInput) (*ChangePayload, error) {
	return d.s.change(ctx, idempotency.Call{Mutation: "importDatabase", Input: in, DryRun: in.DryRun}, in.ID, "database.import", func(ctx context.Context, tx store.Tx, who *actor.Actor, db *models.Database) (*models.Job, error) {
		if err := mustBeOpen(ctx, tx, db); err != nil {
			return nil, err
		}
		if err := quota.Room(ctx, tx, who, db.CustomerID, models.QuotaDatabaseBytes, 0); err != nil {
			return nil, err
		}
		dump, err := lockDump(ctx, tx, who, in.DumpID, "dumpId", "KEY SHARE OF dd")
		if err != nil {
			return nil, err
		}
		if err := ready(ctx, tx, dump, "dumpId"); err != nil {
			return nil, err
		}
		if err := ordered(ctx, tx, &models.DatabaseLoad{DatabaseID: db.ID, DumpID: dump.ID, Replace: in.Replace}); err != nil {
			return nil, err
		}
		return d.s.start(tx, who, KindImport, db)
	})
}

// ordered notes what the next job loads.
func ordered(ctx context.Context, tx store.Tx, load *models.DatabaseLoad) error {
	_, err := tx.NewInsert().Model(load).On("CONFLICT (database_id) DO UPDATE").
		Set("dump_id = EXCLUDED.dump_id, source_id = EXCLUDED.source_id, replace = EXCLUDED.replace, xid = NULL").
		// A job that is at work must find what it was ordered with.
		Where("NOT EXISTS (SELECT FROM jobs AS j WHERE j.resource_id = dlo.database_id AND j.state IN (?))", bun.List(engine.Active)).Exec(ctx)
	return store.Wrap(err, "note what is loaded into database %s", load.DatabaseID)
}

func ready(ctx context.Context, tx store.Tx, dump *models.DatabaseDump, field string) error {
	now, err := store.Now(ctx, tx)
	switch {
	case err != nil:
		return err
	case dump.State == models.DumpPending && dump.Origin == models.DumpUpload:
		return fault.Conflict.New(field, "This dump was not uploaded yet.")
	case dump.State == models.DumpPending:
		return fault.Conflict.New(field, "This dump is still being made; wait for its job.")
	case dump.State == models.DumpFailed:
		return fault.Conflict.New(field, "This dump is not complete; make another one.")
	case now.After(dump.ExpiresAt):
		return fault.Conflict.New(field, "This dump has expired.")
	}
	return nil
}

// Clone orders another database on the same server with what a database has.
// Errors: fault.Invalid for a bad name, fault.NotFound for database or customer,
// fault.Conflict when the name is taken, when the source is not ACTIVE or
// DEGRADED or has a job at work, fault.QuotaExceeded with used and max,
// fault.Unavailable without a pg_dump that can read the server.
func (d *DumpService) Clone(ctx context.Context, in CloneInput) (*ClonePayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	fresh, out := newPassword(), &ClonePayload{}
	call := idempotency.Call{Mutation: "cloneDatabase", Input: in, DryRun: in.DryRun}
	preview, err := idempotency.Order(ctx, d.s.db, d.s.engine, call, func(ctx context.Context, tx store.Tx) (ref, error) {
		source, err := lockForWrite(ctx, tx, who, in.ID)
		if err != nil {
			return ref{}, err
		}
		if err := d.canBeCloned(ctx, tx, source); err != nil {
			return ref{}, err
		}
		customer := source.CustomerID
		if in.CustomerID != nil {
			customer = *in.CustomerID
		}
		owner, err := lockOwner(ctx, tx, who, customer)
		if err != nil {
			return ref{}, err
		}
		server := new(models.DatabaseServer)
		if err := tx.NewSelect().Model(server).Apply(visibleServers).Where("s.id = ?", source.ServerID).Scan(ctx); err != nil {
			return ref{}, store.Wrap(err, "read server %s", source.ServerID)
		}
		if err := quota.Take(ctx, tx, who, owner.ID, models.QuotaDatabases); err != nil {
			return ref{}, err
		}
		if err := quota.Room(ctx, tx, who, owner.ID, models.QuotaDatabaseBytes, sizeOf(source)); err != nil {
			return ref{}, err
		}
		verifier, err := fresh.verifier()
		if err != nil {
			return ref{}, err
		}
		limit := source.ConnectionLimit
		row := d.s.newRow(CreateInput{Name: in.Name, ConnectionLimit: &limit}, owner, server, verifier)
		if _, err := tx.NewInsert().Model(row).Returning("created_at, updated_at").Exec(ctx); err != nil {
			if store.Violates(err, "databases_name_in_use") {
				return ref{}, nameInUse(err)
			}
			return ref{}, store.Wrap(err, "insert database %s", row.ID)
		}
		if err := ordered(ctx, tx, &models.DatabaseLoad{DatabaseID: row.ID, SourceID: source.ID}); err != nil {
			return ref{}, err
		}
		job, err := d.s.start(tx, who, KindClone, row)
		if err != nil {
			return ref{}, err
		}
		*out = ClonePayload{Database: row, Job: job, Credentials: credentialsOn(server, row, row.Username, fresh.password)}
		return d.s.showing(refTo(row, job), out.Credentials), audit.Record(ctx, tx, audit.Entry{
			Action: "database.clone", Kind: ident.Database, Object: row.ID.UUID, Customer: row.CustomerID,
			Detail: map[string]any{"name": row.Name, "external_name": row.ExtName, "source": source.ID},
		})
	}, func(ctx context.Context, tx store.Tx, r ref) (err error) {
		if out.Database, out.Job, err = d.s.replay(ctx, tx, who, r); err == nil {
			out.Credentials, err = d.s.shownAgain(ctx, tx, r.Shown, out.Database)
		}
		return err
	})
	if preview != nil {
		return &ClonePayload{Preview: preview}, nil
	}
	return out, err
}

func (d *DumpService) canBeCloned(ctx context.Context, tx store.Tx, source *models.Database) error {
	if err := mustBeOpen(ctx, tx, source); err != nil {
		return err
	}
	job, err := d.s.engine.Active(ctx, tx, source.ID.UUID)
	if err != nil {
		return err
	}
	if job != nil {
		return fault.Conflict.New("id", "Another job is at work on this; wait for it to end.")
	}
	return d.canDump(ctx, tx, source)
}

// DeleteDump removes a dump and its file. Errors: fault.NotFound,
// fault.Conflict while it is being made or imported.
func (d *DumpService) DeleteDump(ctx context.Context, in DeleteDumpInput) (*DumpPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &DumpPayload{}
	err = idempotency.Once(ctx, d.s.db, "deleteDatabaseDump", in, func(ctx context.Context, tx store.Tx) (dumpRef, error) {
		row, err := lockDump(ctx, tx, who, in.ID, "id", "UPDATE OF dd")
		if err != nil {
			return dumpRef{}, err
		}
		if row.State == models.DumpPending && row.Origin == models.DumpExport {
			return dumpRef{}, fault.Conflict.New("id", "This dump is being made; cancel its job.")
		}
		//allow:tenant of a dump that lockDump has found with the filter
		busy, err := tx.NewSelect().Model((*models.DatabaseLoad)(nil)).Where("dlo.dump_id = ?", row.ID).
			Join("JOIN jobs AS j ON j.resource_id = dlo.database_id").Where("j.state IN (?)", bun.List(engine.Active)).Exists(ctx)
		if err != nil {
			return dumpRef{}, store.Wrap(err, "look for imports of dump %s", row.ID)
		}
		if busy {
			return dumpRef{}, fault.Conflict.New("id", "This dump is being imported; wait for the job to end, or cancel it.")
		}
		if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return dumpRef{}, store.Wrap(err, "remove dump %s", row.ID)
		}
		out.Dump = row
		tx.AfterCommit(func() { d.files.remove(row.ID) }) // another node's file is found by its own look
		return dumpRef{Dump: row.ID}, d.record(ctx, tx, "database_dump.delete", row, ident.UserID{})
	}, func(context.Context, store.Tx, dumpRef) error { return nil })
	return out, err
}

// dumpRef is what an idempotency key keeps.
type dumpRef struct {
	Dump ident.DatabaseDumpID `json:"dump"`

	idempotency.Shown `json:"-"`
}

// record audits what was done with a dump, by somebody who is not signed in as well.
func (d *DumpService) record(ctx context.Context, tx store.Tx, action string, row *models.DatabaseDump, user ident.UserID) error {
	db := new(models.Database)
	//allow:tenant of a dump that was found with the filter
	if err := tx.NewSelect().Model(db).Column("customer_id").Where("d.id = ?", row.DatabaseID).Scan(ctx); err != nil {
		return store.Wrap(err, "read database %s", row.DatabaseID)
	}
	return audit.Record(ctx, tx, audit.Entry{
		Action: action, Kind: ident.DatabaseDump, Object: row.ID.UUID, Customer: db.CustomerID, User: user,
		Detail: map[string]any{"database": row.DatabaseID, "origin": row.Origin, "size_bytes": row.SizeBytes},
	})
}
