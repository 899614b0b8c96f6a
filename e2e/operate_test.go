//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const bulkMutation = `mutation ($in: ChangeDatabasesInput!) { changeDatabases(input: $in) {
	preview { steps } databases { id state } job { ` + jobFields + ` } } }`

type bulk struct {
	Preview   *struct{ Steps []string }
	Databases []struct{ ID, State string }
	Job       *job
}

func changed(t *testing.T, a answer) bulk {
	t.Helper()
	return data[struct{ ChangeDatabases bulk }](t, a).ChangeDatabases
}

// operate sends a mutation of one database with the independent client, and
// waits for its job.
func (c *client) operate(t *testing.T, mutation, query string, in vars) order {
	t.Helper()
	o := data[map[string]order](t, c.throughNode(t, query, vars{"in": in}))[mutation]
	require.NotNil(t, o.Job, mutation)
	o.Job = c.awaitSuccess(t, o.Job.ID)
	return o
}

// TestOperate_FromSuspensionToBulk is an operator's day: one database suspended,
// resumed and given another password, then several at once, and those taken back.
func TestOperate_FromSuspensionToBulk(t *testing.T) {
	t.Parallel()
	s := install(t).start(t, launch{})
	admin := setUpThroughNode(t, s)
	customer := admin.createCustomer(t, "Operated", 5, "")
	var ids []string
	var made []*credentials
	for _, name := range []string{"one", "two", "three"} {
		o := admin.makeDatabase(t, customer, name)
		ids, made = append(ids, o.Database.ID), append(made, o.Credentials)
		login(t, o.Credentials.in(t, "URI"))
	}
	const loginRefused, tooMany = "28000", "53300"
	shut := func(c *credentials) {
		t.Helper()
		err := connectURI(t, c.in(t, "URI"))
		require.Error(t, err)
		require.True(t, strings.Contains(err.Error(), loginRefused) || strings.Contains(err.Error(), tooMany), "%v", err)
	}

	tried := data[struct {
		SuspendDatabase struct {
			Preview  struct{ Steps []string }
			Database struct{ State string }
			Job      *job
		}
	}](t, admin.throughNode(t, `mutation ($in: SuspendDatabaseInput!) { suspendDatabase(input: $in) { preview { steps } database { state } job { id } } }`,
		vars{"in": vars{"id": ids[0], "dryRun": true}})).SuspendDatabase
	require.Equal(t, []string{"disable-login", "close-database"}, tried.Preview.Steps)
	require.Nil(t, tried.Job)
	login(t, made[0].in(t, "URI"))
	admin.operate(t, "suspendDatabase", suspendMutation, vars{"id": ids[0], "reason": "Unpaid."})
	shut(made[0])
	admin.operate(t, "resumeDatabase", resumeMutation, vars{"id": ids[0]})
	login(t, made[0].in(t, "URI"))
	rotated := admin.operate(t, "rotateDatabasePassword", rotateMutation, vars{"id": ids[0]})
	requireSQLState(t, "28P01", connectURI(t, made[0].in(t, "URI")), "the password of before")
	made[0] = rotated.Credentials
	login(t, made[0].in(t, "URI"))

	// Several at once: the stream of the whole tells how far it is.
	b := changed(t, admin.throughNode(t, bulkMutation, vars{"in": vars{"action": "SUSPEND", "ids": ids, "dryRun": true}}))
	require.Equal(t, []string{"change-each"}, b.Preview.Steps)
	require.Nil(t, b.Job)
	b = changed(t, admin.throughNode(t, bulkMutation, vars{"in": vars{"action": "SUSPEND", "ids": ids}}))
	seen := all[sighting](t, admin.watch(t, watch{Name: "all", Job: b.Job.ID}))
	requireWholeStream(t, admin.job(t, b.Job.ID), items(seen, "all"))
	require.Equal(t, "SUCCEEDED", admin.job(t, b.Job.ID).State)
	for i, c := range made {
		require.Equal(t, "SUSPENDED", admin.database(t, ids[i]).State)
		shut(c)
	}
	refused := admin.throughNode(t, bulkMutation, vars{"in": vars{"action": "SUSPEND", "ids": append(ids[:2:2], customer)}})
	require.Len(t, refused.Errors, 1, "what is missing is refused before anything else")
	require.Equal(t, "NOT_FOUND ids.2", refused.Errors[0].Extensions.Code+" "+refused.Errors[0].Extensions.Field)

	b = changed(t, admin.throughNode(t, bulkMutation, vars{"in": vars{"action": "RESUME", "filter": vars{"customerId": customer}}}))
	require.Len(t, b.Databases, 3)
	admin.awaitSuccess(t, b.Job.ID)
	for _, c := range made {
		login(t, c.in(t, "URI"))
	}

	// Closed and waiting for the end of the grace period; then all is taken back.
	b = changed(t, admin.throughNode(t, bulkMutation, vars{"in": vars{"action": "DELETE", "ids": ids, "graceSeconds": 3600}}))
	require.Eventually(t, func() bool {
		for _, c := range made {
			if connectURI(t, c.in(t, "URI")) == nil {
				return false
			}
		}
		return true
	}, 30*time.Second, 100*time.Millisecond)
	canceled := admin.throughNode(t, `mutation ($id: ID!) { cancelJob(input: {id: $id}) { job { id cancelRequestedAt } } }`, vars{"id": b.Job.ID})
	require.Empty(t, canceled.Errors)
	require.Equal(t, "CANCELED", admin.await(t, b.Job.ID).State)
	for i, c := range made {
		require.Equal(t, "ACTIVE", admin.database(t, ids[i]).State)
		login(t, c.in(t, "URI"))
	}
	require.Equal(t, "3", admin.quotaUsed(t, customer))
	s.requireGaplessEvents(t)
}

// TestOperate_KillInTheMiddleOfABulk kills the real process with some children at
// work and others held; the next start ends all of them.
func TestOperate_KillInTheMiddleOfABulk(t *testing.T) {
	t.Parallel()
	in := install(t)
	s := in.start(t, launch{})
	admin := in.setUp(t, s)
	customer := admin.createCustomer(t, "Killed", -1, "")
	var ids []string
	for name := range strings.SplitSeq("abcdefghijkl", "") { // more than are at work at once
		ids = append(ids, admin.makeDatabase(t, customer, "bulk_"+name).Database.ID)
	}
	for _, point := range []string{"database.bulk/change-each:children-let-go", "database.suspend/close-database:after-effect"} {
		s.stop(t)
		s = in.start(t, launch{binary: built.fault, env: []string{"MPANEL_FAULT_POINT=1@" + point}})
		change := vars{"in": vars{"action": "SUSPEND", "ids": ids}}
		a, err := s.signIn(t, adminEmail).send(t.Context(), key(point), bulkMutation, change)
		require.Equal(t, -1, s.wait(t, startTime), "%s: killed", point)
		s = in.start(t, launch{})
		admin = s.signIn(t, adminEmail)
		if err != nil { // it died before it could answer: what the key is for
			a = admin.with(t, key(point), bulkMutation, change)
		}
		admin.awaitSuccess(t, changed(t, a).Job.ID)
		for _, id := range ids {
			require.Equal(t, "SUSPENDED", admin.database(t, id).State)
		}
		b := changed(t, admin.do(t, bulkMutation, vars{"in": vars{"action": "RESUME", "ids": ids}}))
		admin.awaitSuccess(t, b.Job.ID)
	}
	in.requireGaplessEvents(t)
}

func connectURI(t *testing.T, uri string) error {
	t.Helper()
	config, err := pgx.ParseConfig(uri)
	require.NoError(t, err)
	return connectTo(t, config)
}
