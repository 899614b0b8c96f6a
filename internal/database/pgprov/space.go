package pgprov

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
)

// invalidLimit is what the server sets as connection limit when it begins to
// drop a database: one that still has it was dropped by half, and can only be
// dropped again.
const invalidLimit = -2

// A base is a database of one of a space's names.
type base struct {
	oid     uint32 // 0: there is none
	name    string
	mark    string
	mine    bool // owned by the admin
	limit   int
	open    bool // allows connections at all
	public  bool // PUBLIC has a right on it
	granted []string
}

func (b base) exists() bool { return b.oid != 0 }

// A finding is what a server has under the names of a space.
type finding struct {
	named, working base // by Name and by WorkName
	loginMark      *string
	superuser      bool
	version        int // as server_version_num
	space          database.Space
}

// isOurs is the rule of ownership: the mark, or the working name before there
// is a mark, if the admin owns it.
func (f finding) isOurs(b base) bool {
	if !b.exists() {
		return false
	}
	return b.mark == f.space.Mark || b.name == f.space.WorkName && b.mine && b.mark == ""
}

// ours is our database, the published one first.
func (f finding) ours() (base, bool) {
	if f.isOurs(f.named) {
		return f.named, true
	}
	return f.working, f.isOurs(f.working)
}

// foreign tells whether one of the names is taken by something that is not ours.
func (f finding) foreign() bool {
	return f.named.exists() && !f.isOurs(f.named) || f.working.exists() && !f.isOurs(f.working)
}

const lookAtSpace = `
SELECT n.name, coalesce(d.oid, 0), coalesce(shobj_description(d.oid, 'pg_database'), ''),
       coalesce(pg_get_userbyid(d.datdba) = current_user, false),
       coalesce(d.datconnlimit, 0), coalesce(d.datallowconn, false),
       EXISTS (SELECT FROM aclexplode(d.acl) a WHERE a.grantee = 0),
       ARRAY(SELECT DISTINCT a.privilege_type FROM aclexplode(d.acl) a JOIN pg_roles r ON r.oid = a.grantee
             WHERE r.rolname = $3 ORDER BY 1),
       (SELECT coalesce(shobj_description(r.oid, 'pg_authid'), '') FROM pg_roles r WHERE r.rolname = $3),
       current_setting('is_superuser') = 'on', current_setting('server_version_num')::int
FROM (VALUES ($1), ($2)) n(name)
LEFT JOIN (SELECT *, coalesce(datacl, acldefault('d', datdba)) AS acl FROM pg_database) d ON d.datname = n.name`

func (s *server) lookSpace(ctx context.Context, sp database.Space) (finding, error) {
	pool, err := s.admin()
	if err != nil {
		return finding{}, err
	}
	what := "look at database " + sp.Name
	rows, err := pool.Query(ctx, lookAtSpace, sp.Name, sp.WorkName, sp.Login)
	if err != nil {
		return finding{}, s.wrap(err, what)
	}
	f := finding{space: sp}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var b base
		err := row.Scan(&b.name, &b.oid, &b.mark, &b.mine, &b.limit, &b.open, &b.public, &b.granted,
			&f.loginMark, &f.superuser, &f.version)
		if b.name == sp.Name {
			f.named = b
		} else {
			f.working = b
		}
		return struct{}{}, err
	})
	return f, s.wrap(err, what)
}

// ObserveSpace looks for our database under either name, open or closed to its
// login.
func (s *server) ObserveSpace(ctx context.Context, sp database.Space) (engine.Observed, error) {
	if err := checkSpace(sp); err != nil {
		return engine.Observed{}, err
	}
	f, err := s.lookSpace(ctx, sp)
	if err != nil {
		return engine.Observed{}, err
	}
	b, ok := f.ours()
	if !ok {
		return f.absentOrForeign(), nil
	}
	var d []string
	if b.limit == invalidLimit {
		d = append(d, database.RemovalInterrupted)
	}
	if !b.open {
		d = append(d, "The database does not accept connections.")
	}
	if b.public {
		d = append(d, "Every role has rights on the database.")
	}
	if b.mark == "" {
		d = append(d, "The database does not bear its mark yet.")
	}
	return comparison(d), nil
}

func (f finding) absentOrForeign() engine.Observed {
	if f.foreign() {
		return engine.Observed{State: engine.Foreign, Detail: "The server has a database of that name that is not ours."}
	}
	return engine.Observed{State: engine.Absent}
}

func comparison(differences []string) engine.Observed {
	if len(differences) > 0 {
		return engine.Observed{State: engine.Differs, Detail: strings.Join(differences, " ")}
	}
	return engine.Observed{State: engine.Matches}
}

// EnsureSpace makes the database under WorkName, closed to PUBLIC and marked, or
// finishes what an earlier run left. Creating cannot be part of a transaction,
// so it leaves something that is known as ours, and the rest follows at once.
func (s *server) EnsureSpace(ctx context.Context, sp database.Space) error {
	if err := checkSpace(sp); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, sp)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		switch {
		case ok:
			return s.finish(ctx, sp, b)
		case f.foreign():
			return spaceTaken()
		}
		// template0, because any session in template1 would stop us. No one gets in
		// before OpenSpace: there is no connection to be had.
		err = s.exclusively(ctx, sp.WorkName, func(conn *pgxpool.Conn) error {
			return s.exec(ctx, conn, stmt{
				"create database " + sp.WorkName,
				"CREATE DATABASE " + ident(sp.WorkName) + " TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT 0",
			})
		})
		if err != nil {
			return err
		}
		if err := engine.Point(ctx, "created"); err != nil {
			return err
		}
		return s.finish(ctx, sp, base{name: sp.WorkName, public: true, open: true})
	})
}

// finish does what is missing on a database of ours.
func (s *server) finish(ctx context.Context, sp database.Space, b base) error {
	if b.limit == invalidLimit {
		return fmt.Errorf("finish database %s: its removal was interrupted", b.name)
	}
	var rest []stmt
	if !b.open {
		rest = append(rest, stmt{"let connections into database " + b.name, "ALTER DATABASE " + ident(b.name) + " WITH ALLOW_CONNECTIONS true"})
	}
	if b.public {
		rest = append(rest, stmt{"close database " + b.name, "REVOKE ALL ON DATABASE " + ident(b.name) + " FROM PUBLIC"})
	}
	if b.mark == "" {
		rest = append(rest, stmt{"mark database " + b.name, "COMMENT ON DATABASE " + ident(b.name) + " IS " + literal(sp.Mark)})
	}
	if len(rest) == 0 {
		return nil
	}
	if err := s.change(ctx, rest...); err != nil {
		return err
	}
	return engine.Point(ctx, "marked")
}

// DropSpace removes our database under either name, ending its sessions.
func (s *server) DropSpace(ctx context.Context, sp database.Space) error {
	if err := checkSpace(sp); err != nil {
		return err
	}
	// Nothing may come to be after we have looked.
	if err := s.exclusively(ctx, sp.WorkName, func(*pgxpool.Conn) error { return nil }); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, sp)
		if err != nil {
			return err
		}
		for _, b := range []base{f.named, f.working} {
			if !f.isOurs(b) {
				continue
			}
			err := s.change(ctx, stmt{"drop database " + b.name, "DROP DATABASE IF EXISTS " + ident(b.name) + " WITH (FORCE)"})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
