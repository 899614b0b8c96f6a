package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// NotificationLevel is how much a notification matters.
type NotificationLevel string

// The levels.
const (
	NotificationInfo    NotificationLevel = "INFO"
	NotificationSuccess NotificationLevel = "SUCCESS"
	NotificationWarning NotificationLevel = "WARNING"
	NotificationError   NotificationLevel = "ERROR"
)

// A Notification tells one user of something that has happened. Nothing of it changes
// but when it was read.
type Notification struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`

	ID         ident.NotificationID `bun:"id,pk"`
	Number     int64                `bun:"number,autoincrement"` // given by the database
	UserID     ident.UserID         `bun:"user_id"`
	At         time.Time            `bun:",nullzero,default:clock_timestamp()"`
	Level      NotificationLevel
	Kind       string           // noun.verb, such as job.failed
	Message    string           // a sentence, at most 500 characters
	ObjectKind string           `bun:",nullzero"` // of the id of what it is about; "" is nothing
	ObjectID   uuid.UUID        `bun:",nullzero"`
	CustomerID ident.CustomerID `bun:"customer_id,nullzero"` // whose that is; zero for the provider's own
	ReadAt     *time.Time
}
