// Package audit writes who did what, in the transaction that does it: what is
// not recorded did not happen. It also writes who was refused what. It never
// updates an entry; how entries are sealed is package seal's, and who may read
// them package trail's.
package audit

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// An Entry is what the caller knows; who and from where is in the context. Before
// and Detail are written as JSON: a secret.Text in them, and what is called as
// secrets are, comes out as "[secret]".
type Entry struct {
	Action   string // noun.verb, such as database.create
	Kind     string // of the object, such as ident.Database
	Object   uuid.UUID
	Customer ident.CustomerID // whose object it is; zero for the provider's
	User     ident.UserID     // who, where the context has no actor yet; else zero
	Before   any              // what was there, of what changed; nil when there was nothing
	Detail   any              // what is there now, or was asked for
}

// maxUserAgent bounds what a client can write into the audit, in bytes.
const maxUserAgent = 256

// Record writes the entry at the end of the caller's transaction.
func Record(ctx context.Context, tx store.Tx, e Entry) error {
	row := rowOf(ctx, e.Action)
	row.Allowed = true
	row.ObjectKind, row.ObjectID, row.CustomerID = e.Kind, e.Object, e.Customer
	if row.UserID.IsZero() {
		row.UserID = e.User
	}
	var err error
	if row.Before, err = encode(e.Before); err != nil {
		return fmt.Errorf("encode audit of what was before %s: %w", e.Action, err)
	}
	if row.After, err = encode(e.Detail); err != nil {
		return fmt.Errorf("encode audit detail of %s: %w", e.Action, err)
	}
	// What PostgreSQL sets is left out, since the panel's role may not.
	tx.Queue(tx.NewInsert().Model(row).ExcludeColumn("id", "at"), func(err error) error { return store.Wrap(err, "audit %s", e.Action) })
	return nil
}

// rowOf is an entry of who calls, from where.
func rowOf(ctx context.Context, action string) *models.AuditEntry {
	req := actor.RequestFrom(ctx)
	row := &models.AuditEntry{
		ID: ident.NewAuditEventID(), Action: action, RequestID: clean(req.ID), IP: clean(req.IP),
		UserAgent: clean(req.UserAgent[:min(len(req.UserAgent), maxUserAgent)]), Times: 1,
	}
	if who, err := actor.From(ctx); err == nil {
		row.UserID, row.ImpersonatorID, row.SessionID, row.APITokenID = who.User, who.Impersonator, who.Session, who.APIToken
	}
	return row
}

// clean makes of what a client sent a text that PostgreSQL takes. Whatever else is
// in it stays: whoever shows it escapes it.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
