package database

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// visibleDumps keeps the dumps of the databases that the caller may see.
func visibleDumps(who store.Scope, p actor.Permission) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Join("JOIN databases AS d ON d.id = dd.database_id").Apply(visible(who, p))
	}
}

// find returns the dump that a condition is true of, nil without one.
func (d *DumpService) find(ctx context.Context, where string, args ...any) (*models.DatabaseDump, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	var rows []*models.DatabaseDump
	err = d.s.db.NewSelect().Model(&rows).Apply(visibleDumps(who, actor.DatabasesRead)).Where(where, args...).Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, store.Wrap(err, "find dump")
	}
	return rows[0], nil
}

// FindDump returns a dump, nil when there is none that the caller may see.
func (d *DumpService) FindDump(ctx context.Context, id ident.DatabaseDumpID) (*models.DatabaseDump, error) {
	found, err := d.FindDumps(ctx, []ident.DatabaseDumpID{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

var dumpsByID = &store.Keyed[ident.DatabaseDumpID, models.DatabaseDump]{
	Name: "find dumps", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visibleDumps(who, p)).Where("dd.id = ANY ($1)")
	},
}

// FindDumps returns those of the dumps that the caller may see, in one query.
func (d *DumpService) FindDumps(ctx context.Context, ids []ident.DatabaseDumpID) (map[ident.DatabaseDumpID]*models.DatabaseDump, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := dumpsByID.Read(ctx, d.s.db, who, actor.DatabasesRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.DatabaseDumpID]*models.DatabaseDump, len(rows))
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, nil
}

var dumpsOf = &store.Edge[ident.DatabaseID, models.DatabaseDump]{
	Order: store.Order[*models.DatabaseDump]{
		Name: "databaseDumps", Key: "dd.created_at", Type: "timestamptz", ID: "dd.id", Desc: true,
		Place: func(row *models.DatabaseDump) (string, string) {
			return row.CreatedAt.Format(time.RFC3339Nano), row.ID.String()
		},
	},
	Parent: "dd.database_id", Of: func(row *models.DatabaseDump) ident.DatabaseID { return row.DatabaseID },
	Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visibleDumps(who, p))
	},
}

// DumpsOf returns a page of dumps for each database, the newest first, in one
// query; nil where the caller may see none.
func (d *DumpService) DumpsOf(ctx context.Context, databases []*models.Database, args page.Args) ([]*DumpConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids, customers := make([]ident.DatabaseID, len(databases)), make([]ident.CustomerID, len(databases))
	for i, db := range databases {
		ids[i], customers[i] = db.ID, db.CustomerID
	}
	return dumpsOf.PagesWithin(ctx, d.s.db, who, actor.DatabasesRead, ids, customers, args)
}

// lockDump reads a dump that the caller may use, with a row lock.
func lockDump(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DatabaseDumpID, field, lock string) (*models.DatabaseDump, error) {
	row := new(models.DatabaseDump)
	err := tx.NewSelect().Model(row).Apply(visibleDumps(who, actor.DatabasesWrite)).Where("dd.id = ?", id.UUID).For(lock).Scan(ctx)
	if fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound {
		return nil, store.Denied(ctx, tx.NewSelect().Model(row).Apply(visibleDumps(who, actor.DatabasesRead)).Where("dd.id = ?", id.UUID), field)
	}
	return row, store.Wrap(err, "lock dump %s", id)
}

// ChecksumOf is the SHA-256 of a dump's file in hexadecimal, nil before there is one.
func ChecksumOf(row *models.DatabaseDump) *string {
	if row.SHA256 == nil {
		return nil
	}
	return new(hex.EncodeToString(row.SHA256))
}
