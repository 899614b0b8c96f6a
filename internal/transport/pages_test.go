package transport_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// pagesOperation is a line of the operations that the web app's code generator found.
var pagesOperation = regexp.MustCompile(`(?m)^ +(".*"): typeof types\.\w+,$`)

// pagesQueries are all queries of the web app.
func pagesQueries(t *testing.T, schema *ast.Schema) (list []*ast.QueryDocument) {
	t.Helper()
	source, err := os.ReadFile("../../web/src/gql/generated/gql.ts")
	require.NoError(t, err)
	for _, m := range pagesOperation.FindAllStringSubmatch(string(source), -1) {
		var text string
		require.NoError(t, json.Unmarshal([]byte(m[1]), &text), m[1])
		doc, invalid := gqlparser.LoadQueryWithRules(schema, text, nil)
		require.Empty(t, invalid, text)
		if doc.Operations[0].Operation == ast.Query {
			list = append(list, doc)
		}
	}
	return list
}

// A use is where a selection gives a variable to a field.
type use struct {
	place
	field *ast.Field
}

// usesOf are where variables are given, by their names.
func usesOf(set ast.SelectionSet) map[string]use {
	uses := map[string]use{}
	var within func(f *ast.Field, v *ast.Value, path string)
	within = func(f *ast.Field, v *ast.Value, path string) {
		if v.Kind == ast.Variable {
			uses[v.Raw] = use{place{f.ObjectDefinition.Name, f.Name, path}, f}
		}
		for _, c := range v.Children {
			within(f, c.Value, path+"."+c.Name)
		}
	}
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				for _, a := range s.Arguments {
					within(s, a.Value, a.Name)
				}
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			}
		}
	}
	walk(set)
	return uses
}

// sampleVariables gives a query what it asks for: of ids that of an object of the kind that
// the field gives, where it gives any kind the one that the selection speaks of.
func sampleVariables(t *testing.T, o *ast.OperationDefinition, ids map[string]string) vars {
	t.Helper()
	out, uses := vars{}, usesOf(o.SelectionSet)
	for _, v := range o.VariableDefinitions {
		switch name := v.Type.Name(); {
		case name == "Int":
			if v.Variable == "first" || v.Type.NonNull {
				out[v.Variable] = 20
			}
		case !v.Type.NonNull: // filters, orders and where a page begins
		case name == "Boolean":
			out[v.Variable] = true
		case name == "String":
			out[v.Variable] = "many"
		case name == "DateTime":
			out[v.Variable] = time.Now().Add(map[bool]time.Duration{true: -time.Hour}[v.Variable == "from" || v.Variable == "since"])
		case name == "ID":
			at, ok := uses[v.Variable]
			require.True(t, ok, "%s: $%s is given to no field", o.Name, v.Variable)
			kind := places[at.String()].kind
			for _, s := range at.field.SelectionSet {
				if on, ok := s.(*ast.InlineFragment); ok && kind == "" {
					kind = strings.ToLower(on.TypeCondition[:1]) + on.TypeCondition[1:]
				}
			}
			require.Contains(t, ids, kind, "%s: of which kind is $%s, in %s?", o.Name, v.Variable, at)
			out[v.Variable] = ids[kind]
		default:
			require.Fail(t, "a variable that this test knows nothing for", "%s: $%s: %s", o.Name, v.Variable, v.Type)
		}
	}
	return out
}

// An excess is what a query asks beyond the rule, and why.
type excess struct {
	twice bool // it asks a table more than once in one round trip
	maybe bool // that depends on which of its lists come at the same time
	why   string
}

var excesses = map[string]excess{
	"AuditEvents":   {twice: true, why: "who did it, as whom, and what it was done to may all be users"},
	"AuditEvent":    {twice: true, why: "as in AuditEvents; one's own API tokens are looked for beside those of one's members"},
	"CustomerAudit": {twice: true, why: "who did it and as whom are both users"},
	"Dashboard":     {twice: true, maybe: true, why: "the quotas that are almost used up, those that are used up, and the first customers' are three lists"},
}

// Every query of the web app, with several rows wherever there can be: one round trip for
// each level, and in it one statement for each table, and one for its total. Fields at the
// root count each for itself, since their lists are planned for each caller. What asks more
// is in excesses.
func TestStatements_Pages(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(3)
	server := p.addServer()
	own := p.addTenant("many", ident.CustomerID{}, server)
	for _, mark := range []string{"many-b", "many-c"} {
		beside := p.beside(mark, own, server)
		p.addTenant("below-"+mark, own.customer, server)
		p.exec("UPDATE jobs SET parent_id = ? WHERE id = ?", own.job, beside.job)
		p.exec("UPDATE api_tokens SET user_id = ? WHERE id = ?", own.user, beside.apiToken)
		p.exec("UPDATE impersonations SET user_id = ? WHERE user_id = ?", own.user, beside.user)
		p.exec("UPDATE database_users SET database_id = ?, name = ? WHERE id = ?", own.database, strings.ReplaceAll(mark, "-", "_"), beside.login)
		p.exec("UPDATE invitations SET customer_id = ? WHERE id = ?", own.customer, beside.invitation)
		p.exec("UPDATE notifications SET user_id = ? WHERE id = ?", own.user, beside.notification)
		p.notify(ident.NewNotificationID(), own.user, mark, ident.Database, beside.database.UUID)
		p.addSession(ident.NewSessionID(), own.user, mark)
		beside.dump, beside.database = ident.NewDatabaseDumpID(), own.database
		p.addDump(mark, beside)
	}
	p.exec("UPDATE customer_quotas SET level = 'CRITICAL' WHERE customer_id = ?", own.customer)
	p.exec("UPDATE jobs SET state = 'RUNNING' WHERE id IN (SELECT DISTINCT ON (resource_id) id FROM jobs ORDER BY resource_id, id)")
	p.exec("UPDATE jobs SET state = 'FAILED' WHERE id IN (SELECT id FROM jobs WHERE state = 'SUCCEEDED' ORDER BY id LIMIT 1)")
	for i := range 3 {
		p.insert(&models.JobStep{JobID: own.job, Idx: i + 1, Name: "more", State: models.StepDone})
	}
	ids := withID(own.ids(), "databaseServer", server.Opaque())
	ids["server"] = p.host().Opaque()
	token := p.as(&actor.Actor{User: own.user, Provider: allPermissions()})
	queries := pagesQueries(t, p.schema)
	require.Greater(t, len(queries), 40)
	unseen := maps.Clone(excesses)
	for _, doc := range queries {
		o := doc.Operations[0]
		text, variables := o.Position.Src.Input, sampleVariables(t, o, ids)
		var data map[string]any
		p.sql.During(func() { data = p.must(token, text, variables) })
		for name, found := range data {
			require.NotNil(t, found, "%s: %s is not there", o.Name, name)
			if nodes, ok := at(found, "nodes").([]any); ok {
				require.NotEmpty(t, nodes, "%s: %s is empty", o.Name, name)
			}
		}
		if stockExecutor() { // which knows of no levels
			continue
		}
		trips, allowed := p.sql.Trips(), excesses[o.Name]
		most := 0
		for _, root := range o.SelectionSet {
			most += levels(doc, ast.SelectionSet{root})
		}
		require.LessOrEqual(t, len(trips), most, "%s\n%q", text, trips)
		found := twice(t, trips)
		if !allowed.maybe {
			require.Equal(t, allowed.twice, len(found) > 0, "%s\n%q", text, found)
		}
		delete(unseen, o.Name)
	}
	if !stockExecutor() {
		require.Empty(t, unseen, "exceptions for queries that are none of the web app's")
	}
}
