package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// DatabaseRights is what a further user may do in its database.
type DatabaseRights string

// The rights, the lesser first.
const (
	RightsReadOnly  DatabaseRights = "READ_ONLY"
	RightsReadWrite DatabaseRights = "READ_WRITE"
	RightsOwner     DatabaseRights = "OWNER"
)

// A DatabaseUser is a login of a database beside the database's own.
type DatabaseUser struct {
	bun.BaseModel `bun:"table:database_users,alias:du"`

	ID                      ident.DatabaseUserID   `bun:"id,pk"`
	DatabaseID              ident.DatabaseID       `bun:"database_id"`
	ServerID                ident.DatabaseServerID `bun:"server_id"` // the database's
	Name                    string
	Username                string // on the server, prefixed
	Rights                  DatabaseRights
	VerifierSealed          []byte `json:"-"`
	ConnectionLimit         int
	StatementTimeoutSeconds int // 0: none
	State                   ResourceState
	Generation              int64
	Before                  *DatabaseUserWish `bun:"type:jsonb,nullzero"` // while a change is at work
	Tried                   *DatabaseUserWish `bun:"type:jsonb,nullzero"` // what a change that failed wished
	CreatedAt               time.Time         `bun:",nullzero,default:now()"`
	UpdatedAt               time.Time         `bun:",nullzero,default:now()"`
}

// A DatabaseUserWish is what a change can change: as it was before, it is what
// a change that fails goes back to.
type DatabaseUserWish struct {
	Rights                  DatabaseRights `json:"rights"`
	VerifierSealed          []byte         `json:"verifier_sealed"`
	ConnectionLimit         int            `json:"connection_limit"`
	StatementTimeoutSeconds int            `json:"statement_timeout_seconds"`
}
