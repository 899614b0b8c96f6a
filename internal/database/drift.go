package database

import (
	"context"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/models"
)

// ObjectKind is a kind of object on a server.
type ObjectKind = models.ObjectKind

// The kinds.
const (
	RoleObject     = models.ObjectRole
	DatabaseObject = models.ObjectDatabase
)

// An Expected is all that a server is to have of one database, from the same
// values that the steps of its jobs work towards.
type Expected struct {
	Login   Login
	Space   Space
	Members []Member
	// Shut says that nobody is to be let in.
	Shut bool
}

// A Deviation is something of an Expected that is not as it is to be.
type Deviation struct {
	Kind ObjectKind
	Name string // as it is to be called
	// State is Absent, Differs, or Foreign: something that is not ours has the name.
	State  engine.State
	Detail string // a sentence for people, never with a secret
}

// A Stray bears a mark of this installation and is nothing that was expected.
type Stray struct {
	Kind ObjectKind
	Name string
	Mark string
	// Unpublished says that a database still has its working name, so that no
	// customer was ever told of it, or is not any more.
	Unpublished bool
}

// A Survey is what a server has of this installation.
type Survey struct {
	Deviations [][]Deviation // by index of what was expected
	Strays     []Stray
}

// A SurveyServer finds and mends what is not as it is to be. What Server says of
// its methods holds here too.
type SurveyServer interface {
	// Survey compares everything at once, in one query for each kind of object, from
	// outside the databases. It looks into few of them: where it cannot tell
	// otherwise whose schema public is.
	Survey(ctx context.Context, markPrefix string, expected []Expected) (Survey, error)
	// Reclaim gives roles and the database that bear our marks under other names
	// their names back, ending the database's sessions, and takes the database back
	// from another owner.
	Reclaim(ctx context.Context, e Expected) error
	// Confine takes from our roles what they were given beyond what is expected, such
	// as memberships, and from other roles what they were given on the database.
	Confine(ctx context.Context, e Expected) error
	// RemoveStray removes a role or a database of that name if it still bears that
	// mark. A role must have nothing of its own in any database.
	RemoveStray(ctx context.Context, o Stray) error
	// Adopt puts the mark on what has the name and is foreign; it refuses, for good,
	// what has more powers than a tenant's may have.
	Adopt(ctx context.Context, o Stray) error
}
