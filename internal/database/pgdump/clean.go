package pgdump

import (
	"context"
	"fmt"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// things are what a tenant may have made in its database: one row for each, how
// it is dropped and what it is. What comes with an extension goes with it.
const things = `
WITH mine AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user),
spaces AS (SELECT oid, nspname, nspowner FROM pg_catalog.pg_namespace
	WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
SELECT 'DROP EXTENSION IF EXISTS ' || quote_ident(extname) || ' CASCADE' AS drop, 1 AS turn
FROM pg_catalog.pg_extension WHERE extowner IN (SELECT oid FROM mine)
UNION ALL
SELECT 'DROP SCHEMA IF EXISTS ' || quote_ident(nspname) || ' CASCADE', 2 FROM spaces WHERE nspowner IN (SELECT oid FROM mine)
UNION ALL
SELECT 'SELECT pg_catalog.lo_unlink(' || oid || ')', 3 FROM pg_catalog.pg_largeobject_metadata WHERE lomowner IN (SELECT oid FROM mine)
UNION ALL
SELECT 'DROP PUBLICATION IF EXISTS ' || quote_ident(pubname), 4 FROM pg_catalog.pg_publication WHERE pubowner IN (SELECT oid FROM mine)
ORDER BY turn`

// left is the first thing that is in the database, empty for none. Extensions
// may stay: a dump makes only those that are missing.
const left = `
WITH spaces AS (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = pg_namespace.oid AND d.deptype = 'e'))
SELECT coalesce((
	SELECT 'schema ' || nspname FROM spaces WHERE nspname <> 'public'
	UNION ALL
	SELECT 'relation ' || c.relname FROM pg_catalog.pg_class c JOIN spaces ON spaces.oid = c.relnamespace
	WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
	AND c.relkind NOT IN ('i', 'I', 't')
	UNION ALL
	SELECT 'function ' || p.proname FROM pg_catalog.pg_proc p JOIN spaces ON spaces.oid = p.pronamespace
	WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')
	UNION ALL
	SELECT 'type ' || t.typname FROM pg_catalog.pg_type t JOIN spaces ON spaces.oid = t.typnamespace
	WHERE t.typtype IN ('d', 'e', 'r') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
	UNION ALL
	SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata
	LIMIT 1), '')`

// clean drops everything that the role owns, in the transaction of the load.
func (s *session) clean(ctx context.Context) error {
	r := s.conn.ExecParams(ctx, things, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return told(r.Err, "")
	}
	for _, row := range r.Rows {
		if err := s.one(ctx, string(row[0])); err != nil {
			return told(err, "While dropping what was there: ")
		}
	}
	missing, err := s.value(ctx, "SELECT (pg_catalog.to_regnamespace('public') IS NULL)::pg_catalog.text")
	if err != nil {
		return err
	}
	if missing == "true" {
		for _, sql := range []string{"CREATE SCHEMA public", "COMMENT ON SCHEMA public IS 'standard public schema'"} { // as every new database has it
			if err := s.one(ctx, sql); err != nil {
				return told(err, "")
			}
		}
	}
	return engine.Point(ctx, "cleaned")
}

// mustBeEmpty refuses to mix a dump with what is there.
func (s *session) mustBeEmpty(ctx context.Context, cleaned bool) error {
	thing, err := s.value(ctx, left)
	switch {
	case err != nil:
		return fmt.Errorf("look whether the database is empty: %w", err)
	case thing == "":
		return nil
	case cleaned:
		return fault.Conflict.Permanent("id", "The database has something that its own login may not drop, such as %s; remove it first.", sentence(thing))
	}
	return fault.Conflict.Permanent("id", "The database is not empty, there is %s; order the import with replace to drop what is there.", thing)
}
