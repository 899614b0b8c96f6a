package database

import (
	"context"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/models"
)

// Rights are what a member may do in its database.
type Rights = models.DatabaseRights

// The rights, the lesser first. They hold for what there is and for what the
// database's own login or another member makes later, in any schema.
const (
	// ReadOnly reads tables, views and sequences, and makes none, not even temporary ones.
	ReadOnly = models.RightsReadOnly
	// ReadWrite changes rows and sequences, too, and makes temporary tables.
	ReadWrite = models.RightsReadWrite
	// Owner may do what the database's own login may.
	Owner = models.RightsOwner
)

// A Member is a further user of a database, as we wish it.
type Member struct {
	Login  Login // its role; the mark is the user's own, not the database's
	Space  Space // the database; Space.Login is whom the member's objects go to
	Rights Rights
	// StatementTimeoutSeconds is the default of its sessions; 0 is none.
	StatementTimeoutSeconds int
}

// A MemberServer gives further users their rights in one database. What Server
// says of its methods holds here too. What the server's databases share and is not
// ours, such as another database that was given to a role of ours, is never moved
// with what the role hands over; fault.Conflict says when something else cannot be
// handed over for that.
type MemberServer interface {
	// ObserveRights compares what the member may do in its database, and its
	// statement timeout, with m; Absent is a role without any right there.
	ObserveRights(ctx context.Context, m Member) (engine.Observed, error)
	// GrantRights gives an existing role the rights of m and no other. When it had
	// rights before, its sessions end and what it owns goes to the database's login.
	GrantRights(ctx context.Context, m Member) error
	// RevokeRights disables the role, ends its sessions, hands what it owns to the
	// database's login and takes every right in the database from it.
	RevokeRights(ctx context.Context, m Member) error
	// DropGroups removes the roles through which members have their rights. The
	// database must be gone.
	DropGroups(ctx context.Context, s Space) error
}
