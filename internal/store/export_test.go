package store

import (
	"context"
	"reflect"
	"time"

	"github.com/google/uuid"
)

// Learn enters how rows of a test's own model are read: for each column, where its
// value goes.
func Learn[M any](fields map[string]func(*M) any) struct{} {
	all := columns[M]{}
	for name, field := range fields {
		all[name] = func(v value, m *M) error {
			switch to := field(m).(type) {
			case *uuid.UUID:
				return v.uuid(to)
			case *string:
				return v.text(to)
			case *time.Time:
				return v.time(to)
			}
			panic("enter this type")
		}
	}
	readable[reflect.TypeFor[M]()] = all
	return struct{}{}
}

// Learned is how many models can be read.
func Learned() int { return len(readable) }

// ReadAll runs a statement with its parameters as a keyed read.
func ReadAll[M any](ctx context.Context, db *DB, text string, args ...any) ([]*M, error) {
	r, rows := reading[M](text, args, 1)
	if err := db.share(ctx, r); err != nil {
		return nil, err
	}
	return *rows, nil
}

// ReadBig is ReadAll for a read that is sent alone.
func ReadBig[M any](ctx context.Context, db *DB, text string, args ...any) ([]*M, error) {
	r, rows := reading[M](text, args, bigRead)
	if err := db.share(ctx, r); err != nil {
		return nil, err
	}
	return *rows, nil
}

// Waiting is how many keyed reads wait for a connection.
func Waiting(db *DB) int {
	db.reads.mu.Lock()
	defer db.reads.mu.Unlock()
	return len(db.reads.waiting)
}

// ReadConns is how many connections there are for keyed reads.
const ReadConns = readConns
