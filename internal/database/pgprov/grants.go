package pgprov

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
)

// A grant is what someone gets on every object of a kind.
type grant struct{ rights, kind, to string }

func grantsToGroups(sp database.Space) []grant {
	ro, rw := ident(readers(sp)), ident(writers(sp))
	return []grant{
		{"USAGE", "SCHEMAS", ro + ", " + rw},
		{"SELECT", "TABLES", ro}, {"SELECT, INSERT, UPDATE, DELETE", "TABLES", rw},
		{"SELECT", "SEQUENCES", ro}, {"SELECT, USAGE, UPDATE", "SEQUENCES", rw},
	}
}

func defaults(maker string, grants []grant) []stmt {
	out := make([]stmt, len(grants))
	for i, g := range grants {
		out[i] = stmt{"set default rights on what role " + maker + " makes",
			"ALTER DEFAULT PRIVILEGES FOR ROLE " + ident(maker) + " GRANT " + g.rights + " ON " + g.kind + " TO " + g.to}
	}
	return out
}

// objects are quoted names of what there is, by kind: SCHEMAS, TABLES, SEQUENCES.
type objects map[string][]string

// Everything that the database's login and its members own, as far as a group
// was not given its rights on it yet. Whether it has them is another question: it
// may be in a role that has, or be a superuser, until a repair ends that.
const lookAtObjects = `
WITH owners AS (
	SELECT oid FROM pg_roles WHERE rolname = ANY ($1::text[])
	UNION SELECT m.member FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname = ANY ($1::text[])
), groups AS (
	SELECT oid, rolname = $3 AS writes FROM pg_roles WHERE rolname IN ($2, $3)
), spaces AS (
	SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), things AS (
	SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCES' ELSE 'TABLES' END AS kind, format('%I.%I', n.nspname, c.relname) AS name, c.relacl AS acl
	FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relowner IN (SELECT oid FROM owners)
)
SELECT 'SCHEMAS', quote_ident(n.nspname) FROM spaces n
WHERE n.nspowner IN (SELECT oid FROM owners) AND (SELECT count(DISTINCT e.grantee) FROM aclexplode(n.nspacl) e
      WHERE e.grantee IN (SELECT oid FROM groups) AND e.privilege_type = 'USAGE') < 2
UNION ALL
SELECT kind, name FROM things t WHERE (SELECT count(DISTINCT (e.grantee, e.privilege_type)) FROM aclexplode(t.acl) e, groups g
      WHERE e.grantee = g.oid AND CASE kind
            WHEN 'TABLES' THEN e.privilege_type = 'SELECT' OR g.writes AND e.privilege_type IN ('INSERT', 'UPDATE', 'DELETE')
            ELSE e.privilege_type = 'SELECT' OR g.writes AND e.privilege_type IN ('USAGE', 'UPDATE') END)
      < CASE kind WHEN 'TABLES' THEN 5 ELSE 4 END`

func (s *server) lookObjects(ctx context.Context, conn *pgx.Conn, m database.Member) (objects, error) {
	what := "look at what is in database " + m.Space.Name
	ro, rw := readers(m.Space), writers(m.Space)
	rows, err := conn.Query(ctx, lookAtObjects, []string{m.Space.Login, ro, rw}, ro, rw)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	found := objects{}
	var kind, name string
	_, err = pgx.ForEachRow(rows, []any{&kind, &name}, func() error {
		found[kind] = append(found[kind], name)
		return nil
	})
	return found, s.wrap(err, what)
}

func (o objects) grants(sp database.Space) []stmt {
	var out []stmt
	for _, g := range grantsToGroups(sp) {
		if names := o[g.kind]; len(names) > 0 {
			out = append(out, stmt{"grant rights on what there is",
				"GRANT " + g.rights + " ON " + strings.TrimSuffix(g.kind, "S") + " " + strings.Join(names, ", ") + " TO " + g.to})
		}
	}
	return out
}
