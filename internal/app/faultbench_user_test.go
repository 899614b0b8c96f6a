package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A guest is a further user as it has to be: on the server and in our tables.
type guest struct {
	row      *models.DatabaseUser
	state    models.ResourceState // "" for no row
	absent   bool                 // from the server
	rights   models.DatabaseRights
	limit    int
	timeout  int
	password secret.Text
	wrong    secret.Text // a password that must not work; zero for none
}

var nowhere = guest{absent: true}

// hijacked is what one who may act as the database's login makes its password.
const hijacked = "hijacked"

var userCreation = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := b.hosted(ctx)
		if err != nil {
			return s, err
		}
		return s, b.order1(ctx, &s, models.RightsReadWrite)
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		want := *s.guest
		if outcome != models.JobSucceeded {
			want = guest{absent: true, state: models.ResourceFailed}
		}
		return append(b.guestMustBe(ctx, s, want), b.loginMustWork(ctx, s)...)
	},
}

var userChange = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := b.hosted(ctx)
		if err == nil {
			err = b.invite(ctx, &s, models.RightsOwner)
		}
		if err == nil {
			err = b.asGuest(ctx, s, "CREATE TABLE IF NOT EXISTS theirs (n int)", "ALTER ROLE "+s.database.Username+" PASSWORD '"+hijacked+"'",
				"SET ROLE NONE", "CREATE TABLE IF NOT EXISTS own_"+s.guest.row.Name+" (n int)")
		}
		if err != nil {
			return s, err
		}
		rights, limit, timeout := models.RightsReadOnly, 4, 7
		out, err := b.panel.databases.UpdateUser(actor.With(ctx, b.staff), database.UpdateUserInput{
			ID: s.guest.row.ID, Rights: &rights, ConnectionLimit: &limit, StatementTimeoutSeconds: &timeout,
		})
		if err == nil {
			s.job = out.Job.ID
		}
		return s, err
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		want := *s.guest
		if outcome != models.JobSucceeded {
			return b.guestMustBe(ctx, s, want)
		}
		want.rights, want.limit, want.timeout = models.RightsReadOnly, 4, 7
		faults := append(b.guestMustBe(ctx, s, want), b.loginMustWork(ctx, s)...)
		return append(faults, b.loginMustOwn(ctx, s, "own_"+s.guest.row.Name)...)
	},
}

var userRotation = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := b.hosted(ctx)
		if err == nil {
			err = b.invite(ctx, &s, models.RightsReadOnly)
		}
		if err != nil {
			return s, err
		}
		out, err := b.panel.databases.RotateUserPassword(actor.With(ctx, b.staff), database.RotateUserPasswordInput{ID: s.guest.row.ID})
		if err == nil {
			s.job, s.guest.wrong = out.Job.ID, out.Credentials.Secret
		}
		return s, err
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		want := *s.guest
		if outcome == models.JobSucceeded {
			want.password, want.wrong = want.wrong, want.password
		}
		return b.guestMustBe(ctx, s, want)
	},
}

var userDeletion = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := b.hosted(ctx)
		if err == nil {
			err = b.invite(ctx, &s, models.RightsOwner)
		}
		if err == nil {
			err = b.asGuest(ctx, s, "SET ROLE NONE", "CREATE TABLE IF NOT EXISTS own_"+s.guest.row.Name+" (n int)")
		}
		if err != nil {
			return s, err
		}
		out, err := b.panel.databases.DeleteUser(actor.With(ctx, b.staff), database.DeleteUserInput{ID: s.guest.row.ID})
		if err == nil {
			s.job = out.Job.ID
		}
		return s, err
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) []error {
		if outcome != models.JobSucceeded {
			return b.guestMustBe(ctx, s, *s.guest)
		}
		faults := append(b.guestMustBe(ctx, s, nowhere), b.loginMustWork(ctx, s)...)
		return append(faults, b.loginMustOwn(ctx, s, "own_"+s.guest.row.Name)...)
	},
}

// hosted is a scene with a database that all scenes about users of this bench share.
func (b *faultBench) hosted(ctx context.Context) (scene, error) {
	if b.host != nil {
		return *b.host, nil
	}
	s, err := b.order(ctx)
	if err != nil {
		return s, err
	}
	b.panel.engine.Run(ctx, s.job)
	if faults := b.mustBeThere(ctx, s, models.ResourceActive, 1); len(faults) > 0 {
		return s, errors.Join(faults...)
	}
	b.host = &s
	return s, nil
}

// order1 orders a user; its job is the scene's.
func (b *faultBench) order1(ctx context.Context, s *scene, rights models.DatabaseRights) error {
	limit, timeout := 3, 5
	out, err := b.panel.databases.CreateUser(actor.With(ctx, b.staff), database.CreateUserInput{
		DatabaseID: s.database.ID, Name: "guest", Rights: rights, ConnectionLimit: &limit, StatementTimeoutSeconds: &timeout,
	})
	if err != nil {
		return err
	}
	s.job = out.Job.ID
	s.guest = &guest{
		row: out.DatabaseUser, state: models.ResourceActive, rights: rights, limit: limit, timeout: timeout, password: out.Credentials.Secret,
	}
	return nil
}

// invite makes a user.
func (b *faultBench) invite(ctx context.Context, s *scene, rights models.DatabaseRights) error {
	if err := b.order1(ctx, s, rights); err != nil {
		return err
	}
	b.panel.engine.Run(ctx, s.job)
	return errors.Join(b.guestMustBe(ctx, *s, *s.guest)...)
}

// roles are all that a scene may have left.
func (s scene) roles() []string {
	list := []string{s.database.ExtName, "l" + s.database.ExtName[1:] + "_2", workName(s.database) + "_ro", workName(s.database) + "_rw", workName(s.database) + "_in", workName(s.database) + "_out"}
	if s.guest != nil {
		list = append(list, s.guest.row.Username)
	}
	return list
}

// dismiss makes the bench's database ready for the next scene.
func (b *faultBench) dismiss(t *testing.T, s scene) {
	t.Helper()
	if s.guest == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, b.tenants.ConnString(s.database.ExtName).Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	role, main := s.guest.row.Username, s.database.Username
	_, err = conn.Exec(ctx, fmt.Sprintf(`DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN
		ALTER ROLE %[1]s NOLOGIN; PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%[1]s';
		REASSIGN OWNED BY %[1]s TO %[2]s; DROP OWNED BY %[1]s; DROP ROLE %[1]s; END IF; END $$`, role, main))
	require.NoError(t, err)
	for _, sql := range []string{"DROP TABLE IF EXISTS theirs, own_" + s.guest.row.Name, "ALTER ROLE " + main + " PASSWORD '" + s.password.Reveal() + "'"} {
		_, err = conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	_, err = b.oracle.NewDelete().Model(s.guest.row).WherePK().Exec(ctx)
	require.NoError(t, err)
}

func (b *faultBench) login(ctx context.Context, db, user, password string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s dbname=%s password=%s sslmode=disable", b.tenants.Host(), b.tenants.Port(), user, db, password))
}

// asGuest runs statements as the scene's user.
func (b *faultBench) asGuest(ctx context.Context, s scene, stmts ...string) error {
	conn, err := b.login(ctx, s.database.ExtName, s.guest.row.Username, s.guest.password.Reveal())
	if err != nil {
		return err
	}
	for _, sql := range stmts {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", sql, err), conn.Close(ctx))
		}
	}
	return conn.Close(ctx)
}

func (b *faultBench) loginMustWork(ctx context.Context, s scene) []error {
	conn, err := b.login(ctx, s.database.ExtName, s.database.Username, s.password.Reveal())
	if err != nil {
		return []error{errors.New("the database's own login does not work")}
	}
	_, err = conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS proof (n int)")
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return []error{err}
	}
	if conn, err := b.login(ctx, s.database.ExtName, s.database.Username, hijacked); err == nil {
		return []error{errors.New("the database's own login has a password of its user's"), conn.Close(ctx)}
	}
	return nil
}

func (b *faultBench) loginMustOwn(ctx context.Context, s scene, table string) []error {
	conn, err := b.login(ctx, s.database.ExtName, s.database.Username, s.password.Reveal())
	if err != nil {
		return []error{err}
	}
	var owner string
	err = conn.QueryRow(ctx, "SELECT tableowner FROM pg_tables WHERE tablename = $1", table).Scan(&owner)
	if err = errors.Join(err, conn.Close(ctx)); err != nil || owner != s.database.Username {
		return []error{fmt.Errorf("table %s is %q's: %w", table, owner, err)}
	}
	return nil
}

// guestMustBe compares the user with what it has to be.
func (b *faultBench) guestMustBe(ctx context.Context, s scene, want guest) (faults []error) {
	row := s.guest.row
	var rows []*models.DatabaseUser
	if err := b.oracle.NewSelect().Model(&rows).Where("du.id = ?", row.ID).Scan(ctx); err != nil {
		return []error{err}
	}
	switch {
	case len(rows) == 0 && want.state != "":
		faults = append(faults, errors.New("the user's row is gone"))
	case len(rows) == 1 && rows[0].State != want.state:
		faults = append(faults, fmt.Errorf("the user's row is %s, want %q", rows[0].State, want.state))
	case len(rows) == 1 && !want.absent:
		r := rows[0]
		if r.Rights != want.rights || r.ConnectionLimit != want.limit || r.StatementTimeoutSeconds != want.timeout || r.Before != nil {
			faults = append(faults, fmt.Errorf("the user's row is %+v, want %+v", r, want))
		}
	}
	admin, err := pgx.Connect(ctx, b.tenants.ConnString("postgres").Reveal())
	if err != nil {
		return append(faults, err)
	}
	defer func() { _ = admin.Close(ctx) }()
	var mark, timeout string
	var limit int
	err = admin.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_authid'), ''), rolconnlimit,
		coalesce((SELECT substr(v, 19) FROM unnest(rolconfig) v WHERE v LIKE 'statement\_timeout=%'), '') FROM pg_roles WHERE rolname = $1`, row.Username).Scan(&mark, &limit, &timeout)
	switch {
	case errors.Is(err, pgx.ErrNoRows) && want.absent:
		return faults
	case err != nil || want.absent:
		return append(faults, fmt.Errorf("the user's role: %w, absent %t", err, want.absent))
	}
	if want := fmt.Sprintf("%d %d000", want.limit, want.timeout); fmt.Sprintf("%d %s", limit, timeout) != want {
		faults = append(faults, fmt.Errorf("limit and timeout are %d %s, want %s", limit, timeout, want))
	}
	if len(mark) < 36 || mark[len(mark)-36:] != row.ID.String() {
		faults = append(faults, fmt.Errorf("the mark is %q", mark))
	}
	return append(faults, b.guestMustHave(ctx, s, want)...)
}

// guestMustHave tries what the user may and may not do.
func (b *faultBench) guestMustHave(ctx context.Context, s scene, want guest) (faults []error) {
	if !want.wrong.IsZero() {
		if conn, err := b.login(ctx, s.database.ExtName, s.guest.row.Username, want.wrong.Reveal()); err == nil {
			faults = append(faults, errors.New("the wrong password works"), conn.Close(ctx))
		}
	}
	if err := b.asLogin(ctx, s, "CREATE TABLE IF NOT EXISTS proof (n int)"); err != nil {
		return append(faults, err)
	}
	conn, err := b.login(ctx, s.database.ExtName, s.guest.row.Username, want.password.Reveal())
	if err != nil {
		return append(faults, errors.New("the user's credentials do not work"))
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, try := range []struct {
		sql  string
		from models.DatabaseRights
	}{
		{"SELECT * FROM proof", models.RightsReadOnly}, {"INSERT INTO proof VALUES (1)", models.RightsReadWrite},
		{"CREATE TEMP TABLE scratch (n int)", models.RightsReadWrite}, {"ALTER TABLE proof ALTER n TYPE int", models.RightsOwner},
		{"CREATE SCHEMA probe", models.RightsOwner}, {"DROP SCHEMA IF EXISTS probe", models.RightsReadOnly},
	} {
		rank := map[models.DatabaseRights]int{models.RightsReadOnly: 0, models.RightsReadWrite: 1, models.RightsOwner: 2}
		_, err := conn.Exec(ctx, try.sql)
		pg, _ := errors.AsType[*pgconn.PgError](err)
		if may := rank[want.rights] >= rank[try.from]; may && err != nil || !may && (pg == nil || pg.Code != "42501") {
			faults = append(faults, fmt.Errorf("as %s: %s: %w", want.rights, try.sql, err))
		}
	}
	return faults
}

// asLogin runs a statement in the name of the database's own login, whatever its
// password is.
func (b *faultBench) asLogin(ctx context.Context, s scene, sql string) error {
	conn, err := pgx.Connect(ctx, b.tenants.ConnString(s.database.ExtName).Reveal())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SET ROLE "+s.database.Username)
	if err == nil {
		_, err = conn.Exec(ctx, sql)
	}
	return errors.Join(err, conn.Close(ctx))
}
