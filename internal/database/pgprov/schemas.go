package pgprov

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// Who owns schema public is in each database's own catalog, and a connection to
// each would make a survey a hundred times as dear. But what a role owns, in
// whichever database, is in a catalog that all databases share, so that one
// query sees it from outside. It does not have PostgreSQL's own roles, such as
// the superuser of initdb, and knows schemas by their oids only. So it is enough
// when it names the login that is to be the owner; where it does not, a
// connection into that database tells.

// publicOwner is the owner of the schema public with which database d was made,
// by that shared catalog. The schema's oid is the same everywhere:
// PG_PUBLIC_NAMESPACE of PostgreSQL's source.
const publicOwner = `coalesce((SELECT pg_get_userbyid(s.refobjid)::text FROM pg_shdepend s
             WHERE s.dbid = d.oid AND s.classid = 'pg_namespace'::regclass AND s.objid = 2200 AND s.objsubid = 0
               AND s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'), '')`

// maxLooksInside bounds the connections of a survey into databases. Who dropped
// its schema public, as it may, is looked at in every survey.
const maxLooksInside = 20

// An ownership is what is known of whose schema public is.
type ownership struct {
	outside string // "" when none is known from there
	looked  bool
	inside  string // when looked: "" when there is no such schema
}

func (o ownership) is() string {
	if o.looked {
		return o.inside
	}
	return o.outside
}

// schemas has what surveys saw inside databases, so that they can take turns.
// The zero value is ready to use.
type schemas struct {
	mu     sync.Mutex
	survey uint64
	seen   map[uint32]schemaSeen // by database
}

type schemaSeen struct {
	owner  ownership
	survey uint64 // in which it was looked at
}

// judgesPublic tells whether schema public of b is to be the login's of e: a
// database that is shut, or that has no login, is put right by other means.
func (f *found) judgesPublic(b *seenBase, e database.Expected) bool {
	r := f.roles[e.Login.Name]
	return b != nil && !e.Shut && r != nil && r.mark == e.Login.Mark
}

// lookInside looks into databases of which it is not known from outside that the
// login owns schema public: those that were not looked at for longest, up to
// maxLooksInside. Of the others it tells what the last look saw, if nothing
// changed outside. One that cannot be entered is left for another time.
func (s *server) lookInside(ctx context.Context, f *found, expected []database.Expected) error {
	s.schemas.mu.Lock() // one survey at a time
	defer s.schemas.mu.Unlock()
	s.schemas.survey++
	var doubtful []*seenBase
	seen := map[uint32]schemaSeen{}
	for _, e := range expected {
		for _, name := range []string{e.Space.Name, e.Space.WorkName} {
			b := f.bases[name]
			if b == nil || b.mark != e.Space.Mark || !f.judgesPublic(b, e) || b.schema.outside == e.Login.Name {
				continue
			}
			doubtful = append(doubtful, b)
			if was := s.schemas.seen[b.oid]; was.owner.looked && was.owner.outside == b.schema.outside {
				b.schema, seen[b.oid] = was.owner, was
			}
		}
	}
	slices.SortFunc(doubtful, func(a, b *seenBase) int {
		return cmp.Or(cmp.Compare(seen[a.oid].survey, seen[b.oid].survey), cmp.Compare(a.oid, b.oid))
	})
	for _, b := range doubtful[:min(len(doubtful), maxLooksInside)] {
		var owner string
		err := s.inside(ctx, b.name, func(conn *pgx.Conn) (err error) {
			owner, err = s.schemaOwner(ctx, conn)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return s.wrap(ctx.Err(), "look at schemas")
		case err == nil:
			b.schema.looked, b.schema.inside = true, owner
			seen[b.oid] = schemaSeen{b.schema, s.schemas.survey}
		case fault.CodeOf(err) == fault.Unavailable && !fullDatabase(err):
			s.log.DebugContext(ctx, "look into database broke off", "error", err)
			s.schemas.seen = seen
			return nil // the others can be no better
		}
	}
	s.schemas.seen = seen
	return nil
}
