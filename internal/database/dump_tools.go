package database

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// DumpFormat is how a dump is written.
type DumpFormat = models.DumpFormat

// The formats.
const (
	DumpPlain     = models.DumpPlain
	DumpPlainGzip = models.DumpPlainGzip
	DumpCustom    = models.DumpCustom
)

// An Endpoint is one database on a server, as a job's own login reaches it.
type Endpoint struct {
	Host     string // name, IP or the folder of a unix socket
	Port     int
	SSLMode  string // libpq's sslmode
	Database string
	User     string // the job's login
	Password secret.Text
	Role     string // in whose name it works; its rights are all that there are
	// Session names the session for people who look at the server.
	Session string
}

// DumpTools write and read dumps. What is in a dump is not trusted: it is run by
// the endpoint's role and by nobody else, and nothing of it is carried out on
// this machine.
type DumpTools interface {
	// Check tells whether databases of a server of this version, such as "15.18",
	// can be dumped: nil, or a fault.Unavailable with the command that helps.
	Check(serverVersion string) error
	// Dump writes a dump and returns once the program has ended well. An error
	// means that what was written is worthless. When ctx ends the program is
	// killed. Read is moved on with each byte of the program's.
	Dump(ctx context.Context, from Endpoint, serverVersion string, format models.DumpFormat, to io.Writer, read *atomic.Int64) error
	// Inspect reads a whole dump without running any of it. Errors: a permanent
	// fault.Invalid that says what is wrong with it and in which line.
	Inspect(ctx context.Context, dump io.ReadSeeker, limit DumpLimit, read *atomic.Int64) (DumpInfo, error)
	// Load runs a dump in one transaction: all of it or nothing. Errors: as those of
	// Inspect; a permanent fault.Conflict when the database is not empty;
	// fault.Unavailable when the server went away.
	Load(ctx context.Context, dump io.ReadSeeker, limit DumpLimit, l Loading) (LoadReport, error)
	// Empty drops everything that the role owns, in one transaction.
	Empty(ctx context.Context, to Endpoint) error
	// Copy loads a dump that is made at the same time.
	Copy(ctx context.Context, from Endpoint, serverVersion string, limit DumpLimit, l Loading) (LoadReport, error)
}

// A DumpLimit bounds what a dump may unfold to.
type DumpLimit struct {
	RawBytes int64 // of SQL and rows; 0: no bound
}

// DumpInfo is what reading a dump shows.
type DumpInfo struct {
	Format   models.DumpFormat
	RawBytes int64  // of SQL and rows, uncompressed
	Version  string // of the server that it was made from; "" when it does not say
}

// A Loading is where a dump is to go.
type Loading struct {
	To Endpoint
	// Replace drops everything that the role owns first, in the same transaction.
	Replace bool
	// Read is moved on with each byte of SQL and rows.
	Read *atomic.Int64
	// Commit is called with the transaction's id before it is committed, so that
	// its outcome can be asked for later; an error of it takes everything back.
	Commit func(ctx context.Context, xid string) error
}

// A LoadReport tells what a load left out.
type LoadReport struct {
	Statements int
	Owners     int // statements about owners and roles
	Grants     int // statements about rights
	Settings   int // that the server does not know
}

// A JobRole is a login that exists only as long as its job: a member of the
// database's own login, with its rights and no others.
type JobRole struct {
	Login Login // Mark is the database's
	Space Space // the database; Space.Login is in whose name it works
	Until time.Time
}

// A JobRoleServer makes and removes such logins.
type JobRoleServer interface {
	// GrantJobRole makes the role or, when it is left from an earlier run, ends its
	// sessions and gives it the new password. It returns the name that the database
	// has at the moment.
	GrantJobRole(ctx context.Context, r JobRole) (database string, err error)
	// DropJobRole ends the role's sessions, hands what it owns to the database's
	// login and removes it. What is missing or foreign is left alone.
	DropJobRole(ctx context.Context, r JobRole) error
	// Committed tells whether the transaction that PostgreSQL names xid was
	// committed; no session may be at work on it any more.
	Committed(ctx context.Context, xid string) (bool, error)
}
