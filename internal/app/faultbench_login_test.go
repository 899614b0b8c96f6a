package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// The scenarios of logins that take over from another.
var (
	loginTakeOver = scenario{
		begin: func(ctx context.Context, b *faultBench) (scene, error) { return b.takingOver(ctx) },
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				return b.loginsMustBe(ctx, s, &login{nextLogin(s), s.next}, &login{s.database.ExtName, s.password})
			}
			return b.loginsMustBe(ctx, s, &login{s.database.ExtName, s.password}, nil)
		},
	}
	loginRetirement = scenario{
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.tookOver(ctx)
			if err == nil { // the scenes before have left rows whose databases are gone
				_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET state = 'FAILED' WHERE previous_until <= now()")
			}
			if err == nil {
				_, err = b.oracle.ExecContext(ctx, "UPDATE databases SET previous_until = now() WHERE id = ?", s.database.ID)
			}
			if err == nil {
				err = b.panel.databases.RetireLogins(ctx)
			}
			if err != nil {
				return s, err
			}
			return s, b.oracle.NewSelect().Model((*models.Job)(nil)).Column("j.id").Where("j.resource_id = ?", s.database.ID).
				Where("j.kind = ?", database.KindRetire).Scan(ctx, &s.job)
		},
		check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
			if outcome == models.JobSucceeded {
				return b.loginsMustBe(ctx, s, &login{nextLogin(s), s.next}, nil)
			}
			return b.loginsMustBe(ctx, s, &login{nextLogin(s), s.next}, &login{s.database.ExtName, s.password})
		},
	}
	loginReturn = scenario{
		begin: func(ctx context.Context, b *faultBench) (scene, error) {
			s, err := b.tookOver(ctx)
			if err != nil {
				return s, err
			}
			out, err := b.panel.databases.KeepLogin(actor.With(ctx, b.staff), database.KeepLoginInput{ID: s.database.ID})
			return s.with(out, err)
		},
		check: func(ctx context.Context, b *faultBench, s scene, _ models.JobState) []error {
			return b.loginsMustBe(ctx, s, &login{s.database.ExtName, s.password}, nil)
		},
	}
)

type login struct {
	name     string
	password secret.Text
}

// nextLogin is the name of the second login that a database ever had.
func nextLogin(s scene) string { return "l" + s.database.ExtName[1:] + "_2" }

// takingOver is a database with an owner beside its login, whose login is to change.
func (b *faultBench) takingOver(ctx context.Context) (scene, error) {
	s, err := b.made(ctx)
	if err == nil {
		err = b.invite(ctx, &s, models.RightsOwner)
	}
	if err != nil {
		return s, err
	}
	hour := 3600
	out, err := b.panel.databases.Rotate(actor.With(ctx, b.staff), database.RotateInput{ID: s.database.ID, GraceSeconds: &hour})
	if err != nil {
		return s, err
	}
	s.job, s.next = out.Job.ID, out.Credentials.Secret
	if out.Credentials.Username != nextLogin(s) || out.Database.Username != s.database.ExtName {
		return s, fmt.Errorf("the new login is %s, the row's %s", out.Credentials.Username, out.Database.Username)
	}
	return s, nil
}

func (b *faultBench) tookOver(ctx context.Context) (scene, error) {
	s, err := b.takingOver(ctx)
	if err != nil {
		return s, err
	}
	b.panel.engine.Run(ctx, s.job)
	return s, errors.Join(loginTakeOver.check(ctx, b, s, models.JobSucceeded)...)
}

// loginsMustBe wants these logins on the server and in the row, the second of
// which acts as the first, and nobody else.
func (b *faultBench) loginsMustBe(ctx context.Context, s scene, main, before *login) (faults []error) {
	row := new(models.Database)
	if err := b.oracle.NewSelect().Model(row).Where("d.id = ?", s.database.ID).Scan(ctx); err != nil {
		return []error{err}
	}
	want := []string{main.name}
	if before != nil {
		want = append(want, before.name)
	}
	slices.Sort(want)
	got := []string{row.Username}
	if row.PreviousUsername != nil {
		got = append(got, *row.PreviousUsername)
	}
	slices.Sort(got)
	if row.Username != main.name || !slices.Equal(got, want) {
		faults = append(faults, fmt.Errorf("the row has %v, want %v", got, want))
	}
	found, err := b.markedRoles(ctx, s)
	if err != nil || !slices.Equal(found, want) {
		faults = append(faults, fmt.Errorf("the server has %v, want %v: %w", found, want, err))
	}
	for _, l := range []*login{main, before} {
		if l == nil {
			continue
		}
		faults = append(faults, b.actsAs(ctx, s, *l, main.name)...)
	}
	for _, l := range []login{{main.name, s.password}, {main.name, s.next}, {s.database.ExtName, s.password}, {s.database.ExtName, s.next}, {nextLogin(s), s.password}, {nextLogin(s), s.next}} {
		if l == *main || before != nil && l == *before {
			continue
		}
		if conn, err := b.login(ctx, s.database.ExtName, l.name, l.password.Reveal()); err == nil {
			faults = append(faults, fmt.Errorf("%s gets in with the other's password", l.name), conn.Close(ctx))
		}
	}
	renamed := *s.database
	renamed.Username = main.name
	s.database = &renamed
	if s.guest == nil {
		return faults
	}
	return append(append(faults, b.guestMustBe(ctx, s, *s.guest)...), b.actsAs(ctx, s, login{s.guest.row.Username, s.guest.password}, main.name)...)
}

// markedRoles are the roles that can log in and bear the database's mark.
func (b *faultBench) markedRoles(ctx context.Context, s scene) ([]string, error) {
	conn, err := pgx.Connect(ctx, b.tenants.ConnString("postgres").Reveal())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT rolname::text FROM pg_roles
		WHERE shobj_description(oid, 'pg_authid') LIKE 'mpanel:%' || $1 AND rolcanlogin AND 'temp_file_limit=5242880' = ANY (rolconfig) ORDER BY 1`, s.database.ID.String())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// actsAs logs in and works in the name of the database's login, on what there was.
func (b *faultBench) actsAs(ctx context.Context, s scene, l login, main string) (faults []error) {
	conn, err := b.login(ctx, s.database.ExtName, l.name, l.password.Reveal())
	if err != nil {
		return []error{fmt.Errorf("%s does not get in: %w", l.name, err)}
	}
	defer func() { _ = conn.Close(ctx) }()
	var who, schema, proof string
	err = conn.QueryRow(ctx, `SELECT current_user, (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public'),
		(SELECT tableowner FROM pg_tables WHERE tablename = 'proof')`).Scan(&who, &schema, &proof)
	if err != nil || who != main || schema != main || proof != main {
		faults = append(faults, fmt.Errorf("%s acts as %s, schema public is %s's, the table %s's, want %s: %w", l.name, who, schema, proof, main, err))
	}
	if _, err := conn.Exec(ctx, "ALTER TABLE proof ALTER n TYPE int; CREATE TABLE more (n int); DROP TABLE more"); err != nil {
		faults = append(faults, fmt.Errorf("%s cannot work: %w", l.name, err))
	}
	return faults
}
