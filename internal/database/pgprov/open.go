package pgprov

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
)

// rights are what the login gets on its database, in alphabetical order. It does
// not own it: an owner could let others in and lift the limit.
var rights = []string{"CONNECT", "CREATE", "TEMPORARY"}

// ObserveOpen compares rights, limit and schema owner with what OpenSpace makes;
// what CloseSpace leaves is Absent. A login that dropped or filled its own
// database has not made it differ: a schema that is gone, or that the admin
// cannot get at because all connections are taken, is left out.
func (s *server) ObserveOpen(ctx context.Context, sp database.Space) (engine.Observed, error) {
	if err := checkOpening(sp); err != nil {
		return engine.Observed{}, err
	}
	f, err := s.lookSpace(ctx, sp)
	if err != nil {
		return engine.Observed{}, err
	}
	b, ok := f.ours()
	switch {
	case !ok:
		return f.absentOrForeign(), nil
	case b.limit == 0 && !slices.Contains(b.granted, "CONNECT"):
		return engine.Observed{State: engine.Absent}, nil
	}
	var d []string
	switch {
	case f.loginMark == nil:
		d = append(d, "The database's role does not exist.")
	case *f.loginMark != sp.Mark:
		d = append(d, "The database's role is not ours.")
	}
	if !slices.Equal(b.granted, rights) {
		d = append(d, fmt.Sprintf("The role's rights on the database are not %s.", strings.Join(rights, ", ")))
	}
	if b.limit != sp.ConnectionLimit {
		d = append(d, fmt.Sprintf("The database's connection limit is %d instead of %d.", b.limit, sp.ConnectionLimit))
	}
	if !b.open {
		d = append(d, "The database does not accept connections.")
	}
	if len(d) > 0 {
		return comparison(d), nil
	}

	err = s.inside(ctx, b.name, func(conn *pgx.Conn) error {
		owner, err := s.schemaOwner(ctx, conn)
		if err == nil && owner != "" && owner != sp.Login {
			d = append(d, "The role does not own schema public.")
		}
		return err
	})
	if err != nil && !fullDatabase(err) {
		return engine.Observed{}, err
	}
	return comparison(d), nil
}

// schemaOwner is who owns schema public, "" when there is no such schema.
func (s *server) schemaOwner(ctx context.Context, conn *pgx.Conn) (string, error) {
	var owner string
	err := conn.QueryRow(ctx, `SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public'`).Scan(&owner)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return owner, s.wrap(err, "look at schema public")
}

// OpenSpace gives the login its rights on whichever name the database has now.
func (s *server) OpenSpace(ctx context.Context, sp database.Space) error {
	if err := checkOpening(sp); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, sp)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		switch {
		case !ok && f.foreign():
			return spaceTaken()
		case !ok:
			return fmt.Errorf("open database %s: it does not exist", sp.Name)
		case b.public || b.mark == "" || !b.open:
			return fmt.Errorf("open database %s: it is not finished", b.name)
		case f.loginMark == nil:
			return fmt.Errorf("open database %s: role %s does not exist", b.name, sp.Login)
		case *f.loginMark != sp.Mark:
			return roleTaken()
		}
		if err := s.handSchema(ctx, f, b); err != nil {
			return err
		}
		if err := engine.Point(ctx, "schema"); err != nil {
			return err
		}
		// Rights and limit at once: whoever may connect is bounded.
		open := []stmt{limitConnections(b.name, sp.ConnectionLimit)}
		if !slices.Equal(b.granted, rights) {
			open = append(open, stmt{"grant rights on database " + b.name, "GRANT " + strings.Join(rights, ", ") +
				" ON DATABASE " + ident(b.name) + " TO " + ident(sp.Login)})
		}
		if err := s.change(ctx, open...); err != nil {
			return err
		}
		return engine.Point(ctx, "granted")
	})
}

func limitConnections(name string, n int) stmt {
	return stmt{"limit connections to database " + name,
		fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT %d", ident(name), n)}
}

// handSchema makes the login owner of schema public. A login that dropped the
// schema meant it; it can make another one.
func (s *server) handSchema(ctx context.Context, f finding, b base) error {
	sp := f.space
	if !f.superuser {
		if err := s.letIn(ctx, f, b); err != nil {
			return err
		}
	}
	return s.inside(ctx, b.name, func(conn *pgx.Conn) error {
		owner, err := s.schemaOwner(ctx, conn)
		if err != nil || owner == "" {
			return err
		}
		stmts := []stmt{
			{"hand over schema public", "ALTER SCHEMA public OWNER TO " + ident(sp.Login)},
			{"close schema public", "REVOKE ALL ON SCHEMA public FROM PUBLIC"},
		}
		if owner != sp.Login { // and what the groups of users may do there went with one that was an owner
			again, err := s.usageOfGroups(ctx, conn, sp)
			if err != nil {
				return err
			}
			stmts = append(stmts, again...)
		}
		return s.exec(ctx, conn, stmts...)
	})
}

// usageOfGroups lets those of the groups that there are into schema public.
func (s *server) usageOfGroups(ctx context.Context, conn *pgx.Conn, sp database.Space) ([]stmt, error) {
	what := "look for the groups of " + sp.Name
	rows, err := conn.Query(ctx, "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND shobj_description(oid, 'pg_authid') = $2", groupsOf(sp), sp.Mark)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	groups, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, s.wrap(err, what)
	}
	stmts := make([]stmt, len(groups))
	for i, group := range groups {
		stmts[i] = stmt{"let " + group + " into schema public", "GRANT USAGE ON SCHEMA public TO " + ident(group)}
	}
	return stmts, nil
}

// letIn prepares the way for an admin that is not a superuser. The database's
// limit holds it too, so there is room for the panel until the rights are
// granted; the login cannot take that, because it may not connect yet or is held
// by its own limit. And the admin can only give things to a role of which it is
// a member.
func (s *server) letIn(ctx context.Context, f finding, b base) error {
	limit := f.space.ConnectionLimit
	if limit >= 0 {
		limit += maxConns
	}
	return s.change(ctx,
		becomeMember(f.space.Login, f.version),
		limitConnections(b.name, limit))
}

// becomeMember makes the admin act for a role.
func becomeMember(name string, version int) stmt {
	const hasOptions = 160000 // since PostgreSQL 16 a grant says whether it may be used to SET ROLE
	member := "GRANT " + ident(name) + " TO CURRENT_USER"
	if version >= hasOptions {
		member += " WITH INHERIT TRUE, SET TRUE"
	}
	return stmt{"become member of role " + name, member}
}

// CloseSpace takes CONNECT from the login, sets the limit to 0 and ends the
// sessions. A missing or foreign database is left alone.
func (s *server) CloseSpace(ctx context.Context, sp database.Space) error {
	if err := checkOpening(sp); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, sp)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		if !ok || b.limit == invalidLimit { // no one can connect to what was dropped by half
			return nil
		}
		var shut []stmt
		if b.limit != 0 {
			shut = append(shut, limitConnections(b.name, 0))
		}
		if slices.Contains(b.granted, "CONNECT") {
			shut = append(shut, stmt{"revoke CONNECT on database " + b.name,
				"REVOKE CONNECT ON DATABASE " + ident(b.name) + " FROM " + ident(sp.Login)})
		}
		if len(shut) > 0 {
			if err := s.change(ctx, shut...); err != nil {
				return err
			}
		}
		return s.end(ctx, sessions{column: "datid", oid: b.oid, of: "database " + b.name})
	})
}
