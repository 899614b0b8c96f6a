package transport_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/testkit"
)

// R7, S10, F29: everybody asks for every field of the schema with everybody's ids, over every
// wire. Nothing of another tenant's is in any answer, what is another's answers as what
// does not exist, nobody changes another's rows, and each field is for those alone that
// policies and docs/permissions.md say. All is generated from the schema: a field
// or a place for an id that is new fails until it is entered in policies or places.
func TestR7_IsolationMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Empty(t, withoutPolicy(w.schema), "enter these in policies")
	require.Empty(t, contradictions(w.schema))
	for _, row := range w.schema.GetPossibleTypes(w.schema.Types["Node"]) {
		require.True(t, slices.ContainsFunc(w.objects, func(o object) bool { return w.typeOf(o.kind) == row }), "the world has no %s", row.Name)
	}
	w.each(t, "ids", w.knowsIDs)
	w.each(t, "edges", w.followsEdges)
	w.each(t, "foreign ids", w.triesForeignIDs)
	t.Run("streams", w.streams)
	before := w.belongings()
	w.each(t, "fields", w.triesFields)
	require.Equal(t, before, w.belongings(), "with arguments that name nothing, nothing of anybody's is changed")
	testkit.Reportf(t, "R7: %d fields x %d roles x %d wires: %d operations, %d leaks, %d oracles",
		len(policies), len(w.callers), len(wires), w.operations.Load(), w.leaks.Load(), w.oracles.Load())
	require.Greater(t, w.operations.Load(), int64(10_000))
}

// each has every caller do something, several at a time.
func (w *world) each(t *testing.T, name string, do func(*testing.T, *caller, int)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for i, c := range w.callers {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				defer c.hangUp()
				do(t, c, i)
			})
		}
	})
}

// knowsIDs asks for all ids there are at once: exactly those are answered that the caller
// may see, over each wire and in each form of a document.
func (w *world) knowsIDs(t *testing.T, c *caller, n int) {
	const rows = `{ __typename id ... on Node { again: id } ... on Database { name } ... on Job { kind } ...more } }
		fragment more on Node { id ... on Customer { name } ... on User { email } ... on AuditEvent { action } }`
	want := map[string]bool{}
	for chunk := range slices.Chunk(w.objects, 30) {
		ids := make([]string, len(chunk))
		for i, o := range chunk {
			ids[i], want[o.id] = o.id, c.sees(o)
		}
		aliased, declared, variables := "", "", vars{}
		for i, id := range ids {
			declared += fmt.Sprintf("$i%d: ID! ", i)
			aliased += fmt.Sprintf("a%d: node(id: $i%d) { id } ", i, i)
			variables[fmt.Sprintf("i%d", i)] = id
		}
		for _, by := range append(slices.Clone(wires), overGET) {
			w.seen(t, c, chunk, w.ask(t, c, by, `query($ids: [ID!]!) { nodes(ids: $ids) `+rows, vars{"ids": ids}))
			w.seen(t, c, chunk, w.ask(t, c, by, "query("+declared+") { ...all } fragment all on Query { "+aliased+"}", variables))
		}
	}
	require.Len(t, want, len(w.objects))
	at := w.walk.allPlaces()
	w.triesPlace(t, c, at[slices.IndexFunc(at, func(p place) bool { return p.String() == whatWasAsked })], n)
}

// seen checks that an answer has the ids of what the caller sees, and no other.
func (w *world) seen(t *testing.T, c *caller, objects []object, answer string) {
	t.Helper()
	for _, o := range objects {
		there := strings.Contains(answer, `"id":"`+o.id+`"`)
		if there && !c.sees(o) {
			w.leaks.Add(1)
		}
		require.Equal(t, c.sees(o), there, "%s sees %s\n%s", c.name, o, answer)
	}
}

// followsEdges asks for all that hangs on what the caller sees, near and far; search looks
// through the answers. An edge with a permission of its own is null for who does not hold it.
func (w *world) followsEdges(t *testing.T, c *caller, n int) {
	var told strings.Builder
	for _, f := range rootFields(w.schema) {
		if f.operation != "query" || slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull }) {
			continue
		}
		queries := w.walk.deepQueries(f)
		if c.expected(readPolicy(policies["Query."+f.Name])) != "" {
			queries = queries[:1]
		}
		for _, query := range queries {
			n++
			answer := w.ask(t, c, wires[n%len(wires)], query, nil)
			told.WriteString(answer)
			require.NotContains(t, answer, `"INTERNAL"`, query)
			require.NotContains(t, answer, `"INVALID"`, query)
		}
	}
	for _, text := range w.toldTo(c) { // or the others are not told because nobody is
		require.Contains(t, told.String(), text)
	}
	for _, o := range w.objects {
		if !c.sees(o) {
			continue
		}
		row := w.typeOf(o.kind)
		for _, f := range row.Fields {
			need, ok := requires(f)
			if !ok || f.Type.NonNull {
				continue
			}
			n++
			query := fmt.Sprintf("query($id: ID!) { node(id: $id) { ...row } } fragment row on %s { edge: %s%s }", row.Name, f.Name, w.walk.selection(f.Type))
			answer := w.ask(t, c, wires[n%len(wires)], query, vars{"id": o.id})
			missing := slices.ContainsFunc(need, func(p actor.Permission) bool { return !c.holds(p) })
			if missing {
				require.Contains(t, answer, `{"edge":null}`, "%s.%s", row.Name, f.Name)
			}
			require.Equal(t, !missing && c.holdsIn(need[0], o.tenant), strings.Contains(answer, `{"edge":{`), "%s.%s of %s: %s", row.Name, f.Name, o, answer)
		}
	}
}

// toldTo are what some callers must come upon.
func (w *world) toldTo(c *caller) (texts []string) {
	switch c.name {
	case staffMark + " OWNER":
		for mark := range below {
			texts = append(texts, "canary-"+mark)
		}
		return append(texts, staffMark)
	case "OWNER of alpha":
		for _, kind := range []string{"ApiToken", "Customer", "Database", "DatabaseUser", "DatabaseDump", "DriftFinding", "Invitation", "Job", "Membership", "User", "AuditEvent"} {
			texts = append(texts, `"__typename":"`+kind+`"`)
		}
	case "OWNER of reseller":
		texts = []string{"canary-reseller", "canary_bravo"}
	}
	return texts
}

// typeOf is the type of a kind of id.
func (w *world) typeOf(kind string) *ast.Definition {
	for _, def := range w.schema.GetPossibleTypes(w.schema.Types["Node"]) {
		if strings.EqualFold(kind, def.Name) {
			return def
		}
	}
	return &ast.Definition{}
}

// triesFields asks for each root field, over each wire: executed, FORBIDDEN or
// UNAUTHENTICATED as the policy says.
func (w *world) triesFields(t *testing.T, c *caller, _ int) {
	for _, f := range rootFields(w.schema) {
		name := w.schema.Types[strings.ToUpper(f.operation[:1])+f.operation[1:]].Name + "." + f.Name
		p := readPolicy(policies[name])
		all := wires
		if f.operation == "query" {
			all = append(slices.Clone(wires), overGET)
		}
		for _, by := range all {
			if f.operation == "subscription" && by == overPOST {
				continue // which has no streams
			}
			answer := w.ask(t, c, by, w.walk.operation(f), nil)
			require.Equal(t, w.verdict(c, by, p), w.refusal(answer, p), "%s over %s, which is for %q: %s", name, by, policies[name], answer)
			require.NotContains(t, answer, `"INTERNAL"`, name)
			if f.Name == "signOut" || f.Name == "endImpersonation" { // and it is over
				w.revive(c)
				continue
			}
			require.NotContains(t, answer, overNow, name)
		}
	}
}

// belongings are sums of the tables of what tenants have; what is the provider's, such as
// servers, and what everybody has for themselves, such as sessions, is not in them.
func (w *world) belongings() map[string]string {
	sums := w.digest()
	maps.DeleteFunc(sums, func(table, _ string) bool {
		return !slices.Contains([]string{
			"public.customers", "public.customer_tree", "public.customer_quotas", "public.databases", "public.database_users", "public.database_dumps", "public.database_dump_links",
			"public.drift_findings", "public.invitations", "public.jobs", "public.job_steps", "public.job_events", "public.memberships",
		}, table)
	})
	require.Len(w.t, sums, 13)
	return sums
}

// verdict is what a root field is to answer.
func (w *world) verdict(c *caller, by wire, p policy) string {
	if c.closed && by == overWS {
		return "UNAUTHENTICATED" // the connection is
	}
	return c.expected(p)
}

// refusal is the code with which the answer refuses the caller as such; "" when the field was executed.
func (w *world) refusal(answer string, p policy) string {
	if strings.HasPrefix(answer, "closed 4403") {
		return "UNAUTHENTICATED"
	}
	if strings.Contains(answer, "Sign in first: ") {
		return "UNAUTHENTICATED"
	}
	if p.who != "public" && strings.Contains(answer, `"code":"FORBIDDEN"`) || strings.Contains(answer, "This needs the permission ") {
		return "FORBIDDEN"
	}
	return ""
}

// revive has the caller's session or impersonation go on.
func (w *world) revive(c *caller) {
	w.exec("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE user_id = ? AND end_reason = 'SIGNED_OUT'", c.user)
	w.exec("UPDATE impersonations SET ended_at = NULL WHERE user_id = ? AND expires_at > now() + interval '30 minutes'", c.user)
	c.hangUp()
}
