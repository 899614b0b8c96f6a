package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// carryTimeout bounds one attempt to write or load a dump.
	carryTimeout = 12 * time.Hour
	// progressEvery is the pause between two events about bytes.
	progressEvery = time.Second / 2
)

var carryPolicy = engine.Policy{Timeout: carryTimeout, Retries: 3, Backoff: 2 * time.Second}

// dumpStep writes a dump of a database into a file on this node.
type dumpStep struct{ d *DumpService }

func (dumpStep) Name() string          { return "write-dump" }
func (dumpStep) Policy() engine.Policy { return carryPolicy }

// Observe leaves it to Apply, which knows whether the file is complete and may
// still have to remove the job's login.
func (dumpStep) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

func (s dumpStep) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	c := carryingOf(e)
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	row, err := s.d.dumpOf(ctx, e.Resource)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fault.Conflict.Permanent("", "The dump was removed meanwhile.")
	}
	if row.File == nil {
		if err := s.d.write(ctx, e, c, row); err != nil {
			return nil, err
		}
	}
	if err := engine.Point(ctx, "written"); err != nil {
		return nil, err
	}
	return nil, c.server.DropJobRole(ctx, c.reader)
}

func (s dumpStep) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	c := carryingOf(e)
	if err := c.ready(ctx); err != nil {
		return err
	}
	if err := c.server.DropJobRole(undoing(ctx), c.reader); err != nil {
		return err
	}
	row, err := s.d.dumpOf(ctx, e.Resource)
	if err != nil || row == nil {
		return err
	}
	s.d.files.remove(row.ID)
	_, err = s.d.s.db.NewUpdate().Model(row).WherePK().Set("file = NULL, node = NULL").Exec(ctx)
	return store.Wrap(err, "forget the file of dump %s", row.ID)
}

func (d *DumpService) write(ctx context.Context, e *engine.Env, c *carrying, row *models.DatabaseDump) error {
	version, err := c.server.Version(ctx)
	if err != nil {
		return err
	}
	if err := d.tools.Check(version); err != nil {
		return err
	}
	from, err := c.admit(ctx, c.reader, e.Job)
	if err != nil {
		return err
	}
	if err := engine.Point(ctx, "admitted"); err != nil {
		return err
	}
	out, err := d.files.create(row.ID, 0)
	if err != nil {
		return err
	}
	defer out.drop()
	read := new(atomic.Int64)
	err = follow(ctx, e, read, c.total, "Written", func(ctx context.Context) error {
		return d.tools.Dump(ctx, from, version, *row.Format, out, read)
	})
	if err != nil {
		return err
	}
	if err := engine.Point(ctx, "dumped"); err != nil {
		return err
	}
	if err := out.keep(); err != nil {
		return err
	}
	if err := engine.Point(ctx, "named"); err != nil {
		return err
	}
	raw := read.Load()
	return e.Note(ctx, func(ctx context.Context, tx store.Tx) error { return d.keep(ctx, tx, row, out, &raw) })
}

// follow tells of the bytes that work has moved, a few times a second.
func follow(ctx context.Context, e *engine.Env, moved *atomic.Int64, total int64, verb string, work func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		done <- work(ctx)
	}()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	var told int64
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
		}
		n := moved.Load()
		if n == told {
			continue
		}
		told = n
		if err := e.Progress(ctx, percent(n, total), progressText(verb, n, total)); err != nil {
			cancel()
			return errors.Join(err, <-done)
		}
	}
}

// percent is never 100 before the end: the total is an estimate.
func percent(n, total int64) float64 {
	if total <= 0 {
		return 0
	}
	return min(99, 100*float64(n)/float64(total))
}

func progressText(verb string, n, total int64) string {
	const mb = 1e6
	if total <= n {
		return fmt.Sprintf("%s: %.1f MB.", verb, float64(n)/mb)
	}
	return fmt.Sprintf("%s: %.1f MB of about %.1f MB.", verb, float64(n)/mb, float64(total)/mb)
}

// inspectStep reads a whole dump before anything is touched.
type inspectStep struct{ d *DumpService }

func (inspectStep) Name() string          { return "check-dump" }
func (inspectStep) Policy() engine.Policy { return carryPolicy }

func (inspectStep) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

func (inspectStep) Undo(context.Context, *engine.Env, engine.Handle) error { return nil }

func (s inspectStep) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, s.d.withFile(ctx, e.Resource, func(file *os.File, row *models.DatabaseDump, _ *models.DatabaseLoad) error {
		var info DumpInfo
		read := new(atomic.Int64)
		err := follow(ctx, e, read, 0, "Checked", func(ctx context.Context) (err error) {
			sum, size, err := digest(file)
			if err != nil {
				return fmt.Errorf("read dump file: %w", err)
			}
			if size != *row.SizeBytes || string(sum) != string(row.SHA256) {
				return fault.Invalid.Permanent("", "The file of the dump is not what was stored; upload it again.")
			}
			info, err = s.d.tools.Inspect(ctx, file, unfolded(row), read)
			return err
		})
		if err != nil {
			return err
		}
		_, err = s.d.s.db.NewUpdate().Model(row).WherePK().Set("raw_bytes = ?, format = ?", info.RawBytes, info.Format).Exec(ctx)
		return store.Wrap(err, "note what dump %s has", row.ID)
	})
}

// withFile gives do the file of the dump that is to be loaded, fetched from
// another node if need be.
func (d *DumpService) withFile(ctx context.Context, id uuid.UUID, do func(*os.File, *models.DatabaseDump, *models.DatabaseLoad) error) error {
	load, err := d.loadOf(ctx, id)
	if err != nil {
		return err
	}
	row := new(models.DatabaseDump)
	err = d.s.db.NewSelect().Model(row).Where("dd.id = ?", load.DumpID).Scan(ctx)
	if fault.CodeOf(store.Wrap(err, "read")) == fault.NotFound {
		return fault.Conflict.Permanent("dumpId", "The dump was removed.")
	}
	if err != nil {
		return store.Wrap(err, "read dump %s", load.DumpID)
	}
	if row.File == nil || row.Node == nil {
		return fault.Conflict.Permanent("dumpId", "The dump has no file.")
	}
	if *row.Node == d.node {
		file, err := d.files.read(*row.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // only read
		return do(file, row, load)
	}
	out, err := d.files.create(row.ID, *row.SizeBytes)
	if err != nil {
		return err
	}
	defer out.drop()
	if err := room(out.file, *row.SizeBytes); err != nil {
		return err
	}
	body, err := d.fetch(ctx, row, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, body)
	if err = errors.Join(err, body.Close()); err != nil {
		return fault.Unavailable.Wrap(err, "", "The dump lies on node %s of the panel, and the connection to it broke.", *row.Node)
	}
	if string(out.sum()) != string(row.SHA256) {
		return fault.Unavailable.New("", "The dump came damaged from node %s of the panel.", *row.Node)
	}
	return do(out.file, row, load)
}

// loadStep loads a dump, or what another database has, in one transaction. Its
// id is noted before it is committed, so that a later run asks the server for
// the outcome instead of guessing, and one that lost the job commits nothing.
type loadStep struct {
	d    *DumpService
	name string
}

func (s loadStep) Name() string        { return s.name }
func (loadStep) Policy() engine.Policy { return carryPolicy }

func (loadStep) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

func (s loadStep) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	c := carryingOf(e)
	if c.missing != nil {
		return nil, c.missing
	}
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	committed, err := s.settled(ctx, e)
	if err != nil {
		return nil, err
	}
	if !committed {
		report, err := s.load(ctx, e)
		if err != nil {
			return nil, err
		}
		if err := e.Progress(ctx, 99, summary(report)); err != nil {
			return nil, err
		}
	}
	if c.source == nil {
		return nil, nil // leaveStep does: what is loaded is there to stay
	}
	return nil, c.leave(ctx)
}

// settled ends what an earlier run left and tells whether it had committed.
func (s loadStep) settled(ctx context.Context, e *engine.Env) (bool, error) {
	c := carryingOf(e)
	load, err := s.d.loadOf(ctx, e.Resource)
	if err != nil || load.Xid == nil {
		return false, err
	}
	if err := c.server.DropJobRole(ctx, c.writer); err != nil { // its session may still be about to commit
		return false, err
	}
	committed, err := c.server.Committed(ctx, *load.Xid)
	if err != nil || committed {
		return committed, err
	}
	return false, e.Note(ctx, func(ctx context.Context, tx store.Tx) error { return noteXid(ctx, tx, e.Resource, nil) })
}

// noteXid notes the transaction that is about to be committed; nil for none.
func noteXid(ctx context.Context, tx store.Tx, id uuid.UUID, xid *string) error {
	_, err := tx.NewUpdate().Model((*models.DatabaseLoad)(nil)).Set("xid = ?", xid).Where("database_id = ?", id).Exec(ctx)
	return store.Wrap(err, "note the transaction that loads database %s", id)
}

func (s loadStep) load(ctx context.Context, e *engine.Env) (report LoadReport, err error) {
	c := carryingOf(e)
	to, err := c.admit(ctx, c.writer, e.Job)
	if err != nil {
		return report, err
	}
	if err := engine.Point(ctx, "admitted"); err != nil {
		return report, err
	}
	l := Loading{To: to, Read: new(atomic.Int64), Commit: func(ctx context.Context, xid string) error {
		return e.Note(ctx, func(ctx context.Context, tx store.Tx) error { return noteXid(ctx, tx, e.Resource, &xid) })
	}}
	if c.source != nil {
		return s.copy(ctx, e, l)
	}
	err = s.d.withFile(ctx, e.Resource, func(file *os.File, row *models.DatabaseDump, load *models.DatabaseLoad) error {
		l.Replace = load.Replace
		var total int64
		if row.RawBytes != nil {
			total = *row.RawBytes
		}
		return follow(ctx, e, l.Read, total, "Loaded", func(ctx context.Context) (err error) {
			report, err = s.d.tools.Load(ctx, file, unfolded(row), l)
			return err
		})
	})
	return report, err
}

func (s loadStep) copy(ctx context.Context, e *engine.Env, l Loading) (report LoadReport, err error) {
	c := carryingOf(e)
	var open bool
	err = s.d.s.db.NewSelect().Model((*models.Database)(nil)).ColumnExpr("d.state IN (?, ?) AND NOT ("+shut+")", models.ResourceActive, models.ResourceDegraded).
		Where("d.id = ?", c.source.row.ID).Scan(ctx, &open)
	if err != nil {
		return report, store.Wrap(err, "look at database %s", c.source.row.ID)
	}
	if !open {
		return report, fault.Conflict.Permanent("id", "The database that was to be cloned is suspended or being deleted.")
	}
	version, err := c.server.Version(ctx)
	if err != nil {
		return report, err
	}
	from, err := c.admit(ctx, c.reader, e.Job)
	if err != nil {
		return report, err
	}
	err = follow(ctx, e, l.Read, c.total, "Copied", func(ctx context.Context) (err error) {
		report, err = s.d.tools.Copy(ctx, from, version, DumpLimit{}, l)
		return err
	})
	return report, err
}

// leave removes the job's logins, and puts the database's own back to what the
// panel knows: a dump may have given it another password.
func (c *carrying) leave(ctx context.Context) error {
	if err := c.server.DropJobRole(ctx, c.writer); err != nil {
		return err
	}
	if c.source != nil {
		if err := c.server.DropJobRole(ctx, c.reader); err != nil {
			return err
		}
	}
	return c.server.EnsureLogin(ctx, c.login)
}

func (s loadStep) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	ctx = undoing(ctx)
	c := carryingOf(e)
	if err := c.ready(ctx); err != nil {
		return err
	}
	if err := c.leave(ctx); err != nil {
		return err
	}
	load, err := s.d.loadOf(ctx, e.Resource)
	if err != nil || load.Xid == nil || c.source != nil { // a clone is dropped as a whole
		return err
	}
	committed, err := c.server.Committed(ctx, *load.Xid)
	if err != nil || !committed || load.Replace { // what was replaced is gone for good
		return err
	}
	to, err := c.admit(ctx, c.writer, e.Job)
	if err != nil {
		return err
	}
	if err := s.d.tools.Empty(ctx, to); err != nil {
		return err
	}
	return c.server.DropJobRole(ctx, c.writer)
}

// leaveStep ends an import. The tenant works with what was loaded already, so
// there is no way back.
type leaveStep struct{}

func (leaveStep) Name() string { return "remove-login" }

func (leaveStep) Policy() engine.Policy { return engine.Policy{Pivot: true} }

// Observe leaves it to Apply, which changes nothing that is as it has to be.
func (leaveStep) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

func (leaveStep) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	c := carryingOf(e)
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	return nil, c.leave(ctx)
}

func (leaveStep) Undo(context.Context, *engine.Env, engine.Handle) error { return nil }

// summary tells what was left out.
func summary(r LoadReport) string {
	text := []string{fmt.Sprintf("%d statements.", r.Statements)}
	for _, n := range []struct {
		n    int
		what string
	}{{r.Owners, "about owners and roles"}, {r.Grants, "about rights"}, {r.Settings, "of settings that the server does not know"}} {
		if n.n > 0 {
			text = append(text, fmt.Sprintf("Left out: %d %s.", n.n, n.what))
		}
	}
	return strings.Join(text, " ")
}
