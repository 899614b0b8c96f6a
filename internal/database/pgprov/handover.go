package pgprov

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// What a role owns and may do in a database is taken from it by REASSIGN OWNED
// and DROP OWNED. But both reach further than the database that they are run in:
// to everything that the server's databases share. A database or a tablespace of
// a stranger's that somebody gave to a role of ours would become the tenant's, and
// rights that it was given on such a thing would go. So they serve only a role
// that has nothing of the kind; from another its things are taken one by one.

// holdings are what a role has that is no tenant's.
type holdings struct {
	base    bool     // it owns the database that was asked
	foreign string   // what it owns or may use of what is shared, but for that database; "" for nothing
	mighty  string   // what it owns in there that only a superuser may own; "" for nothing
	taking  []string // the statements that make it the admin's
	rooted  bool     // the admin is a superuser
}

const lookAtHoldings = `
WITH held AS (
	SELECT s.*, d.oid AS db FROM pg_shdepend s, pg_database d
	WHERE d.datname = current_database() AND s.refclassid = 'pg_authid'::regclass AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)
), mighty AS (
	SELECT i.* FROM held h CROSS JOIN LATERAL pg_identify_object(h.classid, h.objid, 0) i
	WHERE h.dbid = h.db AND h.deptype = 'o' AND h.classid IN ('pg_event_trigger'::regclass, 'pg_foreign_data_wrapper'::regclass)
)
SELECT d.datdba = r.oid,
       coalesce((SELECT string_agg(DISTINCT pg_describe_object(h.classid, h.objid, 0), ', ') FROM held h
                 WHERE h.dbid = 0 AND NOT (h.classid = 'pg_database'::regclass AND h.objid = d.oid)), ''),
       coalesce((SELECT string_agg(m.type || ' ' || m.identity, ', ') FROM mighty m), ''),
       ARRAY(SELECT format('ALTER %s %s OWNER TO CURRENT_USER', replace(m.type, '-', ' '), m.identity) FROM mighty m),
       current_setting('is_superuser') = 'on'
FROM pg_roles r, pg_database d WHERE r.rolname = $1 AND d.datname = current_database()`

// handOver runs, in one transaction, what takes all from a role that it owns and
// may do in the database of conn, and then the rest. Objects go to the heir,
// quoted, so that nothing of them is lost; the database itself goes to the admin.
// What is shared with other databases stays as it is.
//
// The point is where it has looked and not begun: what takes a step back comes by
// another one than the step.
func (s *server) handOver(ctx context.Context, conn *pgx.Conn, point, name, heir string, rest ...stmt) error {
	var h holdings
	switch err := conn.QueryRow(ctx, lookAtHoldings, name).Scan(&h.base, &h.foreign, &h.mighty, &h.taking, &h.rooted); {
	case errors.Is(err, pgx.ErrNoRows):
		return &failure{what: "look what role " + name + " has", text: "the role is gone", code: undefinedObject}
	case err != nil:
		return s.wrap(err, "look what role "+name+" has")
	case h.mighty != "" && !h.rooted:
		return fault.Conflict.New("", "The role owns %s, which only a superuser may own; give it to one, or drop it.", h.mighty)
	}
	if err := engine.Point(ctx, point); err != nil {
		return err
	}
	var first []stmt
	if h.base {
		first = append(first, takeBase(conn.Config().Database)...)
	}
	for _, sql := range h.taking {
		first = append(first, stmt{"take from role " + name + " what only a superuser may own", sql})
	}
	if h.foreign == "" {
		first = append(first,
			stmt{"hand over what role " + name + " owns", "REASSIGN OWNED BY " + ident(name) + " TO " + heir},
			stmt{"take all rights of role " + name, "DROP OWNED BY " + ident(name)})
		return s.alone(ctx, conn, first, rest)
	}
	single, err := s.oneByOne(ctx, conn, name, heir, h.foreign)
	if err != nil {
		return err
	}
	return s.exec(ctx, conn, append(append(first, single...), rest...)...)
}

// touched tells whether a transaction changed a database other than its own, or a
// tablespace: one that was given to the role after it was looked at.
const touched = `
SELECT EXISTS (SELECT FROM pg_database WHERE xmin = pg_current_xact_id()::xid AND datname <> current_database())
    OR EXISTS (SELECT FROM pg_tablespace WHERE xmin = pg_current_xact_id()::xid)`

// alone runs statements in one transaction, of which the first must touch nothing
// that is shared. When they did, it is as if they had not been run.
func (s *server) alone(ctx context.Context, conn *pgx.Conn, first, rest []stmt) error {
	const what = "hand over in one transaction"
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := s.exec(ctx, tx, first...); err != nil {
			return err
		}
		var shared bool
		if err := tx.QueryRow(ctx, touched).Scan(&shared); err != nil {
			return s.wrap(err, what)
		}
		if shared {
			return &failure{what: what, text: "it would have touched what is shared with other databases", code: serializationFailed}
		}
		if len(rest) == 0 {
			return nil
		}
		return s.exec(ctx, tx, rest...)
	})
	return s.wrap(err, what)
}

// held are the entries of the catalog that tie a role to something in the
// database, of which some go by themselves.
const held = `
WITH x AS (SELECT oid, quote_ident(rolname) AS role FROM pg_roles WHERE rolname = $1),
held AS (
	SELECT DISTINCT s.classid, s.objid, s.deptype, i.type, i.identity, x.oid AS roleid, x.role
	FROM pg_shdepend s JOIN x ON s.refobjid = x.oid CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, 0) i
	WHERE s.refclassid = 'pg_authid'::regclass AND i.identity IS NOT NULL
	  AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
)`

// whatIsOwned has the statements that give each thing to the heir, $2. A sequence
// of a column goes with its table. Temporary tables have outlived their session.
const whatIsOwned = held + `
SELECT h.classid = 'pg_extension'::regclass, h.type || ' ' || h.identity, CASE
	WHEN h.classid = 'pg_class'::regclass AND c.relpersistence = 't' THEN format('DROP TABLE IF EXISTS %s CASCADE', h.identity)
	ELSE format('ALTER %s %s OWNER TO %s', CASE
		WHEN h.classid = 'pg_class'::regclass THEN 'TABLE'
		WHEN h.classid = 'pg_proc'::regclass THEN 'ROUTINE'
		WHEN h.type = 'statistics object' THEN 'STATISTICS'
		ELSE replace(h.type, '-', ' ') END, h.identity, $2::text) END
FROM held h LEFT JOIN pg_class c ON h.classid = 'pg_class'::regclass AND c.oid = h.objid
WHERE h.deptype = 'o' AND h.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
  AND h.classid NOT IN ('pg_event_trigger'::regclass, 'pg_foreign_data_wrapper'::regclass)
  AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
           AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
ORDER BY h.classid = 'pg_namespace'::regclass DESC, h.identity`

// whatIsGranted has the statements that take rights, default privileges, policies
// and mappings. Default privileges go when they are what they would be without.
const whatIsGranted = held + `, defaults AS (
	SELECT d.*, x.oid AS roleid, x.role, quote_ident(pg_get_userbyid(d.defaclrole)) AS maker,
	       CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
	            WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS kind,
	       coalesce(' IN SCHEMA ' || quote_ident((SELECT nspname FROM pg_namespace n WHERE n.oid = d.defaclnamespace)), '') AS inside
	FROM pg_default_acl d, x
)
SELECT format('REVOKE ALL ON %s %s FROM %s CASCADE', CASE
	WHEN h.classid = 'pg_class'::regclass THEN CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
	WHEN h.classid = 'pg_proc'::regclass THEN 'ROUTINE'
	WHEN h.type = 'server' THEN 'FOREIGN SERVER'
	ELSE replace(h.type, '-', ' ') END, h.identity, h.role)
FROM held h LEFT JOIN pg_class c ON h.classid = 'pg_class'::regclass AND c.oid = h.objid
WHERE h.deptype = 'a' AND h.classid <> 'pg_default_acl'::regclass
UNION ALL
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON %s FROM %s', d.maker, d.inside, d.kind,
	CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
FROM defaults d CROSS JOIN LATERAL (SELECT DISTINCT e.grantee FROM aclexplode(d.defaclacl) e) a
WHERE d.defaclrole = d.roleid AND a.grantee <> d.roleid OR a.grantee = d.roleid AND d.inside <> '' OR a.grantee = d.roleid AND d.defaclrole <> d.roleid
UNION ALL
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT ALL ON %s TO %1$s', d.maker, d.kind)
FROM defaults d WHERE d.defaclrole = d.roleid AND d.inside = ''
UNION ALL
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %s GRANT %s ON %s TO PUBLIC', d.maker, CASE d.kind WHEN 'TYPES' THEN 'USAGE' ELSE 'EXECUTE' END, d.kind)
FROM defaults d WHERE d.defaclrole = d.roleid AND d.inside = '' AND d.kind IN ('TYPES', 'FUNCTIONS')
UNION ALL
SELECT CASE WHEN others.names IS NULL THEN format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
            ELSE format('ALTER POLICY %I ON %s TO %s', p.polname, p.polrelid::regclass, others.names) END
FROM x JOIN pg_policy p ON x.oid = ANY (p.polroles) CROSS JOIN LATERAL (
	SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') AS names FROM unnest(p.polroles) r WHERE r <> x.oid
) others
UNION ALL
SELECT format('DROP USER MAPPING FOR %s SERVER %I', x.role, m.srvname) FROM x JOIN pg_user_mappings m ON m.umuser = x.oid
UNION ALL
SELECT format('REVOKE ALL ON DATABASE %I FROM %s CASCADE', current_database(), x.role) FROM x`

// oneByOne has the statements that do in the database of conn what REASSIGN OWNED
// and DROP OWNED would. An extension can be given to nobody in another way, so
// that fault.Conflict says what has to go first.
func (s *server) oneByOne(ctx context.Context, conn *pgx.Conn, name, heir, foreign string) ([]stmt, error) {
	what := "look what role " + name + " has in database " + conn.Config().Database
	rows, err := conn.Query(ctx, whatIsOwned, name, heir)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	var (
		out        []stmt
		extensions []string
		extension  bool
		thing, sql string
	)
	_, err = pgx.ForEachRow(rows, []any{&extension, &thing, &sql}, func() error {
		if extension {
			extensions = append(extensions, thing)
		} else {
			out = append(out, stmt{"hand over what role " + name + " owns", sql})
		}
		return nil
	})
	if err != nil {
		return nil, s.wrap(err, what)
	}
	if len(extensions) > 0 {
		return nil, fault.Conflict.New("", "The role owns %s, which cannot be handed over while somebody else's things are the role's, too: %s.",
			strings.Join(extensions, ", "), foreign)
	}
	rows, err = conn.Query(ctx, whatIsGranted, name)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	_, err = pgx.ForEachRow(rows, []any{&sql}, func() error {
		out = append(out, stmt{"take rights of role " + name, sql})
		return nil
	})
	return out, s.wrap(err, what)
}
