package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// An Impersonation is somebody of the staff acting as a user.
type Impersonation struct {
	bun.BaseModel `bun:"table:impersonations,alias:im"`

	ID        ident.ImpersonationID `bun:"id,pk"`
	StaffID   ident.UserID
	SessionID ident.SessionID `bun:"session_id,nullzero"` // of the staff's
	UserID    ident.UserID
	Reason    string
	StartedAt time.Time
	ExpiresAt time.Time
	EndedAt   *time.Time
}
