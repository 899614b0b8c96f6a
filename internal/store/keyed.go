package store

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// A Query adds filters to a query for a model: the tenant's by Visible, which is
// given who and p.
type Query func(q *bun.SelectQuery, who Scope, p actor.Permission) *bun.SelectQuery

// A Keyed reads the rows of M that belong to many keys, such as what a list of
// ids names, or the steps of each of some jobs. Its text is always the same, so
// that PostgreSQL plans it once, and it joins the batch of its level. A variable
// of a package, used by pointer.
type Keyed[K comparable, M any] struct {
	Name string // in errors: what could not be done
	// Query selects from the model. $1 is the array of keys, what Read is given
	// beyond them is $2 and so on. It compares with "= ANY ($1)", which becomes "= $1"
	// for one key, of which PostgreSQL makes a cheaper plan.
	Query Query

	texts texts
}

// Read returns the rows that who may see with p, in the query's order. Rows that
// everybody sees who sees what the keys name need no p; who may be nil then.
func (k *Keyed[K, M]) Read(ctx context.Context, db *DB, who *actor.Actor, p actor.Permission, keys []K, args ...any) ([]*M, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	scope := scopeOf(who, p)
	if scope.nothing() {
		return nil, nil
	}
	for i, a := range args {
		if id, ok := a.(interface{ Bare() uuid.UUID }); ok {
			args[i] = pgtype.UUID{Bytes: id.Bare(), Valid: true}
		}
	}
	text := k.texts.of(keyedShape{scope.all, scope.isPinned(), len(keys) == 1}, func() string {
		text := k.Query(db.NewSelect().Model((*M)(nil)), scope.parameter(2+len(args), 0), p).String()
		if len(keys) == 1 {
			text = strings.ReplaceAll(text, "= ANY ($1)", "= $1")
		}
		return text
	})
	r, rows := reading[M](text, scope.add(append(append(make([]any, 0, 3+len(args)), keysOf(keys)), args...)), len(keys))
	if err := db.share(ctx, r); err != nil {
		return nil, Wrap(err, "%s", k.Name)
	}
	return *rows, nil
}

// keyedShape is what changes the text of a keyed read.
type keyedShape struct{ all, pinned, one bool }

// keysOf is one id, or a list of them.
func keysOf[K comparable](keys []K) any {
	if len(keys) == 1 {
		return pgtype.UUID{Bytes: bare(keys[0]), Valid: true}
	}
	return arrayOf(keys)
}

// reading is a read of rows, which reads of the same that run side by side share;
// nobody changes rows that were read. They are there once it is done without an error.
func reading[M any](text string, args []any, expected int) (*read, *[]*M) {
	r := &readInto[M]{read: read{sql: text, args: args, expected: expected}}
	r.into = r
	return &r.read, &r.rows
}

// A readInto is a read with its rows.
type readInto[M any] struct {
	read
	rows []*M
}

func (r *readInto[M]) take(rows pgx.Rows) (err error) {
	r.rows, err = readRows[M](rows, min(r.expected, slab))
	return err
}

func (r *readInto[M]) adopt(other into) bool {
	same, ok := other.(*readInto[M])
	if ok {
		r.rows = slices.Clone(same.rows)
	}
	return ok
}

// texts are a query's, by what changes them, which is comparable.
type texts struct{ byShape sync.Map }

func (t *texts) of(shape any, build func() string) string {
	if text, ok := t.byShape.Load(shape); ok {
		return text.(string) //nolint:forcetypeassert // nothing else is stored
	}
	text := build()
	t.byShape.Store(shape, text)
	return text
}

func (t *texts) has(shape any) bool {
	_, ok := t.byShape.Load(shape)
	return ok
}

// A scope is for which customers a caller holds a permission.
type scope struct {
	all   bool
	roots []ident.CustomerID
	pins  []uuid.UUID // the only objects; none is all
}

// scopeOf is who's; without a permission the rows need none.
func scopeOf(who *actor.Actor, p actor.Permission) scope {
	if p == "" {
		return scope{all: true}
	}
	roots, all := who.Customers(p)
	pins := who.Pinned()
	return scope{all && len(pins) == 0, roots, pins}
}

func (s scope) isPinned() bool { return len(s.pins) > 0 }

// parameter is the scope's place in a text, from a number on; owners is as there.
func (s scope) parameter(roots, owners int) *parameter {
	place := &parameter{all: s.all, roots: roots, owners: owners}
	if s.isPinned() {
		place.pins = roots + 1
	}
	return place
}

// nothing is a caller who sees no rows at all.
func (s scope) nothing() bool { return !s.all && len(s.roots) == 0 }

// add puts the roots and pins where parameter has its places.
func (s scope) add(args []any) []any {
	if s.all {
		return args
	}
	args = append(args, arrayOf(s.roots))
	if s.isPinned() {
		args = append(args, arrayOf(s.pins))
	}
	return args
}
