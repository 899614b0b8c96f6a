package transport_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// notTried are the mutations that answer with a job and cannot be tried first.
var notTried = map[string]string{
	"cancelJob": "it orders nothing: what the job did is undone, and Job.steps tells what that is",
	"retryJob":  "it orders what was ordered already, whose steps Job.steps tells",
}

// An attempt is a mutation that is about to succeed.
type attempt struct {
	token   string
	input   vars
	headers []string

	twice bool // it succeeds again
}

// attempts has each mutation that answers with a job. It changes the rows of a
// tenant of its own until the mutation is possible.
var attempts = map[string]func(p *panel, s tenant) attempt{
	"createDatabase": func(p *panel, s tenant) attempt {
		p.exec("UPDATE customer_quotas SET max = 2 WHERE customer_id = ? AND name = 'DATABASES'", s.customer)
		return attempt{token: s.token, input: vars{"customerId": s.customer.Opaque(), "name": "fresh"}}
	},
	"changeDatabases": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"action": "DELETE", "ids": []string{s.database.Opaque()}, "graceSeconds": 60}}
	},
	"deleteDatabase":         ofDatabase(nil),
	"suspendDatabase":        ofDatabase(nil),
	"rotateDatabasePassword": ofDatabase(vars{"graceSeconds": 60}),
	"resumeDatabase": func(p *panel, s tenant) attempt {
		p.exec("UPDATE databases SET state = 'SUSPENDED', suspended = true WHERE id = ?", s.database)
		return ofDatabase(nil)(p, s)
	},
	"restoreDatabase": func(p *panel, s tenant) attempt {
		p.exec("UPDATE databases SET state = 'DELETING', delete_after = now() + interval '1 day' WHERE id = ?", s.database)
		job := &models.Job{
			ID: ident.NewJobID(), Kind: database.KindDelete, PlanVersion: 1, CustomerID: s.customer, ResourceKind: ident.Database,
			ResourceID: s.database.UUID, TargetGeneration: 1, State: models.JobRunning, EventSeq: 0,
		}
		p.insert(job)
		for i, step := range []string{"close", "grace-period", "drop-database", "drop-login"} {
			p.insert(&models.JobStep{JobID: job.ID, Idx: i, Name: step, State: map[bool]models.JobStepState{true: models.StepDone, false: models.StepPending}[i == 0]})
		}
		a := ofDatabase(nil)(p, s)
		a.twice = true
		return a
	},
	"keepPreviousDatabaseLogin": func(p *panel, s tenant) attempt {
		p.exec("UPDATE databases SET previous_username = 'before', previous_verifier_sealed = '1', previous_until = now() + interval '1 day' WHERE id = ?", s.database)
		return ofDatabase(nil)(p, s)
	},
	"setDatabaseAccess": func(p *panel, s tenant) attempt {
		p.exec("UPDATE database_servers SET embedded = true WHERE id = (SELECT server_id FROM databases WHERE id = ?)", s.database)
		return ofDatabase(vars{"cidrs": []string{"192.0.2.0/24"}})(p, s)
	},
	"openDatabaseForCleanup": func(p *panel, s tenant) attempt {
		p.exec("UPDATE databases SET state = 'SUSPENDED' WHERE id = ?", s.database)
		p.exec(`INSERT INTO customer_quotas (customer_id, name, used, max) VALUES (?, 'DATABASE_BYTES', 2, 1)
			ON CONFLICT (customer_id, name) DO UPDATE SET used = 2, max = 1`, s.customer)
		return ofDatabase(nil)(p, s)
	},
	"createDatabaseUser": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"databaseId": s.database.Opaque(), "name": "fresh", "rights": "READ_ONLY"}}
	},
	"updateDatabaseUser":         ofDatabaseUser(vars{"rights": "READ_WRITE"}),
	"rotateDatabaseUserPassword": ofDatabaseUser(nil),
	"deleteDatabaseUser":         ofDatabaseUser(nil),
	"exportDatabase":             ofDatabase(nil),
	"importDatabase":             func(p *panel, s tenant) attempt { return ofDatabase(vars{"dumpId": s.dump.Opaque()})(p, s) },
	"cloneDatabase": func(p *panel, s tenant) attempt {
		p.exec("UPDATE customer_quotas SET max = 2 WHERE customer_id = ? AND name = 'DATABASES'", s.customer)
		return ofDatabase(vars{"name": "fresh"})(p, s)
	},
	"suspendCustomer": func(p *panel, s tenant) attempt {
		return attempt{token: p.staff(), input: vars{"id": s.customer.Opaque(), "reason": "Unpaid."}}
	},
	"resumeCustomer": func(p *panel, s tenant) attempt {
		p.exec("UPDATE customers SET state = 'SUSPENDED', suspended = true WHERE id = ?", s.customer)
		return attempt{token: p.staff(), input: vars{"id": s.customer.Opaque()}}
	},
	"decideDriftFinding": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.finding.Opaque(), "decision": "REPAIR"}}
	},
}

func ofDatabase(more vars) func(*panel, tenant) attempt {
	return func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: with(more, "id", s.database.Opaque())}
	}
}

func ofDatabaseUser(more vars) func(*panel, tenant) attempt {
	return func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: with(more, "id", s.login.Opaque())}
	}
}

func with(input vars, name string, value any) vars {
	out := vars{name: value}
	maps.Copy(out, input)
	return out
}

// ordering are the mutations whose payload has a job.
func ordering(s *ast.Schema) (list []*ast.FieldDefinition) {
	for _, f := range s.Mutation.Fields {
		if s.Types[f.Type.Name()].Fields.ForName("job") != nil {
			list = append(list, f)
		}
	}
	return list
}

// tables is a checksum of each table of the panel's database.
func (p *panel) tables(without ...string) map[string]string {
	p.t.Helper()
	p.sums.Do(func() {
		var names []string
		err := p.db.NewRaw(`SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`).
			Scan(p.t.Context(), &names)
		require.NoError(p.t, err)
		require.Contains(p.t, names, "public.databases")
		for _, name := range names {
			p.summed = append(p.summed, "SELECT '"+name+"' AS name, count(*) || ' ' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') AS sum FROM "+name+" AS t")
		}
	})
	var rows []struct{ Name, Sum string }
	require.NoError(p.t, p.db.NewRaw(strings.Join(p.summed, " UNION ALL ")).Scan(p.t.Context(), &rows))
	sums := map[string]string{}
	for _, row := range rows {
		if !slices.Contains(without, row.Name) {
			sums[row.Name] = row.Sum
		}
	}
	return sums
}

// Every mutation that provisions can be tried first: that writes nothing, shows
// no secret, and is refused as the mutation itself would be.
func TestDryRun_OfEveryMutationThatAnswersWithAJob(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for name := range notTried {
		require.NotNil(t, p.schema.Mutation.Fields.ForName(name), "%s is excepted and is not there", name)
	}
	mutations := ordering(p.schema)
	require.Greater(t, len(mutations), len(notTried))
	stranger := p.addTenant("stranger", ident.CustomerID{}, p.addServer())
	for i, f := range mutations {
		if notTried[f.Name] != "" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			payload := p.schema.Types[f.Type.Name()]
			input := p.schema.Types[f.Arguments.ForName("input").Type.Name()]
			require.NotNil(t, input.Fields.ForName("dryRun"), "%s has no dryRun", input.Name)
			require.NotNil(t, payload.Fields.ForName("preview"), "%s has no preview", payload.Name)
			require.False(t, payload.Fields.ForName("job").Type.NonNull, "a dry run has no job: let %s.job be null", payload.Name)
			require.Contains(t, attempts, f.Name, "enter how it comes to be possible, so that its dry run is proved")

			a := attempts[f.Name](p, p.addTenant(fmt.Sprintf("tenant-%d", i), ident.CustomerID{}, p.addServer()))
			query := fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { preview { steps quotas { name used } } job { id state }", input.Name, f.Name)
			secrets := payload.Fields.ForName("credentials") != nil
			if secrets {
				query += " credentials { password }"
			}
			query += " } }"
			try, do := vars{"input": with(a.input, "dryRun", true)}, vars{"input": a.input}
			key := []string{"Idempotency-Key", "key-" + uuid.NewString()}

			before := p.tables()
			d := p.must(a.token, query, try, key...)
			require.Equal(t, before, p.tables(), "a dry run writes nothing")
			require.NotEmpty(t, at(d, f.Name, "preview", "steps"))
			require.NotEmpty(t, at(d, f.Name, "preview", "quotas"))
			require.Nil(t, at(d, f.Name, "job"))
			require.Nil(t, at(d, f.Name, "credentials"))

			foreign := p.post(stranger.token, query, try)
			require.NotEmpty(t, foreign.Errors)
			require.Equal(t, p.post(stranger.token, query, do).same(), foreign.same(), "to others it is as missing as to the mutation")
			require.Equal(t, before, p.tables())

			d = p.must(a.token, query, do, key...)
			require.Nil(t, at(d, f.Name, "preview"))
			require.Equal(t, "PENDING", stateOf(at(d, f.Name, "job")))
			if secrets {
				require.NotEmpty(t, at(d, f.Name, "credentials", "password"))
			}

			after := p.tables()
			require.NotEqual(t, before, after)
			if a.twice {
				return
			}
			again := p.post(a.token, query, try)
			require.Equal(t, p.post(a.token, query, do).same(), again.same(), "the refusals are the mutation's own")
			require.NotEmpty(t, again.Errors)
			require.Equal(t, after, p.tables())
			// A key of the mutation is none of its dry run's business.
			require.Equal(t, again.codes(), p.post(a.token, query, try, key...).codes())
		})
	}
	for name := range attempts {
		require.True(t, slices.ContainsFunc(mutations, func(f *ast.FieldDefinition) bool { return f.Name == name }), "%s is entered and answers with no job", name)
	}
}

// stateOf is that of a job which was just ordered, or is taken back: nothing runs here.
func stateOf(job any) any {
	if at(job, "state") == "RUNNING" {
		return "PENDING"
	}
	return at(job, "state")
}
