package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// A UserTOTP makes a user's time-based codes.
type UserTOTP struct {
	bun.BaseModel `bun:"table:user_totp,alias:ut"`

	UserID       ident.UserID `bun:"user_id,pk"`
	SecretSealed []byte
	LastStep     int64 // of the last code that was used, since 1970 in 30 s
	CreatedAt    time.Time
	ConfirmedAt  *time.Time // nil: it is being set up
}

// A RecoveryCode is used once, when there is no other second factor.
type RecoveryCode struct {
	bun.BaseModel `bun:"table:recovery_codes,alias:rc"`

	UserID   ident.UserID `bun:"user_id,pk"`
	CodeHash []byte       `bun:"code_hash,pk"`
	UsedAt   *time.Time
}
