package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// content is what scenes about dumps carry: more rows than fit into one piece.
const content = "CREATE TABLE content AS SELECT i AS n, md5(i::text) AS v FROM generate_series(1, 2000) i"

// wantContent is how a scene's database tells what it has.
const sumOfContent = "SELECT count(*) || ' ' || coalesce(sum(n), 0) FROM content"

var export = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := b.made(ctx)
		if err == nil {
			err = b.asLogin(ctx, s, content)
		}
		if err != nil {
			return s, err
		}
		out, err := b.panel.dumps.Export(actor.With(ctx, b.staff), database.ExportInput{ID: s.database.ID})
		if err == nil {
			s.job, s.dump = out.Job.ID, out.Dump
		}
		return s, err
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		faults := append(b.mustBeThere(ctx, s, models.ResourceActive, 1), b.mustHave(ctx, s, true)...)
		return append(faults, b.dumpMustBe(ctx, s, outcome == models.JobSucceeded)...)
	},
}

var importing = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := export.begin(ctx, b)
		if err != nil {
			return s, err
		}
		b.panel.engine.Run(ctx, s.job)
		if err := errors.Join(b.dumpMustBe(ctx, s, true)...); err != nil {
			return s, err
		}
		if err := b.asLogin(ctx, s, "DROP TABLE content"); err != nil {
			return s, err
		}
		if err := b.asLogin(ctx, s, "DROP TABLE IF EXISTS proof"); err != nil {
			return s, err
		}
		out, err := b.panel.dumps.Import(actor.With(ctx, b.staff), database.ImportInput{ID: s.database.ID, DumpID: s.dump.ID})
		if err == nil {
			s.job = out.Job.ID
		}
		return s, err
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		faults := b.mustHave(ctx, s, outcome == models.JobSucceeded)
		return append(faults, b.mustBeThere(ctx, s, models.ResourceActive, 1)...)
	},
}

var cloning = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		source, err := b.made(ctx)
		if err == nil {
			err = b.asLogin(ctx, source, content)
		}
		if err != nil {
			return source, err
		}
		two := int64(2)
		_, err = b.panel.customers.Update(actor.With(ctx, b.staff), customer.UpdateInput{
			ID: source.database.CustomerID, Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: &two}},
		})
		if err != nil {
			return source, err
		}
		out, err := b.panel.dumps.Clone(actor.With(ctx, b.staff), database.CloneInput{ID: source.database.ID, Name: b.name + "copy"})
		if err != nil {
			return source, err
		}
		return scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret, source: &source}, nil
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) (faults []error) {
		used := int64(1)
		if outcome == models.JobSucceeded {
			used = 2
			faults = append(b.mustBeThere(ctx, s, models.ResourceActive, used), b.mustHave(ctx, s, true)...)
		} else {
			faults = b.mustBeGoneBut(ctx, s, models.ResourceFailed, used)
		}
		faults = append(faults, b.mustBeThere(ctx, *s.source, models.ResourceActive, used)...)
		return append(faults, b.mustHave(ctx, *s.source, true)...)
	},
}

// mustHave wants the content whole, or no table of it.
func (b *faultBench) mustHave(ctx context.Context, s scene, whole bool) []error {
	conn, err := b.login(ctx, s.database.ExtName, s.database.Username, s.password.Reveal())
	if err != nil {
		return []error{fmt.Errorf("the credentials do not work: %w", err)}
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('content') IS NOT NULL").Scan(&there); err != nil || there != whole {
		return []error{fmt.Errorf("the table is there: %t, want %t: %w", there, whole, err)}
	}
	if !whole {
		return nil
	}
	var got string
	if err := conn.QueryRow(ctx, sumOfContent).Scan(&got); err != nil || got != "2000 2001000" {
		return []error{fmt.Errorf("the content is %q: %w", got, err)}
	}
	return nil
}

// dumpMustBe wants the whole file and a row that says so, or neither a file nor
// a row that calls it good.
func (b *faultBench) dumpMustBe(ctx context.Context, s scene, good bool) (faults []error) {
	row := new(models.DatabaseDump)
	if err := b.oracle.NewSelect().Model(row).Where("dd.id = ?", s.dump.ID).Scan(ctx); err != nil {
		return []error{err}
	}
	files, err := filepath.Glob(filepath.Join(dumpFolder(b.dir, "matrix"), s.dump.ID.String()+"-*"))
	if err != nil {
		return []error{err}
	}
	if !good {
		if row.State != models.DumpFailed || row.File != nil {
			faults = append(faults, fmt.Errorf("the dump is %s with file %v", row.State, row.File))
		}
		if len(files) > 0 {
			faults = append(faults, fmt.Errorf("left on disk: %v", files))
		}
		return faults
	}
	if row.State != models.DumpReady || row.File == nil || row.SizeBytes == nil {
		return []error{fmt.Errorf("the dump is %s: %+v", row.State, row)}
	}
	info, err := os.Stat(filepath.Join(dumpFolder(b.dir, "matrix"), *row.File))
	if err != nil || info.Size() != *row.SizeBytes || info.Mode().Perm() != 0o600 {
		faults = append(faults, fmt.Errorf("the file is not as the row says: %w", err))
	}
	for _, f := range files { // those that killed runs left are known to nobody
		if filepath.Base(f) != *row.File && !strings.HasSuffix(f, ".part") {
			if err := os.Remove(f); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return faults
}

// mustBeGoneBut is mustBeGone for a customer that has something else.
func (b *faultBench) mustBeGoneBut(ctx context.Context, s scene, state models.ResourceState, used int64) (faults []error) {
	found, err := b.onServer(ctx, s)
	if err != nil {
		return []error{err}
	}
	if found != (outside{}) {
		faults = append(faults, fmt.Errorf("left on the server: %+v", found))
	}
	return append(faults, b.checkRow(ctx, s, state, used)...)
}
