package keys

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

const (
	batchRows = 200 // of one transaction

	// Rows that somebody has locked are passed by and tried again.
	lockedPause = 50 * time.Millisecond
	lockedTries = 600
)

// table and column names come from columns alone; they are quoted all the same.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// value is the expression of the value as a bytea.
func (c Column) value() string {
	if c.Member == "" {
		return quoted(c.Column)
	}
	return "decode(" + quoted(c.Column) + "->>'" + c.Member + "', 'base64')"
}

func (c Column) count(ctx context.Context, db bun.IDB, where string, args ...any) (int, error) {
	var n int
	err := db.NewSelect().TableExpr(quoted(c.Table)).ColumnExpr("count(*)").Where(c.value()+" IS NOT NULL").Where(where, args...).Scan(ctx, &n)
	return n, store.Wrap(err, "count values in %s.%s", c.Table, c.Column)
}

// A mover moves values to one key.
type mover struct {
	*Ring

	key   uint32
	total int
	moved func(total int) // may be nil
	// unfit are values that cannot be opened, by column and row. They stay as they
	// are, and their keys with them.
	unfit map[string]error
}

// moveAll moves values until none is under another key than this one. Error:
// values that cannot be opened, after all others were moved.
func (r *Ring) moveAll(ctx context.Context, key uint32, moved func(int)) (int, error) {
	m := &mover{Ring: r, key: key, moved: moved, unfit: map[string]error{}}
	for tries := 0; tries < lockedTries; tries++ {
		before, left := m.total, 0
		for _, c := range columns {
			if err := m.column(ctx, c); err != nil {
				return m.total, err
			}
			n, err := c.count(ctx, r.db, "substring("+c.value()+" from 1 for ?) <> ?", len(secret.Prefix(key)), secret.Prefix(key))
			if err != nil {
				return m.total, err
			}
			left += n
		}
		if left <= len(m.unfit) {
			return m.total, m.complain()
		}
		if m.total > before {
			tries = 0 // it goes on
		}
		select {
		case <-time.After(lockedPause):
		case <-ctx.Done():
			return m.total, ctx.Err()
		}
	}
	return m.total, errors.New("some values are kept locked by others; rotate again to go on")
}

func (m *mover) complain() error {
	for _, err := range m.unfit {
		return fmt.Errorf("%d values cannot be opened, such as %w; their keys are kept", len(m.unfit), err)
	}
	return nil
}

// column goes over a column once.
func (m *mover) column(ctx context.Context, c Column) error {
	for after, more := "", true; more; {
		n := 0
		err := store.InTx(ctx, m.db, func(ctx context.Context, tx store.Tx) error {
			return tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) (err error) {
				n, after, err = m.batch(ctx, ptx, c, after)
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("move values of %s.%s: %w", c.Table, c.Column, err)
		}
		more = after != ""
		if m.total += n; n > 0 && m.moved != nil {
			m.moved(m.total)
		}
	}
	return nil
}

// batch moves the rows that come after one, passing by those that somebody has
// locked. last is "" when there are no more.
func (m *mover) batch(ctx context.Context, tx pgx.Tx, c Column, after string) (n int, last string, err error) {
	id := quoted(c.rowID())
	query := "SELECT " + id + "::text, " + c.value() + " FROM " + quoted(c.Table) +
		" WHERE substring(" + c.value() + " from 1 for 5) <> $1"
	args := []any{secret.Prefix(m.key)}
	if after != "" {
		query, args = query+" AND "+id+" > $2::text::"+c.rowType(), append(args, after)
	}
	query += fmt.Sprintf(" ORDER BY %s LIMIT %d FOR NO KEY UPDATE SKIP LOCKED", id, batchRows)
	//allow:sql names of tables and columns are those of columns.go
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return 0, "", err
	}
	type value struct {
		Row    string
		Sealed []byte
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[value])
	if err != nil || len(found) == 0 {
		return 0, "", err
	}
	var ids, fresh []string
	for _, v := range found {
		sealed, err := m.reseal(c, v.Row, v.Sealed)
		if err != nil {
			m.unfit[c.Place+"/"+v.Row] = fmt.Errorf("%s.%s of row %s: %w", c.Table, c.Column, v.Row, err)
			continue
		}
		ids, fresh = append(ids, v.Row), append(fresh, base64.StdEncoding.EncodeToString(sealed))
	}
	set := "decode(v.fresh, 'base64')"
	if c.Member != "" {
		set = "jsonb_set(t." + quoted(c.Column) + ", '{" + c.Member + "}', to_jsonb(v.fresh))"
	}
	//allow:sql names of tables and columns are those of columns.go
	_, err = tx.Exec(ctx, "UPDATE "+quoted(c.Table)+" AS t SET "+quoted(c.Column)+" = "+set+
		" FROM unnest($1::text[], $2::text[]) AS v (id, fresh) WHERE t."+id+" = v.id::"+c.rowType(), ids, fresh)
	return len(ids), found[len(found)-1].Row, err
}

// reseal encrypts a value under the current key.
func (r *Ring) reseal(c Column, row string, sealed []byte) ([]byte, error) {
	place := c.Place + "/" + row
	v, err := r.box.Open(sealed, place)
	if errors.Is(err, secret.ErrSealed) && c.Was != "" && secret.KeyOf(sealed) == 0 {
		v, err = r.box.Open(sealed, c.Was+"/"+row)
	}
	if err != nil {
		return nil, err
	}
	return r.box.Seal(v, place), nil
}
