package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// ResourceState is where a provisioned thing is in its life.
type ResourceState string

// The states of what is provisioned.
const (
	ResourcePending   ResourceState = "PENDING"
	ResourceActive    ResourceState = "ACTIVE"
	ResourceDegraded  ResourceState = "DEGRADED"
	ResourceSuspended ResourceState = "SUSPENDED"
	ResourceFailed    ResourceState = "FAILED"
	ResourceDeleting  ResourceState = "DELETING"
)

// A DatabaseServer is a PostgreSQL server that databases are made on.
type DatabaseServer struct {
	bun.BaseModel `bun:"table:database_servers,alias:s"`

	ID                  ident.DatabaseServerID `bun:"id,pk"`
	Name                string
	Host                string
	Port                int
	AdminUser           string
	AdminPasswordSealed []byte `json:"-"`
	SSLMode             string `bun:"ssl_mode"`
	Embedded            bool
	DeleteGraceSeconds  int
	Version             *string
	Reachable           bool
	// Blocked says that nothing may be made on it, for a reason among Problems.
	Blocked          bool
	SystemIdentifier int64                      `bun:",nullzero"` // of its cluster, no other row has it; 0 before it was reached
	Problems         []string                   `bun:"type:jsonb"`
	Capabilities     []*Capability              `bun:"type:jsonb"`
	Maintenance      *DatabaseServerMaintenance `bun:"type:jsonb"` // nil when there is none
	CheckedAt        *time.Time
	NextSurveyAt     time.Time  `bun:",nullzero,default:now()"`
	SurveyedAt       *time.Time // nil before the first time
	DriftBrake       DriftBrake `bun:",nullzero,default:'OFF'"`
	CreatedAt        time.Time  `bun:",nullzero,default:now()"`
	UpdatedAt        time.Time  `bun:",nullzero,default:now()"`
}

// A Capability is something that a server or the panel can do, or not.
type Capability struct {
	Name      string  `json:"name"`
	Available bool    `json:"available"`
	Hint      *string `json:"hint,omitempty"` // what is missing and what adds it; nil when available
}

// DatabaseServerMaintenance says that a server is left alone for a while.
type DatabaseServerMaintenance struct {
	Reason string    `json:"reason"` // customers read it
	Since  time.Time `json:"since"`
}

// A Database is one tenant's PostgreSQL database and the role that uses it.
type Database struct {
	bun.BaseModel `bun:"table:databases,alias:d"`

	ID             ident.DatabaseID       `bun:"id,pk"`
	CustomerID     ident.CustomerID       `bun:"customer_id"`
	ServerID       ident.DatabaseServerID `bun:"server_id"`
	Name           string
	ExtName        string // on the server, prefixed
	Username       string
	VerifierSealed []byte `json:"-"`
	// NextVerifierSealed is what a rotation moves to, until it has.
	NextVerifierSealed []byte `json:"-"`
	// NextUsername is set when another login is to take over, for at least
	// NextGraceSeconds beside the one of now.
	NextUsername     *string
	NextGraceSeconds *int
	// PreviousUsername is the login before, which works until PreviousUntil.
	PreviousUsername       *string
	PreviousVerifierSealed []byte `json:"-"`
	PreviousUntil          *time.Time
	LoginNumber            int `bun:",nullzero,default:1"` // of the newest login
	// AccessCidrs are the networks that it may be reached from beside its server's
	// machine, where the panel decides that.
	AccessCidrs     []string `bun:",array,nullzero,default:'{}'"`
	AccessBefore    []string `bun:",array,nullzero"` // while a change is at work
	AccessTried     []string `bun:",array,nullzero"` // what a change wishes, until it has succeeded
	ConnectionLimit int
	State           ResourceState
	Generation      int64
	HoldsQuota      bool
	DeleteAfter     *time.Time
	Suspended       bool // for its own sake; see also models.Customer
	SuspendReason   *string
	// SuspendedFromAbove says that the provider or a reseller above suspended it,
	// who alone can resume it.
	SuspendedFromAbove bool
	// SuspensionBefore is what a suspension or resumption at work goes back to, and
	// SuspensionTried what a suspension that was taken back wished.
	SuspensionBefore *DatabaseSuspension `bun:"type:jsonb,nullzero"`
	SuspensionTried  *DatabaseSuspension `bun:"type:jsonb,nullzero"`
	// ReopensAs is the state to which a deletion that is taken back returns.
	ReopensAs    *ResourceState
	DriftPolicy  DriftPolicy `bun:",nullzero,default:'REPAIR'"`
	SizeBytes    *int64      // as measured last; nil before the first time
	Connections  *int        // measured along
	MeasuredAt   *time.Time  // when
	SizeRank     int64       `bun:",scanonly"` // orders lists: the size, -1 without one
	CountedBytes int64       // what the quotas of the line count of it
	CleanupUntil *time.Time  // until then it is open although a size quota is exceeded
	CreatedAt    time.Time   `bun:",nullzero,default:now()"`
	UpdatedAt    time.Time   `bun:",nullzero,default:now()"`
}

// A DatabaseSuspension is what is wished of a database for its own sake.
type DatabaseSuspension struct {
	Suspended bool    `json:"suspended"`
	Reason    *string `json:"reason"`
	FromAbove bool    `json:"from_above"`
}
