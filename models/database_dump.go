package models

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// DumpFormat is how a dump is written.
type DumpFormat string

// The formats.
const (
	DumpPlain     DumpFormat = "PLAIN"
	DumpPlainGzip DumpFormat = "PLAIN_GZIP"
	DumpCustom    DumpFormat = "CUSTOM"
)

// DumpOrigin is where a dump came from.
type DumpOrigin string

// The origins.
const (
	DumpExport DumpOrigin = "EXPORT"
	DumpUpload DumpOrigin = "UPLOAD"
)

// DumpState is whether a dump can be used.
type DumpState string

// The states of a dump.
const (
	DumpPending DumpState = "PENDING"
	DumpReady   DumpState = "READY"
	DumpFailed  DumpState = "FAILED"
)

// A DatabaseDump is a file with a database's content: one that was exported, or
// one that was uploaded for it.
type DatabaseDump struct {
	bun.BaseModel `bun:"table:database_dumps,alias:dd"`

	ID         ident.DatabaseDumpID `bun:"id,pk"`
	DatabaseID ident.DatabaseID     `bun:"database_id"`
	Origin     DumpOrigin
	State      DumpState
	Format     *DumpFormat // nil for an upload that nobody looked into
	JobID      ident.JobID `bun:"job_id,nullzero"` // that made it; zero for an upload
	Node       *string     // on which the file lies; nil before there is one
	File       *string     // its name there
	SizeBytes  *int64      // of the file
	RawBytes   *int64      // of SQL and rows, uncompressed; nil when nobody read it yet
	SHA256     []byte      `bun:"sha256" json:"-"` // of the file
	CreatedAt  time.Time   `bun:",nullzero,default:now()"`
	ExpiresAt  time.Time   // when the file is removed
}

// A DatabaseDumpLink is a one-time URL.
type DatabaseDumpLink struct {
	bun.BaseModel `bun:"table:database_dump_links,alias:dl"`

	TokenHash   []byte               `bun:"token_hash,pk"`
	DumpID      ident.DatabaseDumpID `bun:"dump_id"`
	Upload      bool
	MaxBytes    int64        // of an upload
	UserID      ident.UserID `bun:"user_id,nullzero"`
	ExpiresAt   time.Time
	ClaimedAt   *time.Time // when it was used
	Client      []byte     // hash of who used it
	ResumeUntil *time.Time // until when that client may go on with what broke off
	Resumed     int
}

// A DatabaseLoad is what a job loads into a database: a dump, or what another
// database has.
type DatabaseLoad struct {
	bun.BaseModel `bun:"table:database_loads,alias:dlo"`

	DatabaseID ident.DatabaseID     `bun:"database_id,pk"`
	DumpID     ident.DatabaseDumpID `bun:"dump_id,nullzero"`
	SourceID   ident.DatabaseID     `bun:"source_id,nullzero"`
	Replace    bool
	Xid        *string // of the transaction that is about to be committed
}

// A FileNode is how other nodes reach one that has files.
type FileNode struct {
	bun.BaseModel `bun:"table:file_nodes,alias:fn"`

	Node   string `bun:",pk"`
	URL    *string
	SeenAt time.Time `bun:",nullzero,default:now()"`
}
