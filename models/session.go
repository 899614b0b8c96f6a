package models

import (
	"fmt"
	"io"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// SessionEnd is why a session ended before its time.
type SessionEnd string

// Why sessions end.
const (
	SessionSignedOut           SessionEnd = "SIGNED_OUT"
	SessionRevoked             SessionEnd = "REVOKED"
	SessionTokenReused         SessionEnd = "TOKEN_REUSED"
	SessionSuperseded          SessionEnd = "SUPERSEDED" // by the user's newer ones
	SessionUserDisabled        SessionEnd = "USER_DISABLED"
	SessionPasswordChanged     SessionEnd = "PASSWORD_CHANGED"
	SessionSecondFactorChanged SessionEnd = "SECOND_FACTOR_CHANGED"
)

// A Session is what a sign-in begins. It lives until it is ended, has not been seen
// for too long, or is over.
type Session struct {
	bun.BaseModel `bun:"table:sessions,alias:se"`

	ID          ident.SessionID `bun:"id,pk"`
	UserID      ident.UserID
	Seed        SessionSeed
	Generation  int64     // of the refresh token that is good
	RotatedAt   time.Time // when it began
	IP          string    `bun:"ip"` // where it was last seen
	UserAgent   string    // of the sign-in
	Device      string    // for people
	CreatedAt   time.Time
	LastSeenAt  time.Time // within a minute
	ConfirmedAt time.Time // when its user last proved who they are
	ExpiresAt   time.Time // whatever is done
	EndedAt     *time.Time
	EndReason   *SessionEnd
}

// A SessionSeed is what a session's refresh tokens are made of, together with the
// panel's key. It does not print.
type SessionSeed []byte

// Format hides the seed from every verb of fmt, also within a Session.
func (SessionSeed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[session seed]") }

// MarshalJSON hides the seed from JSON and so from the log.
func (SessionSeed) MarshalJSON() ([]byte, error) { return []byte(`"[session seed]"`), nil }
