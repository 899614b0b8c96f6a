package database

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Limits of what can be ordered.
const (
	// MaxNameLen is the longest name of a database, in bytes. On the server it
	// gets the prefix c<customer number>_, of up to 21 bytes, and PostgreSQL cuts
	// identifiers off at 63 without an error.
	// https://www.postgresql.org/docs/current/limits.html
	MaxNameLen = 41
	// DefaultConnectionLimit and MaxConnectionLimit are connections at once.
	DefaultConnectionLimit = 20
	MaxConnectionLimit     = 100
	// MaxGraceSeconds is a year.
	MaxGraceSeconds = 365 * 24 * 3600
	// tempFileLimitKiB is 5 GiB of temporary files per session.
	tempFileLimitKiB = 5 << 20
	// passwordLen is 24 characters of 6 bits.
	passwordLen = 24
)

// Pages of databases and of servers, and their rows.
type (
	Connection       = page.Connection[*models.Database]
	Edge             = page.Edge[*models.Database]
	ServerConnection = page.Connection[*models.DatabaseServer]
	ServerEdge       = page.Edge[*models.DatabaseServer]
)

// CreateInput is the graph's CreateDatabaseInput.
type CreateInput struct {
	CustomerID      ident.CustomerID
	ServerID        *ident.DatabaseServerID
	Name            string
	ConnectionLimit *int
	DryRun          bool `json:"-"`
}

// CreatePayload is the graph's CreateDatabasePayload. After a dry run only
// Preview is there.
type CreatePayload struct {
	Preview     *engine.Preview
	Database    *models.Database
	Credentials *Credentials // nil in the answer to a repeated mutation
	Job         *models.Job
}

// DeleteInput is the graph's DeleteDatabaseInput.
type DeleteInput struct {
	ID           ident.DatabaseID
	GraceSeconds *int
	DryRun       bool `json:"-"`
}

// DeletePayload is the graph's DeleteDatabasePayload. Job is nil when there was
// nothing to do on a server.
type DeletePayload struct {
	Preview  *engine.Preview
	Database *models.Database
	Job      *models.Job
}

// SuspendInput is the graph's SuspendDatabaseInput.
type SuspendInput struct {
	ID     ident.DatabaseID
	Reason *string
	DryRun bool `json:"-"`
}

// ResumeInput is the graph's ResumeDatabaseInput.
type ResumeInput struct {
	ID     ident.DatabaseID
	DryRun bool `json:"-"`
}

// RestoreInput is the graph's RestoreDatabaseInput.
type RestoreInput struct {
	ID     ident.DatabaseID
	DryRun bool `json:"-"`
}

// RotateInput is the graph's RotateDatabasePasswordInput.
type RotateInput struct {
	ID           ident.DatabaseID
	GraceSeconds *int // nil and 0: none
	DryRun       bool `json:"-"`
}

// Validate checks every field.
func (in RotateInput) Validate() error {
	if g := in.GraceSeconds; g != nil && (*g < 0 || *g > MaxLoginGraceSeconds) {
		return fault.Invalid.New("graceSeconds", "Between 0 and %d seconds.", MaxLoginGraceSeconds)
	}
	return nil
}

// SetAccessInput is the graph's SetDatabaseAccessInput.
type SetAccessInput struct {
	ID              ident.DatabaseID
	Cidrs           []string
	AllowEverywhere bool // needed for 0.0.0.0/0 and ::/0
	DryRun          bool `json:"-"`
}

// KeepLoginInput is the graph's KeepPreviousDatabaseLoginInput.
type KeepLoginInput struct {
	ID     ident.DatabaseID
	DryRun bool `json:"-"`
}

// CleanupInput is the graph's OpenDatabaseForCleanupInput.
type CleanupInput struct {
	ID     ident.DatabaseID
	DryRun bool `json:"-"`
}

// ChangePayload is what a change of an existing database returns. After a dry run
// Database is as it is, and Job is nil.
type ChangePayload struct {
	Preview  *engine.Preview
	Database *models.Database
	Job      *models.Job

	credentials *Credentials // of a change that shows some
}

// RotatePayload is the graph's RotateDatabasePasswordPayload. A dry run shows no
// credentials.
type RotatePayload struct {
	Preview     *engine.Preview
	Database    *models.Database
	Credentials *Credentials // nil in the answer to a repeated mutation
	Job         *models.Job
}

// Filter is the graph's DatabaseFilter.
type Filter struct {
	CustomerID *ident.CustomerID
	ServerID   *ident.DatabaseServerID
	State      *models.ResourceState
	Search     *string
}

// Order is the graph's DatabaseOrder.
type Order struct {
	Field     OrderField
	Direction page.Direction
}

// OrderField is a column that databases can be sorted by.
type OrderField string

// The columns.
const (
	OrderName      OrderField = "NAME"
	OrderCreatedAt OrderField = "CREATED_AT"
	OrderSize      OrderField = "SIZE" // what was not measured yet is the smallest
)

// Validate checks every field; all that is wrong comes together.
func (in CreateInput) Validate() error {
	var limit *fault.Error
	if l := in.ConnectionLimit; l != nil && (*l < 1 || *l > MaxConnectionLimit) {
		limit = fault.Invalid.New("connectionLimit", "Between 1 and %d connections.", MaxConnectionLimit)
	}
	return fault.Join(checkName(in.Name), limit)
}

// Validate checks every field.
func (in DeleteInput) Validate() error {
	if g := in.GraceSeconds; g != nil && (*g < 0 || *g > MaxGraceSeconds) {
		return fault.Invalid.New("graceSeconds", "Between 0 and %d seconds.", MaxGraceSeconds)
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func checkName(name string) *fault.Error {
	switch {
	case name == "":
		return fault.Invalid.New("name", "Give the database a name.")
	case len(name) > MaxNameLen:
		return fault.Invalid.New("name", "At most %d characters.", MaxNameLen)
	case !nameForm.MatchString(name):
		return fault.Invalid.New("name", "Use small letters a to z, digits and _, beginning with a letter.")
	case strings.HasPrefix(name, "pg_"):
		return fault.Invalid.New("name", "Names that begin with pg_ belong to PostgreSQL.")
	case reserved[name]:
		return fault.Invalid.New("name", "This word is reserved by SQL or PostgreSQL; choose another name.")
	}
	return nil
}

// extName is the name on the server: the customer's prefix makes it unique
// there without telling who the customer is.
func extName(customerNumber int64, name string) string {
	return "c" + strconv.FormatInt(customerNumber, 10) + "_" + name
}

// workName is the name while a database is made and while it waits for its end.
func workName(id uuid.UUID) string { return "mp_" + fmt.Sprintf("%x", id[:]) }

// Credentials are shown once; only a verifier is kept.
type Credentials struct {
	Host, Database, Username string
	Port                     int
	Secret                   secret.Text
}

// credentials are what a login of a database reaches it with.
func credentials(ctx context.Context, tx store.Tx, d *models.Database, username string, password secret.Text) (*Credentials, error) {
	server := new(models.DatabaseServer)
	if err := tx.NewSelect().Model(server).Column("host", "port").Where("s.id = ?", d.ServerID).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read server %s", d.ServerID)
	}
	return credentialsOn(server, d, username, password), nil
}

func credentialsOn(server *models.DatabaseServer, d *models.Database, username string, password secret.Text) *Credentials {
	return &Credentials{Host: server.Host, Port: server.Port, Database: d.ExtName, Username: username, Secret: password}
}

// Password is the clear password; the graph's field is the only caller.
func (c *Credentials) Password() string { return c.Secret.Reveal() }

// ConnectionStrings have the password in them.
func (c *Credentials) ConnectionStrings() []*ConnectionString {
	return connectionStrings(c.Host, c.Port, c.Database, c.Username, c.Secret)
}

// A ConnectionString is how one kind of client is told where the database is.
type ConnectionString struct {
	Format ConnectionStringFormat
	Value  string
}

// ConnectionStringFormat is a kind of client.
type ConnectionStringFormat string

// The formats.
const (
	FormatURI  ConnectionStringFormat = "URI"
	FormatPSQL ConnectionStringFormat = "PSQL"
	FormatEnv  ConnectionStringFormat = "ENV"
	FormatJDBC ConnectionStringFormat = "JDBC"
)

// connectionStrings writes all formats, without a password when it is zero. No
// value needs quoting: names and passwords are of safe characters by their making.
func connectionStrings(host string, port int, database, user string, password secret.Text) []*ConnectionString {
	p := strconv.Itoa(port)
	u := url.URL{Scheme: "postgresql", User: url.User(user), Host: net.JoinHostPort(host, p), Path: "/" + database}
	psql := "psql -h " + host + " -p " + p + " -U " + user + " -d " + database
	env := "PGHOST=" + host + "\nPGPORT=" + p + "\nPGDATABASE=" + database + "\nPGUSER=" + user
	jdbc := url.URL{Scheme: "jdbc:postgresql", Host: u.Host, Path: u.Path, RawQuery: "user=" + user}
	if !password.IsZero() {
		u.User = url.UserPassword(user, password.Reveal())
		psql = "PGPASSWORD=" + password.Reveal() + " " + psql
		env += "\nPGPASSWORD=" + password.Reveal()
		jdbc.RawQuery += "&password=" + password.Reveal()
	}
	return []*ConnectionString{
		{FormatURI, u.String()}, {FormatPSQL, psql}, {FormatEnv, env + "\nDATABASE_URL=" + u.String()}, {FormatJDBC, jdbc.String()},
	}
}
