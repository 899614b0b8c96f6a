package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// ObjectKind is a kind of object on a database server.
type ObjectKind string

// The kinds.
const (
	ObjectRole     ObjectKind = "ROLE"
	ObjectDatabase ObjectKind = "DATABASE"
)

// DriftKind is in which way a server is not as it is to be.
type DriftKind string

// The kinds.
const (
	DriftMissing DriftKind = "MISSING"
	DriftDiffers DriftKind = "DIFFERS"
	DriftOrphan  DriftKind = "ORPHAN"
	DriftForeign DriftKind = "FOREIGN"
)

// DriftPolicy is what happens to drift of a database by itself.
type DriftPolicy string

// The policies.
const (
	DriftRepair DriftPolicy = "REPAIR"
	DriftReport DriftPolicy = "REPORT"
	DriftIgnore DriftPolicy = "IGNORE"
)

// DriftBrake is whether repairs on a server rest, since too much differs at once.
type DriftBrake string

// The states of a brake.
const (
	BrakeOff      DriftBrake = "OFF"
	BrakeOn       DriftBrake = "ON"
	BrakeReleased DriftBrake = "RELEASED" // by a person, until a survey finds little enough
)

// A DriftFinding is one object on a server that is not as it is to be.
type DriftFinding struct {
	bun.BaseModel `bun:"table:drift_findings,alias:f"`

	ID           ident.DriftFindingID   `bun:"id,pk"`
	ServerID     ident.DatabaseServerID `bun:"server_id"`
	DatabaseID   ident.DatabaseID       `bun:"database_id,nullzero"` // zero for orphans
	CustomerID   ident.CustomerID       `bun:"customer_id,nullzero"` // of the database
	Kind         DriftKind
	ObjectKind   ObjectKind
	ExternalName string
	Mark         string // that an orphan bears
	Detail       string
	Surveys      int         // that saw it
	Confirmed    bool        // it is shown: an orphan must be seen twice
	Ignored      bool        // by a person, until it changes
	Adopted      bool        // a person decided that what is foreign is to be ours
	FoundAt      time.Time   `bun:",nullzero,default:now()"`
	ResolvedAt   *time.Time  // nil while it is there
	JobID        ident.JobID `bun:"job_id,nullzero"` // that mends or removes it
}
