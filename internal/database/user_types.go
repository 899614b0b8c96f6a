package database

import (
	"slices"
	"strings"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// Limits of further users.
const (
	// MaxUsers of a database, beside its own login.
	MaxUsers = 20
	// MaxUserNameLen is the longest name of a user, in bytes. The name on the
	// server has the database's before it and must not have more than 63.
	MaxUserNameLen = 32
	// MaxStatementTimeoutSeconds is a day.
	MaxStatementTimeoutSeconds = 24 * 3600

	maxUsernameLen = 63
)

// Pages of users and their rows.
type (
	UserConnection = page.Connection[*models.DatabaseUser]
	UserEdge       = page.Edge[*models.DatabaseUser]
)

// CreateUserInput is the graph's CreateDatabaseUserInput.
type CreateUserInput struct {
	DatabaseID              ident.DatabaseID
	Name                    string
	Rights                  Rights
	ConnectionLimit         *int
	StatementTimeoutSeconds *int
	DryRun                  bool `json:"-"`
}

// UpdateUserInput is the graph's UpdateDatabaseUserInput; what is nil stays.
type UpdateUserInput struct {
	ID                      ident.DatabaseUserID
	Rights                  *Rights
	ConnectionLimit         *int
	StatementTimeoutSeconds *int
	DryRun                  bool `json:"-"`
}

// RotateUserPasswordInput is the graph's RotateDatabaseUserPasswordInput.
type RotateUserPasswordInput struct {
	ID     ident.DatabaseUserID
	DryRun bool `json:"-"`
}

// DeleteUserInput is the graph's DeleteDatabaseUserInput.
type DeleteUserInput struct {
	ID     ident.DatabaseUserID
	DryRun bool `json:"-"`
}

// UserPayload is the payload of the mutations of users. Credentials are nil
// where there are no new ones and in the answer to a repeated mutation, Job when
// there was nothing to do on a server. After a dry run only Preview is there.
type UserPayload struct {
	Preview      *engine.Preview
	DatabaseUser *models.DatabaseUser
	Credentials  *Credentials
	Job          *models.Job
}

// Validate checks every field; all that is wrong comes together.
func (in CreateUserInput) Validate() error {
	return fault.Join(checkUserName(in.Name), checkRights(&in.Rights), checkConnections(in.ConnectionLimit), checkStatementTimeout(in.StatementTimeoutSeconds))
}

// Validate checks every field; all that is wrong comes together.
func (in UpdateUserInput) Validate() error {
	return fault.Join(checkRights(in.Rights), checkConnections(in.ConnectionLimit), checkStatementTimeout(in.StatementTimeoutSeconds))
}

func checkUserName(name string) *fault.Error {
	if len(name) > MaxUserNameLen {
		return fault.Invalid.New("name", "At most %d characters.", MaxUserNameLen)
	}
	if name == "" {
		return fault.Invalid.New("name", "Give the user a name.")
	}
	return checkName(name)
}

func checkRights(r *Rights) *fault.Error {
	if r != nil && !slices.Contains([]Rights{ReadOnly, ReadWrite, Owner}, *r) {
		return fault.Invalid.New("rights", "One of READ_ONLY, READ_WRITE and OWNER.")
	}
	return nil
}

func checkConnections(n *int) *fault.Error {
	if n != nil && (*n < 1 || *n > MaxConnectionLimit) {
		return fault.Invalid.New("connectionLimit", "Between 1 and %d connections.", MaxConnectionLimit)
	}
	return nil
}

func checkStatementTimeout(seconds *int) *fault.Error {
	if seconds != nil && (*seconds < 0 || *seconds > MaxStatementTimeoutSeconds) {
		return fault.Invalid.New("statementTimeoutSeconds", "Between 0, for none, and %d seconds.", MaxStatementTimeoutSeconds)
	}
	return nil
}

// userName is the name on the server: u where databases and their own logins
// have c, so that no two of them ever meet. Error: it would be cut off there.
func userName(d *models.Database, name string) (string, error) {
	full := "u" + strings.TrimPrefix(d.ExtName, "c") + "_" + name
	if len(full) > maxUsernameLen {
		return "", fault.Invalid.New("name", "With this database's name before it, the name may have at most %d characters.", max(0, maxUsernameLen-len(full)+len(name)))
	}
	return full, nil
}

// userConnections is the limit of a user: within that of its database.
func userConnections(d *models.Database, asked *int) (int, error) {
	switch {
	case asked == nil:
		return min(DefaultConnectionLimit, d.ConnectionLimit), nil
	case *asked > d.ConnectionLimit:
		return 0, fault.Invalid.New("connectionLimit", "At most %d connections, as many as the database has for all.", d.ConnectionLimit)
	}
	return *asked, nil
}
