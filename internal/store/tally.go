package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// A Tally counts what belongs to each of many keys. Like a Keyed it is planned once
// and joins the batch of its level. A variable of a package, used by pointer.
type Tally[K interface {
	comparable
	Bare() uuid.UUID
}] struct {
	Name string // in errors: what could not be done
	// Text selects the key and its number, for keys that have one. $1 is the array of
	// keys, what Read is given beyond them is $2 and so on.
	Text string
	// Of gives the key of a UUID.
	Of func(uuid.UUID) K
}

// Read returns the numbers; a key without one has no entry.
func (t *Tally[K]) Read(ctx context.Context, db *DB, keys []K, args ...any) (map[K]int, error) {
	numbers := make(map[K]int, len(keys))
	if len(keys) == 0 {
		return numbers, nil
	}
	err := db.read(ctx, t.Text, append([]any{arrayOf(keys)}, args...), func(rows pgx.Rows) error {
		var key pgtype.UUID
		var n int
		_, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error {
			numbers[t.Of(key.Bytes)] = n
			return nil
		})
		return err
	})
	if err != nil {
		return nil, Wrap(err, "%s", t.Name)
	}
	return numbers, nil
}
