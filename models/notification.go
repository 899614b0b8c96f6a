package models

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
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

// NotificationKind is what a notification tells, noun.verb.
type NotificationKind string

// The kinds.
const (
	NotificationJobSucceeded NotificationKind = "job.succeeded"
	NotificationJobFailed    NotificationKind = "job.failed"
	NotificationJobCanceled  NotificationKind = "job.canceled"
	NotificationJobStuck     NotificationKind = "job.stuck"
	NotificationQuotaLevel   NotificationKind = "quota.level"
)

// MarshalGQL writes it as the graph's enum has it: JOB_FAILED is job.failed.
func (k NotificationKind) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, strconv.Quote(strings.ToUpper(strings.ReplaceAll(string(k), ".", "_"))))
}

// UnmarshalGQL refuses all: nothing takes a kind.
func (*NotificationKind) UnmarshalGQL(any) error {
	return fault.Invalid.New("", "A kind of notification is no input.")
}

// A Notification tells one user of something that has happened. Nothing of it changes
// but when it was read.
type Notification struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`

	ID         ident.NotificationID `bun:"id,pk"`
	Number     int64                `bun:"number,autoincrement"` // given by the database
	UserID     ident.UserID         `bun:"user_id"`
	At         time.Time            `bun:",nullzero,default:clock_timestamp()"`
	Level      NotificationLevel
	Kind       NotificationKind
	Message    string           // an English sentence, at most 500 characters
	ObjectKind string           `bun:",nullzero"` // of the id of what it is about; "" is nothing
	ObjectID   uuid.UUID        `bun:",nullzero"`
	CustomerID ident.CustomerID `bun:"customer_id,nullzero"` // whose that is; zero for the provider's own
	ReadAt     *time.Time
}
