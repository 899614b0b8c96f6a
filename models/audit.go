package models

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// An AuditEntry says who did what to which object, or was refused it. It is only ever
// inserted.
type AuditEntry struct {
	bun.BaseModel `bun:"table:audit_entries,alias:a"`

	Number         int64              `bun:"id,pk,autoincrement"` // in no order that means anything
	ID             ident.AuditEventID `bun:"event_id"`
	At             time.Time          `bun:",nullzero,default:clock_timestamp()"`
	UserID         ident.UserID       `bun:"user_id,nullzero"`
	ImpersonatorID ident.UserID       `bun:"impersonator_id,nullzero"`
	SessionID      ident.SessionID    `bun:"session_id,nullzero"`
	APITokenID     ident.APITokenID   `bun:"api_token_id,nullzero"`
	Action         string
	ObjectKind     string           `bun:",nullzero"`
	ObjectID       uuid.UUID        `bun:",nullzero"`
	CustomerID     ident.CustomerID `bun:"customer_id,nullzero"`
	RequestID      string
	IP             string `bun:"ip"`
	UserAgent      string
	Before         json.RawMessage `bun:"type:jsonb,nullzero"`
	After          json.RawMessage `bun:"detail,type:jsonb,nullzero"`
	Allowed        bool
	Times          int64 // more than 1: refusals of nobody, in one minute
}

// An IdempotencyKey is a mutation that was carried out under a client's key.
type IdempotencyKey struct {
	bun.BaseModel `bun:"table:idempotency_keys,alias:ik"`

	UserID    ident.UserID `bun:"user_id,pk"`
	KeyHash   []byte       `bun:"key_hash,pk"`
	InputHash []byte
	Refs      json.RawMessage `bun:"type:jsonb"`
	CreatedAt time.Time       `bun:",nullzero,default:now()"`
	// AnswerSealed is what was shown once, under the client's key as well; nil for
	// nothing, and after a while.
	AnswerSealed []byte `json:"-"`
}

// Installation is the one row about this installation.
type Installation struct {
	bun.BaseModel `bun:"table:installation,alias:i"`

	ID             uuid.UUID
	SetupTokenHash []byte
	CreatedAt      time.Time `bun:",nullzero,default:now()"`
}
