package pgprov

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// The login that takes over is the role itself under another name: whatever is
// its own, granted to it, or is to become someone's by default goes by the role
// and not by its name. The old name becomes a role that acts as the new one.

// whoActsAs are the roles that by default act as another in a database. The
// setting is by name, so it has to follow when the name changes.
const whoActsAs = `
SELECT r.rolname FROM pg_db_role_setting c JOIN pg_roles r ON r.oid = c.setrole
WHERE c.setdatabase = $1 AND ('role=' || $2) = ANY (c.setconfig) ORDER BY 1`

func (s *server) actFor(ctx context.Context, b base, from, to string) ([]stmt, error) {
	pool, err := s.admin()
	if err != nil {
		return nil, err
	}
	what := "look who acts as role " + from
	rows, err := pool.Query(ctx, whoActsAs, b.oid, from)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, s.wrap(err, what)
	}
	var out []stmt
	for _, name := range names {
		if name != to { // that one is going to be the role itself
			out = append(out, actAs(name, to, b.name))
		}
	}
	return out, nil
}

func actAs(name, main, db string) stmt {
	return stmt{"choose whom role " + name + " acts as", "ALTER ROLE " + ident(name) + " IN DATABASE " + ident(db) + " SET role = " + ident(main)}
}

func checkTakeOver(old database.Member, next database.Login) error {
	if err := checkWish(next); err != nil {
		return err
	}
	if err := checkWish(old.Login); err != nil {
		return err
	}
	if old.Space.Login != next.Name || old.Login.Mark != next.Mark {
		return fault.Invalid.Permanent("name", "The login that takes over is not the database's.")
	}
	return checkMember(old)
}

// TakeOver renames the role of old to next, with next's password, and makes a
// role of the old name that acts as it, all at once.
func (s *server) TakeOver(ctx context.Context, old database.Member, next database.Login) error {
	if err := checkTakeOver(old, next); err != nil {
		return err
	}
	if err := s.change(ctx, waitForEarlier(next.Name)); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, old.Space)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		switch {
		case !ok && f.foreign():
			return spaceTaken()
		case !ok || b.limit == invalidLimit:
			return fmt.Errorf("take over login %s: its database does not exist", old.Login.Name)
		case f.loginMark != nil && *f.loginMark != next.Mark:
			return roleTaken()
		case f.loginMark != nil:
			return nil // an earlier run got this far
		}
		r, err := s.lookRole(ctx, old.Login.Name, false)
		switch {
		case err != nil:
			return err
		case !r.exists():
			return fmt.Errorf("take over login %s: it does not exist", old.Login.Name)
		case r.mark != old.Login.Mark:
			return roleTaken()
		}
		followers, err := s.actFor(ctx, b, old.Login.Name, next.Name)
		if err != nil {
			return err
		}
		name := ident(old.Login.Name)
		stmts := []stmt{
			waitForEarlier(next.Name),
			{"rename role " + old.Login.Name, "ALTER ROLE " + name + " RENAME TO " + ident(next.Name)},
			{"change role " + next.Name, "ALTER ROLE " + ident(next.Name) + attributes(next, r.superuser)},
			{"create role " + old.Login.Name, "CREATE ROLE " + name + attributes(old.Login, true)},
			tempFileLimit(old.Login),
			{"mark role " + old.Login.Name, "COMMENT ON ROLE " + name + " IS " + literal(old.Login.Mark)},
			{"put role " + old.Login.Name + " into " + next.Name, "GRANT " + ident(next.Name) + " TO " + name},
			{"grant rights on database " + b.name, "GRANT CONNECT ON DATABASE " + ident(b.name) + " TO " + name},
			actAs(old.Login.Name, next.Name, b.name),
		}
		if err := s.change(ctx, append(stmts, followers...)...); err != nil {
			return err
		}
		return engine.Point(ctx, "renamed")
	})
}

// GiveBack is the way back from TakeOver: what the role of the old name owns goes
// to the login, which then gets its old name and password again. Where nothing
// was taken over it does nothing.
func (s *server) GiveBack(ctx context.Context, old database.Member, next database.Login) error {
	if err := checkTakeOver(old, next); err != nil {
		return err
	}
	if err := s.change(ctx, waitForEarlier(next.Name)); err != nil {
		return err
	}
	return settle(func() error {
		r, err := s.lookRole(ctx, next.Name, false)
		if err != nil || !r.exists() || r.mark != next.Mark {
			return err
		}
		if err := s.RevokeRights(ctx, old); err != nil {
			return err
		}
		f, err := s.lookSpace(ctx, old.Space)
		if err != nil {
			return err
		}
		former, err := s.lookRole(ctx, old.Login.Name, false)
		if err != nil {
			return err
		}
		if former.exists() && former.mark != old.Login.Mark {
			return roleTaken()
		}
		var stmts []stmt
		if former.exists() {
			stmts = append(stmts, stmt{"drop role " + old.Login.Name, "DROP ROLE " + ident(old.Login.Name)})
		}
		stmts = append(stmts,
			stmt{"rename role " + next.Name, "ALTER ROLE " + ident(next.Name) + " RENAME TO " + ident(old.Login.Name)},
			stmt{"change role " + old.Login.Name, "ALTER ROLE " + ident(old.Login.Name) + attributes(old.Login, r.superuser)})
		if b, ok := f.ours(); ok {
			followers, err := s.actFor(ctx, b, next.Name, old.Login.Name)
			if err != nil {
				return err
			}
			stmts = append(stmts, followers...)
		}
		if err := s.needed(ctx, former.oid, s.change(ctx, stmts...)); err != nil {
			return err
		}
		return engine.Point(ctx, "renamed-back")
	})
}
