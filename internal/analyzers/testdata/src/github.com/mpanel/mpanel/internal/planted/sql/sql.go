package sql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/store"
)

const table = "databases"

func good(ctx context.Context, db *sql.DB, q *bun.SelectQuery, name string, n int, desc bool) {
	_, _ = db.ExecContext(ctx, "SELECT * FROM "+table+" WHERE name = $1", name)
	_, _ = db.ExecContext(ctx, fmt.Sprintf("SELECT * FROM %s LIMIT %d", table, n))
	text := "SELECT 1"
	if desc {
		text += " DESC"
	}
	_, _ = db.ExecContext(ctx, text)
	q.Where("name = ?", name).OrderExpr("? "+direction(desc), bun.Ident(name))
	for _, s := range []string{"BEGIN", "COMMIT"} {
		run(ctx, db, s)
	}
	_, _ = db.ExecContext(ctx, strings.Join([]string{"SELECT 1", "SELECT 2"}, ";"))
}

func run(ctx context.Context, db *sql.DB, statement string) { _, _ = db.ExecContext(ctx, statement) }

func direction(desc bool) string {
	if desc {
		return "DESC"
	}
	return "ASC"
}

// Run is called from elsewhere.
func Run(ctx context.Context, db *sql.DB, statement string) {
	_, _ = db.ExecContext(ctx, statement) // want `this SQL is put together`
}

func bad(ctx context.Context, db *sql.DB, q *bun.SelectQuery, l *store.List, name string, order []string) {
	_, _ = db.ExecContext(ctx, "DROP TABLE "+name)         // want `this SQL is put together`
	_, _ = db.Query(fmt.Sprintf("SELECT * FROM %s", name)) // want `this SQL is put together`
	q.OrderExpr(name)                                      // want `this SQL is put together`
	q.Where("name = '" + name + "'")                       // want `this SQL is put together`
	q.ColumnExpr(strings.Join(order, ", "))                // want `this SQL is put together`
	l.Where("name = " + name)                              // want `this SQL is put together`
	text := "SELECT 1"
	text += name
	_, _ = db.ExecContext(ctx, text) // want `this SQL is put together`
	given(ctx, db, name)
	given(ctx, db, "SELECT 1")
	var b strings.Builder
	b.WriteString(name)
	_, _ = db.ExecContext(ctx, b.String()) // want `this SQL is put together`
}

func given(ctx context.Context, db *sql.DB, statement string) {
	_, _ = db.ExecContext(ctx, statement) // want `this SQL is put together`
}

func excused(ctx context.Context, db *sql.DB, dump string) {
	//allow:sql a tenant's own dump, with that tenant's rights
	_, _ = db.ExecContext(ctx, dump)
}
