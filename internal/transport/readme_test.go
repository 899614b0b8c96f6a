package transport_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
)

// A readmeOperation is one that README.md sends.
type readmeOperation struct {
	Query     string
	Variables vars
}

var (
	requests       = regexp.MustCompile(`(?s)-d '(\{.*?\})'(?:[\n\s;|)]|$)`)
	shellBlocks    = regexp.MustCompile("(?s)```sh\n(.*?)```")
	shellVariables = regexp.MustCompile(`'\$([A-Z]+)'`)
	tableOf        = regexp.MustCompile(`(?i)\b(?:FROM|INTO|UPDATE) "?([a-z_]{2,})`)
)

// readmeOperations are all operations in README.md's shell blocks, with ids
// given to the shell's variables by their names: $DATABASE is a database's.
func readmeOperations(t *testing.T, ids map[string]string) (list []readmeOperation) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	queries := 0
	for _, block := range shellBlocks.FindAllStringSubmatch(string(text), -1) {
		queries += strings.Count(block[1], `"query":`)
		for _, m := range requests.FindAllStringSubmatch(block[1], -1) {
			body := shellVariables.ReplaceAllStringFunc(m[1], func(name string) string {
				id, ok := ids[strings.ToLower(shellVariables.FindStringSubmatch(name)[1])]
				require.True(t, ok, "README.md has %s: enter in this test what a tenant has of that kind", name)
				return id
			})
			var o readmeOperation
			require.NoError(t, json.Unmarshal([]byte(body), &o), body)
			list = append(list, o)
		}
	}
	require.Len(t, list, queries, "README.md has operations that this test does not understand")
	return list
}

// levels is how many levels of resolvers are in a selection, one below the other.
func levels(doc *ast.QueryDocument, set ast.SelectionSet) (most int) {
	for _, s := range set {
		n := 0
		switch s := s.(type) {
		case *ast.Field:
			n = levels(doc, s.SelectionSet)
			if s.ObjectDefinition.Name == "Query" || s.ObjectDefinition.Name == "Mutation" || s.Definition.Directives.ForName("goField") != nil {
				n++
			}
		case *ast.InlineFragment:
			n = levels(doc, s.SelectionSet)
		case *ast.FragmentSpread:
			n = levels(doc, doc.Fragments.ForName(s.Name).SelectionSet)
		}
		most = max(most, n)
	}
	return most
}

// streamed runs a subscription to its end and gives how many events it had.
func (p *panel) streamed(t *testing.T, token, query string, variables vars) (events int) {
	t.Helper()
	conn := p.open(t, token)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(query, variables)})
	for {
		switch f := receive(t, conn); f.Type {
		case "next":
			events++
		case "complete":
			return events
		default:
			require.Fail(t, "no end", "%s: %s", f.Type, f.Payload)
		}
	}
}

// bare is a subscription that asks for nothing of its events.
func bare(doc *ast.QueryDocument) string {
	var text strings.Builder
	f, _ := doc.Operations[0].SelectionSet[0].(*ast.Field)
	f.SelectionSet = ast.SelectionSet{&ast.Field{Name: "__typename", Alias: "__typename"}}
	formatter.NewFormatter(&text).FormatQueryDocument(&ast.QueryDocument{Operations: doc.Operations})
	return text.String()
}

// twice are the tables that a round trip asks more than once, each with the trip. A total
// is beside its page, in the same round trip.
func twice(t *testing.T, trips [][]string) (found []string) {
	t.Helper()
	for _, trip := range trips {
		tables := map[string]bool{}
		for _, statement := range trip {
			table := tableOf.FindStringSubmatch(statement)
			require.NotNil(t, table, statement)
			of := table[1]
			if strings.Contains(statement, "count(*)") {
				of = "the total of " + of
			}
			if tables[of] {
				found = append(found, fmt.Sprintf("%s: %q", of, trip))
			}
			tables[of] = true
		}
	}
	return found
}

// Every operation in README.md: one round trip for each level, and in it one
// statement for each table, and one for its total. Of a mutation those count that come after its
// transaction; of a subscription those that its selection adds, for each event.
func TestStatements_Readme(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(3)
	own := p.addTenant("readme", ident.CustomerID{}, p.addServer())
	_, err := p.auth.CreateAdmin(t.Context(), "ada@example.com", "Ada", secret.New("seven otters paint the lighthouse"))
	require.NoError(t, err)
	token := p.as(&actor.Actor{User: own.user, Provider: allPermissions()})
	seen := map[ast.Operation]int{}
	for _, o := range readmeOperations(t, own.ids()) {
		doc, invalid := gqlparser.LoadQueryWithRules(p.schema, o.Query, nil)
		require.Empty(t, invalid, o.Query)
		kind, most := doc.Operations[0].Operation, levels(doc, doc.Operations[0].SelectionSet)
		seen[kind]++
		if kind == ast.Subscription {
			var events int
			p.sql.During(func() { events = p.streamed(t, token, o.Query, o.Variables) })
			all := p.sql.RoundTrips()
			p.sql.During(func() { require.Equal(t, events, p.streamed(t, token, bare(doc), o.Variables)) })
			require.Positive(t, events, o.Query)
			if !stockExecutor() {
				require.LessOrEqual(t, all-p.sql.RoundTrips(), events*most, o.Query)
			}
			continue
		}
		var r reply
		p.sql.During(func() { r = p.post(token, o.Query, o.Variables) })
		for _, e := range r.Errors { // README.md shows mistakes, too
			require.Equal(t, "INVALID", e.Extensions["code"], "%s\n%s", o.Query, r.body)
		}
		trips := p.sql.Trips()
		for i, trip := range slices.Backward(trips) {
			if strings.EqualFold(trip[0], "commit") {
				trips = trips[i+1:]
				break
			}
		}
		if stockExecutor() { // which knows of no levels
			continue
		}
		require.LessOrEqual(t, len(trips), most, "%s\n%q", o.Query, trips)
		require.Empty(t, twice(t, trips), o.Query)
	}
	for _, kind := range []ast.Operation{ast.Query, ast.Mutation, ast.Subscription} {
		require.Positive(t, seen[kind], kind)
	}
}
