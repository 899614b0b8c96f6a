package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// A Tx is one transaction, for bun by embedding and for pgx by Pgx.
type Tx struct {
	bun.Tx
	conn bun.Conn
	end  *ending
}

// An ending is what waits for the end of a transaction.
type ending struct {
	gen    schema.QueryGen
	writes []write
	after  []func()
}

type write struct {
	query   bun.Query
	explain func(error) error
	row     []any // where the row goes that it returns; nil for none
}

// Queue has a statement sent just before the commit, in one round trip with all
// that are queued and in their order. The row that it returns is scanned into
// row then; without one its result is thrown away. Nothing in the transaction
// sees its effect. Explain turns its error into the caller's.
func (tx Tx) Queue(q bun.Query, explain func(error) error, row ...any) {
	tx.end.writes = append(tx.end.writes, write{q, explain, row})
}

// AfterCommit has fn called once the transaction is committed for sure. When
// the answer to a commit is lost it is not, so it may only hurry up what would
// happen anyway.
func (tx Tx) AfterCommit(fn func()) { tx.end.after = append(tx.end.after, fn) }

// flush sends what is queued.
func (tx Tx) flush(ctx context.Context) error {
	if len(tx.end.writes) == 0 {
		return nil
	}
	return tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error {
		b := &pgx.Batch{}
		for _, w := range tx.end.writes {
			sql, err := w.query.AppendQuery(tx.end.gen, nil)
			if err != nil {
				return w.explain(err)
			}
			//allow:sql bun has made it, and quoted what it was given
			b.Queue(string(sql))
		}
		results := ptx.SendBatch(ctx, b)
		for _, w := range tx.end.writes {
			if err := w.read(results); err != nil {
				_ = results.Close() // says the same again
				return w.explain(err)
			}
		}
		return Wrap(results.Close(), "send queued statements")
	})
}

func (w write) read(results pgx.BatchResults) error {
	if w.row != nil {
		return results.QueryRow().Scan(w.row...)
	}
	_, err := results.Exec()
	return err
}

// Pgx runs fn on the pgx side of the same transaction, for River and COPY. fn
// must not keep what it gets, nor call the bun side, nor commit.
func (tx Tx) Pgx(ctx context.Context, fn func(ctx context.Context, ptx pgx.Tx) error) error {
	return tx.conn.Raw(func(dc any) error {
		return fn(ctx, &joined{tx: dc.(*stdlib.Conn).Conn()}) //nolint:forcetypeassert // store.Open opens with no other driver
	})
}

// deadlockTries is how often InTx runs fn when PostgreSQL chooses it as the
// victim of a deadlock.
const deadlockTries = 3

// InTx runs fn in one transaction, committed when it returns nil. fn may run
// again after a deadlock, so it must leave nothing behind but what it does in tx.
func InTx(ctx context.Context, db *DB, fn func(ctx context.Context, tx Tx) error) error {
	for try := 1; ; try++ {
		err := inTx(ctx, db, fn)
		if try == deadlockTries || code(err) != deadlockDetected {
			return err
		}
	}
}

var errDryRun = errors.New("store: a dry run")

// DryRun runs fn as InTx does, queued statements included, and takes all of it back.
func DryRun(ctx context.Context, db *DB, fn func(ctx context.Context, tx Tx) error) error {
	err := InTx(ctx, db, func(ctx context.Context, tx Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if err := tx.flush(ctx); err != nil {
			return err
		}
		return errDryRun
	})
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}

func inTx(ctx context.Context, db *DB, fn func(ctx context.Context, tx Tx) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return Wrap(err, "begin")
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool; the outcome is known by then
	btx, err := conn.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return Wrap(err, "begin")
	}
	done := false
	defer func() {
		if !done { // an error or a panic of fn
			_ = btx.Rollback()
		}
	}()
	tx := Tx{Tx: btx, conn: conn, end: &ending{gen: db.QueryGen()}}
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	done = true
	if err := btx.Commit(); err != nil {
		return Wrap(err, "commit")
	}
	for _, fn := range tx.end.after {
		fn()
	}
	return nil
}

// joined presents the connection under an open bun transaction as a pgx.Tx. It
// never ends the transaction: bun owns the outcome.
type joined struct {
	tx    *pgx.Conn
	depth int
}

var errOwned = errors.New("store: the transaction belongs to InTx")

func (j *joined) Begin(ctx context.Context) (pgx.Tx, error) {
	name := fmt.Sprintf("joined_%d", j.depth+1)
	if _, err := j.tx.Exec(ctx, "SAVEPOINT "+name); err != nil {
		return nil, err
	}
	return &savepoint{joined: joined{j.tx, j.depth + 1}, name: name}, nil
}
func (j *joined) Commit(context.Context) error   { return errOwned }
func (j *joined) Rollback(context.Context) error { return errOwned }
func (j *joined) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return j.tx.CopyFrom(ctx, table, columns, src)
}
func (j *joined) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return j.tx.SendBatch(ctx, b)
}
func (j *joined) LargeObjects() pgx.LargeObjects { panic("store: large objects are not used") }
func (j *joined) Prepare(ctx context.Context, name, query string) (*pgconn.StatementDescription, error) {
	return j.tx.Prepare(ctx, name, query)
}
func (j *joined) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	return j.tx.Exec(ctx, query, args...)
}
func (j *joined) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return j.tx.Query(ctx, query, args...)
}
func (j *joined) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return j.tx.QueryRow(ctx, query, args...)
}
func (j *joined) Conn() *pgx.Conn { return j.tx }

// savepoint is a part of the transaction that can be taken back alone.
type savepoint struct {
	joined
	name string
	over bool
}

func (s *savepoint) Commit(ctx context.Context) error { return s.end(ctx, "RELEASE SAVEPOINT ") }
func (s *savepoint) Rollback(ctx context.Context) error {
	return s.end(ctx, "ROLLBACK TO SAVEPOINT ")
}

func (s *savepoint) end(ctx context.Context, how string) error {
	if s.over {
		return pgx.ErrTxClosed
	}
	s.over = true
	_, err := s.tx.Exec(ctx, how+s.name)
	return err
}

// Now is PostgreSQL's clock: those of nodes may differ. Of a transaction it is the
// time of its beginning.
func Now(ctx context.Context, db bun.IDB) (now time.Time, err error) {
	err = db.NewSelect().ColumnExpr("now()").Scan(ctx, &now)
	return now.UTC(), Wrap(err, "ask for the time")
}
