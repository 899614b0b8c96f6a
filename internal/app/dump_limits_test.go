package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// A clone that is made holds its source no more, whatever is at work on it.
func TestClone_LetsGoOfItsSource(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 5)
	source := b.tenant(t, c, b.name+"source")
	out, err := b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: source.database.ID, Name: b.name + "copy"})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	year := 31536000
	deletion, err := b.panel.databases.Delete(b.by(t), database.DeleteInput{ID: out.Database.ID, GraceSeconds: &year})
	require.NoError(t, err)
	b.panel.engine.Run(t.Context(), deletion.Job.ID)
	require.NotNil(t, b.jobRow(t, deletion.Job.ID).WaitingFor, "the clone's deletion is at work for a year")
	b.export(t, source.database.ID, models.DumpPlain)
	b.suspend(t, source)
	require.Equal(t, models.ResourceSuspended, b.state(t, source))
}

func (b *faultBench) jobRow(t *testing.T, id ident.JobID) *models.Job {
	t.Helper()
	row := new(models.Job)
	require.NoError(t, b.oracle.NewSelect().Model(row).Where("j.id = ?", id).Scan(t.Context()))
	return row
}

// carry orders an export of s, an import of the dump into it, or a clone of it.
func (b *faultBench) carry(t *testing.T, what string, s scene, dump ident.DatabaseDumpID) (job *models.Job, err error) {
	t.Helper()
	switch what {
	case "export":
		var out *database.DumpPayload
		if out, err = b.panel.dumps.Export(b.by(t), database.ExportInput{ID: s.database.ID}); err == nil {
			job = out.Job
		}
	case "import":
		var out *database.ChangePayload
		if out, err = b.panel.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: dump, Replace: true}); err == nil {
			job = out.Job
		}
	case "clone":
		var out *database.ClonePayload
		if out, err = b.panel.dumps.Clone(b.by(t), database.CloneInput{ID: s.database.ID, Name: b.name + "copy"}); err == nil {
			job = out.Job
		}
	default:
		t.Fatalf("no such order: %s", what)
	}
	return job, err
}

// refusesToCarry tries all three.
func (b *faultBench) refusesToCarry(t *testing.T, s scene, dump ident.DatabaseDumpID) {
	t.Helper()
	for _, what := range []string{"export", "import", "clone"} {
		_, err := b.carry(t, what, s, dump)
		require.Contains(t, []fault.Code{fault.Conflict, fault.QuotaExceeded}, fault.CodeOf(err), "%s: %v", what, err)
	}
}

// What is about to be closed is not kept open by anything that lasts, neither by
// what is ordered then nor by what is at work already.
func TestDumps_KeepNothingOpen(t *testing.T) {
	t.Parallel()
	for name, closing := range map[string]func(b *faultBench, c ident.CustomerID){
		"a size quota": func(b *faultBench, c ident.CustomerID) { b.allow(t, c, new(int64(1))) },
		"a suspension": func(b *faultBench, c ident.CustomerID) {
			_, err := b.panel.customers.Suspend(b.by(t), customer.SuspendInput{ID: c, Reason: "Unpaid."})
			require.NoError(t, err)
		},
	} {
		for _, what := range []string{"nothing", "export", "import", "clone"} {
			t.Run(name+", "+what+" at work", func(t *testing.T) {
				t.Parallel()
				b := newFaultBench(t)
				srv := b.http(t)
				c := b.customer(t, nil, 5)
				s := b.tenant(t, c, b.name+"db")
				b.as(t, s, "CREATE TABLE content AS SELECT generate_series(1, 1000) AS n")
				require.NoError(t, b.panel.databases.MeasureServers(t.Context()))
				sent := b.upload(t, srv, s.database.ID, dumpOf("CREATE TABLE other (n int);\nDO $$ BEGIN PERFORM pg_sleep(600); END $$;"))
				var job ident.JobID
				if what != "nothing" {
					ordered, err := b.carry(t, what, s, sent.ID)
					require.NoError(t, err)
					job = ordered.ID
				}
				if what == "export" || what == "clone" {
					defer b.held(t, s, "LOCK TABLE content IN ACCESS EXCLUSIVE MODE")()
				}
				b.serving(t)
				if what != "nothing" {
					require.Eventually(t, func() bool { _, sessions := b.atWork(t, job); return sessions > 0 }, 60*time.Second, 20*time.Millisecond)
				}
				closing(b, c)
				if what == "nothing" {
					b.refusesToCarry(t, s, sent.ID)
				}
				require.Eventually(t, func() bool {
					require.NoError(t, b.panel.databases.EnforceSizeQuotas(t.Context()))
					return b.state(t, s) == models.ResourceSuspended
				}, 60*time.Second, 50*time.Millisecond, "it is closed")
				if what != "nothing" {
					row := b.jobRow(t, job)
					require.Equal(t, models.JobCanceled, row.State, ptr(row.ErrorMessage))
				}
				_, err := b.login(t.Context(), s.database.ExtName, s.database.Username, s.password.Reveal())
				require.Error(t, err)
				b.refusesToCarry(t, s, sent.ID)
			})
		}
	}
}

// A clone needs as much as its source has.
func TestClone_CountsTheSourcesSizeFirst(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 5)
	s := b.tenant(t, c, b.name+"source")
	require.NoError(t, b.panel.databases.MeasureServers(t.Context()))
	size := *b.row(t, s.database.ID).SizeBytes
	in := database.CloneInput{ID: s.database.ID, Name: b.name + "copy", DryRun: true}
	for name, tc := range map[string]struct {
		limit int64
		code  fault.Code
	}{"room for both": {2 * size, ""}, "a byte too little": {2*size - 1, fault.QuotaExceeded}, "room for one": {size + 1, fault.QuotaExceeded}} {
		b.allow(t, c, &tc.limit)
		_, err := b.panel.dumps.Clone(b.by(t), in)
		require.Equal(t, tc.code, fault.CodeOf(err), "%s: %v", name, err)
	}
	sent := b.upload(t, b.http(t), s.database.ID, dumpOf("SELECT 1;"))
	for limit, code := range map[int64]fault.Code{size: fault.QuotaExceeded, size + 1: ""} {
		b.allow(t, c, &limit)
		_, err := b.panel.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: sent.ID, DryRun: true})
		require.Equal(t, code, fault.CodeOf(err), "an import needs some room: %v", err)
	}
}

// The tenant works on while a dump is loaded. Once that is committed nothing takes
// it back, and nothing that came later with it.
func TestImport_WhatIsCommittedStays(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"load-dump:after-effect", "remove-login:after-intent", "remove-login:after-effect"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			b := newFaultBench(t)
			s := b.tenant(t, b.customer(t, nil, 5), b.name+"db")
			sent := b.upload(t, b.http(t), s.database.ID, dumpOf("CREATE TABLE loaded (n int);"))
			out, err := b.panel.dumps.Import(b.by(t), database.ImportInput{ID: s.database.ID, DumpID: sent.ID})
			require.NoError(t, err)
			trap := &faulttest.Trap{Cell: faulttest.Cell{Point: database.KindImport + "/" + point, Mode: faulttest.LoseAck}, LoseAck: func() {
				b.as(t, s, "CREATE TABLE mine (n int)")
				_, err := b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: out.Job.ID})
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "it cannot be taken back any more: %v", err)
			}}
			b.trap.Store(trap)
			require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
			require.True(t, trap.Sprung())
			b.as(t, s, "SELECT FROM mine", "SELECT FROM loaded")
		})
	}
}
