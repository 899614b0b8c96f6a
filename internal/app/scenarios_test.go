package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A scene is a job that is about to run, and what it is about.
type scene struct {
	job      ident.JobID
	database *models.Database
	password secret.Text
	next     secret.Text          // of a rotation
	guest    *guest               // a further user; nil without
	dump     *models.DatabaseDump // of an export; nil without
	source   *scene               // of a clone; nil without
	sister   *scene               // a second database; nil without
}

// A scenario is how a plan's resource comes to be, and what has to be there
// when its job is over.
type scenario struct {
	begin func(ctx context.Context, b *faultBench) (scene, error)
	check func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error
}

// scenarios has one for each kind of plan.
var scenarios = map[string]scenario{
	database.KindCreate: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) { return b.order(ctx) },
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				return b.mustBeThere(ctx, s, models.ResourceActive, 1)
			}
			return b.mustBeGone(ctx, s, models.ResourceFailed)
		},
	},
	database.KindExport:     export,
	database.KindImport:     importing,
	database.KindClone:      cloning,
	database.KindCreateUser: userCreation,
	database.KindUpdateUser: userChange,
	database.KindRotateUser: userRotation,
	database.KindDeleteUser: userDeletion,
	database.KindSuspend: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.madeWithGuest(ctx)
			if err != nil {
				return s, err
			}
			out, err := b.panel.databases.Suspend(actor.With(ctx, b.staff), database.SuspendInput{ID: s.database.ID})
			return s.with(out, err)
		},
		check: suspendedIf(models.JobSucceeded),
	},
	database.KindResume: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.madeWithGuest(ctx)
			if err != nil {
				return s, err
			}
			out, err := b.panel.databases.Suspend(actor.With(ctx, b.staff), database.SuspendInput{ID: s.database.ID})
			if s, err = s.with(out, err); err != nil {
				return s, err
			}
			b.panel.engine.Run(ctx, s.job)
			out, err = b.panel.databases.Resume(actor.With(ctx, b.staff), database.ResumeInput{ID: s.database.ID})
			return s.with(out, err)
		},
		check: suspendedIf(models.JobFailed),
	},
	database.KindClose: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.made(ctx)
			if err != nil {
				return s, err
			}
			return b.exceed(ctx, s)
		},
		check: suspendedIf(models.JobSucceeded),
	},
	database.KindOpen: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.made(ctx)
			if err == nil {
				s, err = b.exceed(ctx, s)
			}
			if err != nil {
				return s, err
			}
			b.panel.engine.Run(ctx, s.job)
			out, err := b.panel.databases.OpenForCleanup(actor.With(ctx, b.staff), database.CleanupInput{ID: s.database.ID})
			return s.with(out, err)
		},
		check: suspendedIf(models.JobFailed),
	},
	database.KindBulk:     bulkSuspension,
	database.KindAccess:   accessChange,
	database.KindTakeOver: loginTakeOver,
	database.KindRetire:   loginRetirement,
	database.KindGiveBack: loginReturn,
	database.KindRotate: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.made(ctx)
			if err != nil {
				return s, err
			}
			out, err := b.panel.databases.Rotate(actor.With(ctx, b.staff), database.RotateInput{ID: s.database.ID})
			if err == nil {
				s.job, s.next = out.Job.ID, out.Credentials.Secret
			}
			return s, err
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				s.password, s.next = s.next, s.password
			}
			faults := b.mustBeThere(ctx, s, models.ResourceActive, 1)
			if b.enters(ctx, s, s.next) == nil {
				faults = append(faults, errors.New("the other password works, too"))
			}
			return faults
		},
	},
	database.KindRepair: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			return b.harmed(ctx, models.RightsReadWrite, "ALTER ROLE %r RENAME TO %r_away; ALTER ROLE %r_away NOLOGIN CONNECTION LIMIT 99; ALTER ROLE %g NOLOGIN; "+
				"GRANT pg_read_all_data TO %g; REVOKE ALL ON DATABASE %d FROM %g; GRANT CONNECT ON DATABASE %d TO PUBLIC; ALTER DATABASE %d RENAME TO %d_away")
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome != models.JobSucceeded { // there is no way back to what was wrong; the next survey sees what is left
				return b.checkRow(ctx, s, models.ResourceDegraded, 1)
			}
			return b.mended(ctx, s)
		},
	},
	database.KindRecreate: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			return b.harmed(ctx, models.RightsReadOnly, "DROP DATABASE %d")
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome != models.JobSucceeded {
				return b.checkRow(ctx, s, models.ResourceDegraded, 1)
			}
			return b.mended(ctx, s)
		},
	},
	database.KindAdopt: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			return b.harmed(ctx, models.RightsReadOnly, "COMMENT ON ROLE %r IS NULL; COMMENT ON DATABASE %d IS NULL; ALTER ROLE %r CONNECTION LIMIT 99")
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome != models.JobSucceeded {
				return b.checkRow(ctx, s, models.ResourceDegraded, 1)
			}
			return b.mended(ctx, s)
		},
	},
	database.KindRemoveOrphan: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) { return b.orphaned(ctx) },
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome != models.JobSucceeded {
				return nil // it is still there, or is not: the next survey tells
			}
			return b.mustBeGone(ctx, s, "")
		},
	},
	customer.KindSuspend: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.made(ctx)
			if err != nil {
				return s, err
			}
			return b.suspendCustomer(ctx, s)
		},
		check: suspendedIf(models.JobSucceeded),
	},
	customer.KindResume: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.made(ctx)
			if err == nil {
				s, err = b.suspendCustomer(ctx, s)
			}
			if err != nil {
				return s, err
			}
			if err := b.untilOver(ctx, s.job, faulttest.Cell{}); err != nil {
				return s, err
			}
			out, err := b.panel.customers.Resume(actor.With(ctx, b.staff), customer.ResumeInput{ID: s.database.CustomerID})
			if err == nil {
				s.job = out.Job.ID
			}
			return s, err
		},
		check: suspendedIf(models.JobFailed),
	},
	database.KindDelete: {
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.madeWithGuest(ctx)
			if err != nil {
				return s, err
			}
			now := 0
			out, err := b.panel.databases.Delete(actor.With(ctx, b.staff), database.DeleteInput{ID: s.database.ID, GraceSeconds: &now})
			if err == nil {
				s.job = out.Job.ID
			}
			return s, err
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				return append(b.mustBeGone(ctx, s, ""), b.guestMustBe(ctx, s, nowhere)...)
			}
			return append(b.mustBeThere(ctx, s, models.ResourceActive, 1), b.guestMustBe(ctx, s, *s.guest)...)
		},
	},
}

func (b *faultBench) order(ctx context.Context) (scene, error) {
	// Each bench counts its customers from 1; the server is everybody's.
	return b.orderAs(ctx, b.name)
}

func (b *faultBench) orderAs(ctx context.Context, name string) (scene, error) {
	ctx = actor.With(ctx, b.staff)
	one := int64(1)
	c, err := b.panel.customers.Create(ctx, customer.CreateInput{
		Name: "Tenant", Email: "tenant@example.com", Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: &one}},
	})
	if err != nil {
		return scene{}, err
	}
	out, err := b.panel.databases.Create(ctx, database.CreateInput{CustomerID: c.Customer.ID, Name: name})
	if err != nil {
		return scene{}, err
	}
	return scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}, nil
}

// made is a database that is there.
func (b *faultBench) made(ctx context.Context) (scene, error) { return b.madeAs(ctx, b.name) }

// madeWithGuest is one with a further user.
func (b *faultBench) madeWithGuest(ctx context.Context) (scene, error) {
	s, err := b.made(ctx)
	if err == nil {
		err = b.invite(ctx, &s, models.RightsReadWrite)
	}
	return s, err
}

func (b *faultBench) madeAs(ctx context.Context, name string) (scene, error) {
	s, err := b.orderAs(ctx, name)
	if err != nil {
		return s, err
	}
	b.panel.engine.Run(ctx, s.job)
	return s, errors.Join(b.mustBeThere(ctx, s, models.ResourceActive, 1)...)
}

func (s scene) with(out *database.ChangePayload, err error) (scene, error) {
	if err == nil {
		s.job = out.Job.ID
	}
	return s, err
}

func (b *faultBench) suspendCustomer(ctx context.Context, s scene) (scene, error) {
	out, err := b.panel.customers.Suspend(actor.With(ctx, b.staff), customer.SuspendInput{ID: s.database.CustomerID, Reason: "The matrix."})
	if err == nil {
		s.job = out.Job.ID
	}
	return s, err
}

// exceed has more measured than may be used, and the database closed for it.
func (b *faultBench) exceed(ctx context.Context, s scene) (scene, error) {
	// The scenes before have left rows whose databases are gone.
	_, err := b.oracle.ExecContext(ctx, "UPDATE databases SET state = 'FAILED' WHERE customer_id IN (SELECT customer_id FROM customer_quotas WHERE level = 'EXCEEDED')")
	if err == nil {
		_, err = b.oracle.ExecContext(ctx, "UPDATE customer_quotas SET used = 2, max = 1 WHERE name = 'DATABASE_BYTES' AND customer_id = ?", s.database.CustomerID)
	}
	if err == nil {
		err = b.panel.databases.EnforceSizeQuotas(ctx)
	}
	if err != nil {
		return s, err
	}
	return s, b.oracle.NewSelect().Model((*models.Job)(nil)).Column("j.id").Where("j.resource_id = ?", s.database.ID).
		Where("j.kind = ?", database.KindClose).Scan(ctx, &s.job)
}

func suspendedIf(when models.JobState) func(context.Context, *faultBench, scene, models.JobState) []error {
	return func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		if outcome == when {
			return b.mustBeShut(ctx, s)
		}
		faults := b.mustBeThere(ctx, s, models.ResourceActive, 1)
		if s.guest != nil {
			faults = append(faults, b.guestMustBe(ctx, s, *s.guest)...)
		}
		return faults
	}
}

// mustBeShut wants the database on the server, whole, with nobody let in.
func (b *faultBench) mustBeShut(ctx context.Context, s scene) (faults []error) {
	return b.mustBeShutOf(ctx, s, 1)
}

// mustBeShutOf is mustBeShut for one of several databases of a customer.
func (b *faultBench) mustBeShutOf(ctx context.Context, s scene, used int64) (faults []error) {
	found, err := b.onServer(ctx, s)
	if err != nil {
		return []error{err}
	}
	marked := int64(2) // role and database
	if s.guest != nil {
		marked += 2 // the groups of its users
		if b.asGuest(ctx, s) == nil {
			faults = append(faults, errors.New("its user gets in"))
		}
	}
	if want := (outside{Marked: marked, Database: true}); found != want {
		faults = append(faults, fmt.Errorf("on the server %+v, want %+v", found, want))
	}
	if b.enters(ctx, s, s.password) == nil {
		faults = append(faults, errors.New("the login gets in"))
	}
	return append(faults, b.checkRow(ctx, s, models.ResourceSuspended, used)...)
}

// enters logs in as the tenant and works a little.
func (b *faultBench) enters(ctx context.Context, s scene, password secret.Text) error {
	conn, err := pgx.Connect(ctx, b.dsn(s, password))
	if err != nil {
		return errors.New("the credentials do not work")
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS proof (n int)"); err != nil {
		return fmt.Errorf("the login cannot work: %w", err)
	}
	return nil
}

func (b *faultBench) dsn(s scene, password secret.Text) string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=%s password=%s sslmode=disable",
		b.tenants.Host(), b.tenants.Port(), s.database.Username, s.database.ExtName, password.Reveal())
}
