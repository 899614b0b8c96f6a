package pgprov

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// Reclaim renames only what is known by its mark alone, and only to names that
// nobody has. A database that was given away is the admin's again.
func (s *server) Reclaim(ctx context.Context, e database.Expected) error {
	if err := checkExpected(e); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookAround(ctx, e.Space.Mark, []database.Expected{e})
		if err != nil {
			return err
		}
		renamed, _ := f.renamed(e)
		for _, m := range e.Members { // each bears a mark of its own
			of, err := s.lookAround(ctx, m.Login.Mark, []database.Expected{e})
			if err != nil {
				return err
			}
			its, _ := of.renamed(e)
			if r := its[m.Login.Name]; r != nil {
				renamed[m.Login.Name] = r
			}
		}
		for to, r := range renamed {
			if f.roles[to] != nil { // somebody else's
				continue
			}
			err := s.change(ctx, stmt{"rename role " + r.name, "ALTER ROLE " + ident(r.name) + " RENAME TO " + ident(to)})
			if err != nil {
				return err
			}
			if err := engine.Point(ctx, "role-renamed"); err != nil {
				return err
			}
		}
		return s.reclaimSpace(ctx, f, e.Space)
	})
}

func (s *server) reclaimSpace(ctx context.Context, f *found, sp database.Space) error {
	if len(f.named[sp.Mark]) != 1 {
		return nil
	}
	b := f.named[sp.Mark][0]
	if !b.mine || !b.whole { // what an owner may do comes with it, so the others' rights are granted after this
		if err := s.change(ctx, takeBase(b.name)...); err != nil {
			return err
		}
	}
	if f.bases[sp.Name] != nil || f.bases[sp.WorkName] != nil {
		return nil
	}
	if err := s.rename(ctx, b.oid, b.name, sp.Name); err != nil {
		return err
	}
	return engine.Point(ctx, "database-renamed")
}

// takeBase makes the admin the owner of a database, with all rights on it: those
// of an owner can be taken from it, and without them an admin that is no superuser
// cannot get in.
func takeBase(name string) []stmt {
	return []stmt{
		{"take database " + name + " back", "ALTER DATABASE " + ident(name) + " OWNER TO CURRENT_USER"},
		{"take all rights on database " + name, "GRANT ALL ON DATABASE " + ident(name) + " TO CURRENT_USER"},
	}
}

// Confine revokes in one transaction; what was given by somebody whom the admin
// may not speak for is an error.
func (s *server) Confine(ctx context.Context, e database.Expected) error {
	if err := checkExpected(e); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookAround(ctx, e.Space.Mark, []database.Expected{e})
		if err != nil {
			return err
		}
		rest := f.confineRoles(e)
		if b := f.bases[e.Space.Name]; b != nil && b.mark == e.Space.Mark {
			rest = append(rest, confineBase(b.base, e)...)
		}
		if len(rest) == 0 {
			return nil
		}
		return s.change(ctx, rest...)
	})
}

func (f *found) confineRoles(e database.Expected) (rest []stmt) {
	mayBeIn := map[string][]string{e.Login.Name: nil}
	marks := map[string]string{e.Login.Name: e.Login.Mark}
	for _, m := range e.Members {
		group, _ := entitled(m)
		mayBeIn[m.Login.Name], marks[m.Login.Name] = []string{group}, m.Login.Mark
	}
	for _, g := range groupsOf(e.Space) {
		mayBeIn[g], marks[g] = nil, e.Space.Mark
		if r := f.roles[g]; r != nil && r.mark == e.Space.Mark && (r.canLogin || r.hasPassword || r.expires || r.limit != -1) {
			rest = append(rest, stmt{"disable group " + g, "ALTER ROLE " + ident(g) + " NOLOGIN PASSWORD NULL VALID UNTIL 'infinity' CONNECTION LIMIT -1"})
		}
	}
	for name, groups := range mayBeIn {
		r := f.roles[name]
		if r == nil || r.mark != marks[name] {
			continue
		}
		for _, other := range r.in {
			if !slices.Contains(groups, other) {
				rest = append(rest, stmt{"take role " + name + " out of " + other, "REVOKE " + ident(other) + " FROM " + ident(name)})
			}
		}
		if r.escalated {
			no := " NOCREATEDB NOCREATEROLE"
			if r.superuser {
				no += " NOSUPERUSER NOREPLICATION NOBYPASSRLS"
			}
			rest = append(rest, stmt{"take powers from role " + name, "ALTER ROLE " + ident(name) + no})
		}
	}
	return rest
}

func confineBase(b base, e database.Expected) (rest []stmt) {
	may := []string{e.Login.Name}
	want := map[string][]string{}
	for _, m := range e.Members {
		may = append(may, m.Login.Name)
		_, want[m.Login.Name] = entitled(m)
	}
	seen := map[string]bool{}
	for _, g := range b.granted {
		role, right, _ := strings.Cut(g, "=")
		if !slices.Contains(may, role) && !seen[role] {
			seen[role] = true
			rest = append(rest, stmt{"revoke rights of role " + role, "REVOKE ALL ON DATABASE " + ident(b.name) + " FROM " + ident(role)})
		} else if on, ok := want[role]; ok && !slices.Contains(on, right) {
			rest = append(rest, stmt{"revoke " + right + " of role " + role, "REVOKE " + right + " ON DATABASE " + ident(b.name) + " FROM " + ident(role)})
		}
	}
	return rest
}

// RemoveStray looks at the mark again before it removes anything.
func (s *server) RemoveStray(ctx context.Context, o database.Stray) error {
	if err := checkMark(o.Mark); err != nil {
		return err
	}
	if o.Name == "" || strings.ContainsRune(o.Name, 0) {
		return fault.Invalid.Permanent("name", "The name is not valid.")
	}
	if o.Kind == database.RoleObject {
		return s.dropMarked(ctx, database.Login{Name: o.Name, Mark: o.Mark})
	}
	return settle(func() error {
		var mine bool
		err := s.queryRow(ctx, "look at database "+o.Name,
			"SELECT coalesce(shobj_description(oid, 'pg_database') = $2, false) FROM pg_database WHERE datname = $1", []any{o.Name, o.Mark}, &mine)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !mine {
			return nil
		}
		if err != nil {
			return err
		}
		return s.change(ctx, stmt{"drop database " + o.Name, "DROP DATABASE IF EXISTS " + ident(o.Name) + " WITH (FORCE)"})
	})
}

const lookAtForeign = `
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolname = current_user OR oid < 16384)),
       EXISTS (SELECT FROM pg_database WHERE datname = $1 AND (datistemplate OR oid < 16384))`

// Adopt leaves alone what is PostgreSQL's own.
func (s *server) Adopt(ctx context.Context, o database.Stray) error {
	if err := errors.Join(checkName(o.Name), checkMark(o.Mark)); err != nil {
		return err
	}
	var mighty, own bool
	if err := s.queryRow(ctx, "look at "+o.Name, lookAtForeign, []any{o.Name}, &mighty, &own); err != nil {
		return err
	}
	switch {
	case o.Kind == database.RoleObject && mighty:
		return fault.Conflict.Permanent("", "The role has powers that no tenant's may have; take them from it first.")
	case o.Kind == database.DatabaseObject && own:
		return fault.Conflict.Permanent("", "The database is PostgreSQL's own.")
	}
	return s.change(ctx, stmt{"mark " + o.Name, "COMMENT ON " + string(o.Kind) + " " + ident(o.Name) + " IS " + literal(o.Mark)})
}
