package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// MailKind is what a mail tells.
type MailKind string

// The kinds of mails.
const (
	MailVerifyEmail         MailKind = "VERIFY_EMAIL"
	MailAccountExists       MailKind = "ACCOUNT_EXISTS" // somebody signed up with the address of an account
	MailPasswordReset       MailKind = "PASSWORD_RESET"
	MailInvitation          MailKind = "INVITATION"
	MailNewDevice           MailKind = "NEW_DEVICE"
	MailPasswordChanged     MailKind = "PASSWORD_CHANGED"
	MailSecondFactorChanged MailKind = "SECOND_FACTOR_CHANGED"
	MailAPITokenCreated     MailKind = "API_TOKEN_CREATED"
	MailEmailChanged        MailKind = "EMAIL_CHANGED" // to the address before
)

// MailKinds are all of them.
func MailKinds() []MailKind {
	return []MailKind{
		MailVerifyEmail, MailAccountExists, MailPasswordReset, MailInvitation, MailNewDevice, MailPasswordChanged,
		MailSecondFactorChanged, MailAPITokenCreated, MailEmailChanged,
	}
}

// MailState is how far a mail came.
type MailState string

// The states of a mail.
const (
	MailPending MailState = "PENDING"
	MailSent    MailState = "SENT"
	MailFailed  MailState = "FAILED"
)

// MailError is why a mail was not sent, or not yet. It has nothing of what a server
// said, which may quote the address.
type MailError string

// Why not.
const (
	MailUnreachable MailError = "UNREACHABLE" // no server, no TLS, no answer in time, or a connection that broke
	MailSignIn      MailError = "SIGN_IN"     // the server does not take our user name and password
	MailDeferred    MailError = "DEFERRED"    // it said 4xx
	MailRefused     MailError = "REFUSED"     // it said 5xx
	MailExpired     MailError = "EXPIRED"     // its link ended before it could be sent
	MailNobody      MailError = "NOBODY"      // there is nobody to write to
	MailUnreadable  MailError = "UNREADABLE"  // sealed with another key
)

// A Mail waits to be sent, or was.
type Mail struct {
	bun.BaseModel `bun:"table:mails,alias:ml"`

	ID            uuid.UUID `bun:"id,pk"` // also of the message: Message-ID
	Kind          MailKind
	UserID        ident.UserID `bun:"user_id,nullzero"`
	Language      Language     `bun:",nullzero"` // "": the installation's
	ContentSealed []byte       // address, name, link; nil once it is over
	State         MailState
	Attempts      int
	ErrorClass    *MailError // of the last attempt
	ReplyCode     *int       // of SMTP, likewise
	NextAttemptAt time.Time  `bun:",nullzero,default:now()"`
	LeaseUntil    *time.Time // while a node is sending it
	ExpiresAt     time.Time
	CreatedAt     time.Time `bun:",nullzero,default:now()"`
	SentAt        *time.Time
}
