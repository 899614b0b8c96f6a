package transport_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
)

// whatWasAsked is the place that finds refusals by the id that somebody gave: ids that
// others are refused with are no longer as those of nothing.
const whatWasAsked = "Query.auditEvents(filter.objectId)"

// triesForeignIDs gives ids that the caller has nothing to do with to each place of the
// schema that takes one. The answer must be that for an id that nothing has, and no row of
// anybody may change.
func (w *world) triesForeignIDs(t *testing.T, c *caller, n int) {
	before := w.digest()
	for _, at := range w.walk.allPlaces() {
		if at.String() == whatWasAsked {
			continue // knowsIDs has it
		}
		n++
		w.triesPlace(t, c, at, n)
		if at.typeName == w.schema.Mutation.Name && c.expected(w.policyOf(at)) == "" {
			w.untouched(t, before, c.name+" "+at.String())
		}
	}
	w.untouched(t, before, c.name)
}

// triesPlace gives foreign ids to one place: alone, many in one document, in a fragment,
// under another name, in a list beside the caller's own, and over each wire.
func (w *world) triesPlace(t *testing.T, c *caller, at place, n int) {
	t.Helper()
	kind := places[at.String()].kind
	foreign := w.foreign(c, at, kind)
	if len(foreign) == 0 {
		return
	}
	operation, field := w.walk.asks(t, at, c.own)
	root := w.rootOf(operation)
	plain := operation + "($id: ID!) { " + field + " }"
	named := operation + "($id: ID!) { ...asked } fragment asked on " + root + " { " + field + " }"
	inline := operation + "($id: ID!) { ... @include(if: true) { ... on " + root + " { again: " + field + " } } }"
	alone := foreign[n%len(foreign)]
	switch {
	case c.expected(w.policyOf(at)) != "": // whatever the id is, which triesFields tells of every wire
		if c.apiToken && n%3 > 0 { // of which there are many alike
			return
		}
		w.same(t, c, wires[n%len(wires)], at, plain, alone)
		return
	case operation == "subscription": // one field at a time
		for _, o := range foreign {
			w.same(t, c, overWS, at, named, o)
		}
		w.same(t, c, overSSE, at, "subscription($id: ID!) { again: "+field+" }", alone)
		return
	}
	if c.apiToken && operation == "mutation" {
		foreign = slices.Concat(foreign, foreign)[n%len(foreign):][:min(3, len(foreign))]
	}
	w.manyAtOnce(t, c, at, operation, field, foreign)
	w.same(t, c, overWS, at, named, alone)
	w.same(t, c, overSSE, at, inline, alone)
	if operation == "query" {
		w.same(t, c, overGET, at, plain, alone)
	}
	if own := w.ownOf(c, kind); own != "" && strings.Contains(field, "[$id]") {
		w.same(t, c, overPOST, at, strings.ReplaceAll(plain, "[$id]", fmt.Sprintf("[%q, $id]", own)), alone)
	}
}

// same compares the answer for a foreign id with that for one that nothing has.
func (w *world) same(t *testing.T, c *caller, by wire, at place, query string, foreign object) {
	t.Helper()
	want := w.ask(t, c, by, query, vars{"id": missingOf(foreign.kind)})
	got := w.ask(t, c, by, query, vars{"id": foreign.id})
	w.alike(t, want, got, fmt.Sprintf("%s by %s of %s: %s", at, by, foreign, query))
}

// alike compares the answer for ids that nothing has with that for foreign ones.
func (w *world) alike(t *testing.T, want, got, what string) {
	t.Helper()
	if want == got {
		return
	}
	w.oracles.Add(1)
	from := 0 // where they begin to differ
	for from < min(len(want), len(got)) && want[from] == got[from] {
		from++
	}
	around := func(text string) string { return text[max(0, from-100):min(len(text), from+300)] }
	t.Errorf("%s\nmissing: ...%s\nforeign: ...%s", what, around(want), around(got))
}

// manyAtOnce gives all foreign ids in one document, each to a field of another name.
func (w *world) manyAtOnce(t *testing.T, c *caller, at place, operation, field string, foreign []object) {
	t.Helper()
	for chunk := range slices.Chunk(foreign, 30) {
		declared, fields, theirs, nobodys := "", "", vars{}, vars{}
		for i, o := range chunk {
			id := fmt.Sprintf("id%d", i)
			declared += fmt.Sprintf("$%s: ID! ", id)
			fields += fmt.Sprintf("a%d: %s ", i, strings.ReplaceAll(field, "$id", "$"+id))
			theirs[id], nobodys[id] = o.id, missingOf(o.kind)
		}
		query := operation + "(" + declared + ") { " + fields + "}"
		w.alike(t, w.ask(t, c, overPOST, query, nobodys), w.ask(t, c, overPOST, query, theirs), fmt.Sprintf("%s of %s", at, chunk))
	}
}

// foreign are the objects of a kind, or of all for "", with which the caller has nothing to
// do at the place: it does not see them, nor does it hold there what the field needs. Of each
// kind and tenant it is one.
func (w *world) foreign(c *caller, at place, kind string) (list []object) {
	p, there := w.policyOf(at), map[string]bool{}
	for _, o := range w.objects {
		within := p.needs != "" && c.holdsIn(p.needs, o.tenant) && !(c.pinned && o.beside)
		if at.typeName == "Viewer" {
			within = c.reaches(o.tenant)
		}
		if (kind == "" || kind == o.kind) && !c.sees(o) && !within && !there[o.String()] {
			there[o.String()] = true
			list = append(list, o)
		}
	}
	return list
}

// missingOf is an id of a kind that nothing has.
func missingOf(kind string) string { return ident.Opaque(kind, uuid.New()) }

// ownOf is the id of one of the caller's own objects of a kind, if it sees it.
func (w *world) ownOf(c *caller, kind string) string {
	for _, o := range w.objects {
		if o.kind == kind && o.id == c.own.ids()[kind] && c.sees(o) {
			return o.id
		}
	}
	return ""
}

// policyOf is the policy of the root field that leads to a place.
func (w *world) policyOf(at place) policy {
	if isRoot(w.schema, at.typeName) {
		return readPolicy(policies[at.typeName+"."+at.field])
	}
	return readPolicy(policies["Query.viewer"])
}

func (w *world) rootOf(operation string) string {
	return map[string]string{"query": w.schema.Query.Name, "mutation": w.schema.Mutation.Name, "subscription": w.schema.Subscription.Name}[operation]
}

// digest are sums of all tables, without what refusals alone write.
func (w *world) digest() map[string]string {
	sums := w.tables("public.tries", "public.audit_entries")
	sums["what was done"] = fmt.Sprint(w.count("SELECT count(*) FROM audit_entries WHERE allowed"))
	return sums
}

// untouched checks that the tables are as they were.
func (w *world) untouched(t *testing.T, before map[string]string, by string) {
	t.Helper()
	require.Equal(t, before, w.digest(), "changed by %s", by)
}
