//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the tests select of each type.
const (
	databaseFields = `id name externalName username state host port connectionLimit deleteAfter connectionStrings { format value }`
	eventFields    = `position at jobId kind state step stepState percent message error { code message retryable }`
	jobFields      = `id kind state percent waitingFor nextAttemptAt attempts finishedAt error { code message }
		steps { name state attempt error } events(first: 100) { ` + eventFields + ` }`
	credentialFields   = `host port database username password connectionStrings { format value }`
	createPayload      = `{ database { ` + databaseFields + ` } credentials { ` + credentialFields + ` } job { ` + jobFields + ` } }`
	createMutation     = `mutation ($in: CreateDatabaseInput!) { createDatabase(input: $in) ` + createPayload + ` }`
	deletePayload      = `{ database { ` + databaseFields + ` } job { ` + jobFields + ` } }`
	suspendMutation    = `mutation ($in: SuspendDatabaseInput!) { suspendDatabase(input: $in) ` + deletePayload + ` }`
	resumeMutation     = `mutation ($in: ResumeDatabaseInput!) { resumeDatabase(input: $in) ` + deletePayload + ` }`
	rotateMutation     = `mutation ($in: RotateDatabasePasswordInput!) { rotateDatabasePassword(input: $in) ` + createPayload + ` }`
	userPayload        = `{ databaseUser { id username rights } job { ` + jobFields + ` } }`
	createUserMutation = `mutation ($in: CreateDatabaseUserInput!) { createDatabaseUser(input: $in) ` + userPayload + ` }`
	updateUserMutation = `mutation ($in: UpdateDatabaseUserInput!) { updateDatabaseUser(input: $in) ` + userPayload + ` }`
	rotateUserMutation = `mutation ($in: RotateDatabaseUserPasswordInput!) { rotateDatabaseUserPassword(input: $in) ` + userPayload + ` }`
	deleteUserMutation = `mutation ($in: DeleteDatabaseUserInput!) { deleteDatabaseUser(input: $in) ` + userPayload + ` }`
	deleteMutation     = `mutation ($in: DeleteDatabaseInput!) { deleteDatabase(input: $in) ` + deletePayload + ` }`
)

type connectionString struct{ Format, Value string }

type database struct {
	ID, Name, ExternalName, Username, State, Host string
	Port, ConnectionLimit                         int
	DeleteAfter                                   *time.Time
	ConnectionStrings                             []connectionString
}

type credentials struct {
	Host, Database, Username, Password string
	Port                               int
	ConnectionStrings                  []connectionString
}

// in gives one format of the connection strings.
func (c *credentials) in(t *testing.T, format string) string {
	t.Helper()
	for _, s := range c.ConnectionStrings {
		if s.Format == format {
			return s.Value
		}
	}
	require.FailNow(t, "no such connection string", format)
	return ""
}

// at is the URI with another port: that of the server after another start.
func (c *credentials) at(t *testing.T, port int) string {
	t.Helper()
	u, err := url.Parse(c.in(t, "URI"))
	require.NoError(t, err)
	u.Host = net.JoinHostPort(c.Host, strconv.Itoa(port))
	return u.String()
}

// An event is an item of a job's stream.
type event struct {
	Typename                     string `json:"__typename"`
	Position, JobID, Kind, State string
	At                           time.Time
	Step, StepState, Message     *string
	Percent                      float64
	Error                        *struct{ Code, Message string }
}

func (e event) String() string {
	if e.Step != nil {
		return fmt.Sprintf("%s %s", e.Kind, *e.Step)
	}
	return e.Kind
}

type job struct {
	ID, Kind, State           string
	Percent                   float64
	WaitingFor                *string
	NextAttemptAt, FinishedAt *time.Time
	Attempts                  int
	Error                     *struct{ Code, Message string }
	Steps                     []struct {
		Name, State string
		Attempt     int
		Error       *string
	}
	Events []event
}

func (j *job) over() bool {
	return j.State == "SUCCEEDED" || j.State == "FAILED" || j.State == "CANCELED"
}

// An order is the payload of a mutation that provisions.
type order struct {
	Database     *database
	DatabaseUser *struct{ ID, Username, Rights string }
	Dump         *dump
	Credentials  *credentials
	Job          *job
}

// createCustomer makes a customer with a quota of databases, -1 for none, below
// a parent, "" for the top. It returns its id.
func (c *client) createCustomer(t *testing.T, name string, quota int, parent string) string {
	t.Helper()
	in := vars{"name": name, "email": "owner@example.com"}
	if quota >= 0 {
		in["quotas"] = []vars{{"name": "DATABASES", "max": quota}}
	}
	if parent != "" {
		in["parentId"] = parent
	}
	out := data[struct {
		CreateCustomer struct{ Customer struct{ ID string } }
	}](t, c.do(t,
		`mutation ($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`, vars{"in": in}))
	return out.CreateCustomer.Customer.ID
}

// createDatabase orders a database; its job is at work when this returns.
func (c *client) createDatabase(t *testing.T, customer, name string) order {
	t.Helper()
	return created(t, c.do(t, createMutation, vars{"in": vars{"customerId": customer, "name": name}}))
}

func created(t *testing.T, a answer) order {
	t.Helper()
	return data[struct{ CreateDatabase order }](t, a).CreateDatabase
}

// makeDatabase orders a database and waits for it.
func (c *client) makeDatabase(t *testing.T, customer, name string) order {
	t.Helper()
	o := c.createDatabase(t, customer, name)
	o.Job = c.awaitSuccess(t, o.Job.ID)
	return o
}

func (c *client) deleteDatabase(t *testing.T, id string, graceSeconds int) order {
	t.Helper()
	return data[struct{ DeleteDatabase order }](t, c.do(t, deleteMutation,
		vars{"in": vars{"id": id, "graceSeconds": graceSeconds}})).DeleteDatabase
}

// database reads a database; nil when there is none.
func (c *client) database(t *testing.T, id string) *database {
	t.Helper()
	return data[struct{ Database *database }](t, c.do(t, `query ($id: ID!) { database(id: $id) { `+databaseFields+` } }`, vars{"id": id})).Database
}

func (c *client) job(t *testing.T, id string) *job {
	t.Helper()
	j := data[struct{ Job *job }](t, c.do(t, `query ($id: ID!) { job(id: $id) { `+jobFields+` } }`, vars{"id": id})).Job
	require.NotNil(t, j, "job %s", id)
	return j
}

// quota is what a customer uses of its databases.
func (c *client) quotaUsed(t *testing.T, customer string) string {
	t.Helper()
	out := data[struct {
		Customer struct{ Quotas []struct{ Name, Used string } }
	}](t, c.do(t,
		`query ($id: ID!) { customer(id: $id) { quotas { name used } } }`, vars{"id": customer}))
	for _, q := range out.Customer.Quotas {
		if q.Name == "DATABASES" {
			return q.Used
		}
	}
	return ""
}
