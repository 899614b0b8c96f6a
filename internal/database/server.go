package database

import (
	"context"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A Login is a role on a server, as we wish it.
type Login struct {
	Name            string
	Mark            string      // comment that proves the role is this database's
	Verifier        secret.Text // SCRAM-SHA-256 verifier; the clear password is nowhere
	ConnectionLimit int         // connections at once; also the database's limit
	// TempFileLimitKiB bounds the temporary files of one session, in KiB.
	TempFileLimitKiB int64
}

// A Space is a database on a server, as we wish it. It is made under WorkName,
// which is itself the proof of ownership until the mark is set, and gets its
// Name last. Deleting renames it back.
type Space struct {
	Name            string
	WorkName        string // mp_<id in hex>
	Mark            string
	Login           string // the role that uses it; the database stays the admin role's
	ConnectionLimit int
}

// RemovalInterrupted is what an observation says of a database that can only be removed
// again.
const RemovalInterrupted = "The database's removal was interrupted."

// A Server is one PostgreSQL server as its admin role sees it. Methods are
// idempotent: a retry after a crash finishes the work instead of failing.
// What has one of our names without our mark is foreign: observing says so,
// ensuring gives a permanent fault.Conflict with field "name", and removing
// leaves it alone without an error. A server that cannot be reached, or that
// has no connection slot left, gives fault.Unavailable.
type Server interface {
	// ObserveLogin compares the role with l.
	ObserveLogin(ctx context.Context, l Login) (engine.Observed, error)
	// EnsureLogin makes the role, or changes ours to be as l says: it can log in.
	EnsureLogin(ctx context.Context, l Login) error
	// DropLogin removes the role if it is ours. Nothing of it may be left in a database.
	DropLogin(ctx context.Context, l Login) error

	// ObserveSpace looks for our database under either name, closed or not.
	ObserveSpace(ctx context.Context, s Space) (engine.Observed, error)
	// EnsureSpace makes the database under WorkName from template0, owned by the
	// admin role, closed to PUBLIC and marked, unless ours exists under either name.
	EnsureSpace(ctx context.Context, s Space) error
	// DropSpace removes our database under either name, ending its sessions.
	DropSpace(ctx context.Context, s Space) error

	// ObserveOpen compares rights, limit and schema owner with what OpenSpace makes.
	ObserveOpen(ctx context.Context, s Space) (engine.Observed, error)
	// OpenSpace gives the login its rights: CONNECT, CREATE and TEMPORARY on the
	// database, ownership of schema public; and sets the connection limit.
	OpenSpace(ctx context.Context, s Space) error
	// CloseSpace takes CONNECT from the login, sets the limit to 0 and ends the sessions.
	CloseSpace(ctx context.Context, s Space) error

	// ObservePublished tells whether our database bears Name.
	ObservePublished(ctx context.Context, s Space) (engine.Observed, error)
	// PublishSpace renames the database from WorkName to Name.
	PublishSpace(ctx context.Context, s Space) error
	// WithdrawSpace renames it back, ending its sessions.
	WithdrawSpace(ctx context.Context, s Space) error

	// DisableLogin stops the role from logging in and ends its sessions; a role
	// that is missing or foreign is left alone.
	DisableLogin(ctx context.Context, l Login) error

	MemberServer
	TakeOverServer
	UsageServer
	JobRoleServer
	SurveyServer

	// Version is the server's version, such as "15.18".
	Version(ctx context.Context) (string, error)
}

// An Inspection is what there is to know of a server before it is used.
type Inspection struct {
	Reachable bool
	// Blocked says that nothing can be made on the server as it is.
	Blocked bool
	// Panel says that the server is the panel's own cluster; nothing else is known then.
	Panel bool
	// Cluster is PostgreSQL's system identifier, the same under each address and
	// on a standby; 0 when it could not be asked.
	Cluster int64
	Version string // such as "15.18"; "" when it could not be asked
	// Problems are for staff: for each a sentence and what helps.
	Problems     []string
	Capabilities []*Capability
}

// A Capability is something that a server lets its admin do, or not.
type Capability = models.Capability

// An Address is how a server is reached as its admin.
type Address struct {
	Host     string // name, IP or the folder of a unix socket
	Port     int
	User     string
	Password secret.Text
	SSLMode  string // libpq's sslmode; "" is prefer
}

// A Dialer keeps the connections to servers. It connects to nothing that is the
// panel's own cluster.
type Dialer interface {
	// Server returns the server at a; it connects when it is first used.
	Server(a Address) Server
	// Inspect looks at the server at a and at what its admin may do, and changes
	// nothing. What is wrong is in the Inspection, also that the server cannot be
	// reached; an error is the caller's: it gave up.
	Inspect(ctx context.Context, a Address) (Inspection, error)
	// Forget closes the connections to the server at a once they are not in use.
	Forget(a Address)
}
