// Package audit writes who did what, in the transaction that does it: what is
// not recorded did not happen. It never updates an entry.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// An Entry is what the caller knows; who and from where is in the context.
type Entry struct {
	Action   string // noun.verb, such as database.create
	Kind     string // of the object, such as ident.Database
	Object   uuid.UUID
	Customer ident.CustomerID // whose object it is; zero for the provider's
	User     ident.UserID     // who, where the context has no actor yet; else zero
	Detail   any              // what changed, as JSON; never a secret
}

// maxUserAgent bounds what a client can write into the audit, in bytes.
const maxUserAgent = 256

// Record writes the entry at the end of the caller's transaction.
func Record(ctx context.Context, tx store.Tx, e Entry) error {
	req := actor.RequestFrom(ctx)
	row := &models.AuditEntry{
		UserID: e.User, Action: e.Action, ObjectKind: e.Kind, ObjectID: e.Object, CustomerID: e.Customer,
		RequestID: req.ID, IP: req.IP, UserAgent: req.UserAgent[:min(len(req.UserAgent), maxUserAgent)],
	}
	if who, err := actor.From(ctx); err == nil {
		row.UserID = who.User
	}
	if e.Detail != nil {
		b, err := json.Marshal(e.Detail)
		if err != nil {
			return fmt.Errorf("encode audit detail of %s: %w", e.Action, err)
		}
		row.Detail = b
	}
	tx.Queue(tx.NewInsert().Model(row).ExcludeColumn("id"), func(err error) error { return store.Wrap(err, "audit %s", e.Action) })
	return nil
}
