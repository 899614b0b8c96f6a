package pgprov

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
)

// DropGroups removes both groups if they are ours.
func (s *server) DropGroups(ctx context.Context, sp database.Space) error {
	for _, group := range groupsOf(sp) {
		if err := s.DropLogin(ctx, database.Login{Name: group, Mark: sp.Mark}); err != nil {
			return err
		}
	}
	return nil
}

// makeGroups makes those of the groups that do not exist, each with its mark.
func (s *server) makeGroups(ctx context.Context, sp database.Space, names []string) error {
	for _, group := range names {
		err := s.change(ctx,
			waitForEarlier(group),
			stmt{"create group " + group, "CREATE ROLE " + ident(group) + " NOLOGIN"},
			stmt{"mark group " + group, "COMMENT ON ROLE " + ident(group) + " IS " + literal(sp.Mark)})
		if err != nil {
			return err
		}
	}
	return nil
}

// strayGroup is the condition of a role g that bears a database's mark, $2, and
// can only be a group: whatever else bears it may do what the login, $1, may.
const strayGroup = `shobj_description(g.oid, 'pg_authid') = $2 AND g.rolname <> $1 AND NOT g.rolcanlogin
  AND NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles l ON l.oid = m.roleid WHERE m.member = g.oid AND l.rolname = $1)`

// Which is which is told by what they get of the tables that the login makes.
const lookAtStrayGroups = `
SELECT g.rolname, bool_or(a.privilege_type = 'INSERT')
FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a JOIN pg_roles g ON g.oid = a.grantee
WHERE d.defaclobjtype = 'r' AND d.defaclnamespace = 0 AND d.defaclrole = (SELECT l.oid FROM pg_roles l WHERE l.rolname = $1)
  AND ` + strayGroup + ` AND g.rolname <> ALL ($3::text[]) GROUP BY 1 ORDER BY 1`

// One that has nothing in the database, as when that was made anew, may be either.
const lookAtEmptyGroups = `
SELECT g.rolname FROM pg_roles g WHERE ` + strayGroup + ` AND g.rolname <> ALL ($3::text[])
  AND NOT EXISTS (SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = g.oid
                  AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) ORDER BY 1`

// regroup gives groups that were renamed by hand their names back, and returns the
// names that nobody has after that. One of which it is not known what it may do
// keeps its name.
func (s *server) regroup(ctx context.Context, f finding, b base, missing []string) ([]string, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	sp := f.space
	var stray bool
	err := s.queryRow(ctx, "look for groups of database "+sp.Name, "SELECT EXISTS (SELECT FROM pg_roles g WHERE "+strayGroup+" AND g.rolname <> ALL ($3::text[]))",
		[]any{sp.Login, sp.Mark, groupsOf(sp)}, &stray)
	if err != nil || !stray {
		return missing, err
	}
	called := map[string]string{}
	err = s.enter(ctx, f, b, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, lookAtStrayGroups, sp.Login, sp.Mark, groupsOf(sp))
		if err != nil {
			return s.wrap(err, "look at groups of database "+sp.Name)
		}
		var name string
		var writes bool
		_, err = pgx.ForEachRow(rows, []any{&name, &writes}, func() error {
			group := readers(sp)
			if writes {
				group = writers(sp)
			}
			if _, taken := called[group]; !taken && slices.Contains(missing, group) {
				called[group] = name
			}
			return nil
		})
		if err != nil {
			return s.wrap(err, "look at groups of database "+sp.Name)
		}
		rows, err = conn.Query(ctx, lookAtEmptyGroups, sp.Login, sp.Mark, groupsOf(sp))
		if err != nil {
			return s.wrap(err, "look at groups of database "+sp.Name)
		}
		empty, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, group := range missing {
			if _, taken := called[group]; !taken && len(empty) > 0 {
				called[group], empty = empty[0], empty[1:]
			}
		}
		return s.wrap(err, "look at groups of database "+sp.Name)
	})
	if err != nil {
		return missing, err
	}
	var left []string
	for _, group := range missing {
		name, ok := called[group]
		if !ok {
			left = append(left, group)
			continue
		}
		if err := s.change(ctx, stmt{"rename group " + name, "ALTER ROLE " + ident(name) + " RENAME TO " + ident(group)}); err != nil {
			return left, err
		}
		if err := engine.Point(ctx, "group-renamed"); err != nil {
			return left, err
		}
	}
	return left, nil
}
