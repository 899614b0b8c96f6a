package transport_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// beyond are documents that are past one limit each, with what is said of it: no other
// limit is met before.
func beyond() map[string]struct{ query, says string } {
	times := strings.Repeat
	numbered := func(n int, text string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(text, "%d", strconv.Itoa(i)))
		}
		return b.String()
	}
	l := document.Anonymous
	chain := "{ ...F0 }"
	for i := range l.Fragments {
		next := ""
		if i+1 < l.Fragments {
			next = fmt.Sprintf("...F%d ", i+1)
		}
		chain += fmt.Sprintf(" fragment F%d on Query { %s%s}", i, next, times("__typename ", 9))
	}
	return map[string]struct{ query, says string }{
		"operations":    {numbered(l.Operations+1, "query Q%d { __typename } "), "too many operations; at most 10 are"},
		"fragments":     {"{ __typename " + numbered(l.Fragments+1, "...F%d ") + "}" + numbered(l.Fragments+1, " fragment F%d on Query { __typename }"), "too many fragments; at most 50 are"},
		"fields":        {"{ " + times("__typename ", l.Fields+1) + "}", "too many selections in one place; at most 200 are"},
		"aliases":       {"{ " + numbered(l.Aliases+1, "a%d: __typename ") + "}", "too many aliases; at most 30 are"},
		"directives":    {"{ " + times("__typename @skip(if: true) ", l.Directives+1) + "}", "too many directives; at most 50 are"},
		"depth":         {"{ customers { nodes { " + times("parent { ", l.Depth-2) + "id " + times("} ", l.Depth-2) + "} } }", "too many fields within each other; at most 12 are"},
		"introspection": {`{ __type(name: "Query") { ` + times("ofType { ", l.IntrospectionDepth-1) + "name " + times("} ", l.IntrospectionDepth-1) + "} }", "too many fields of the introspection within each other; at most 20 are"},
		"reach":         {chain, "too many fields when fragments are put in; at most 10000 are"},
		"cost":          {deep(2), "costs more than 20000 points"},
	}
}

// tokens is a document of so many, most of which are comments: it is short.
func tokens(n int) string { return "{ __typename" + strings.Repeat("#\n", n-len("{x}")) + "}" }

// Every limit is the same over every transport, and it is that one which is met.
func TestLimits_OverEveryTransport(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	staff := p.staff()
	for who, token := range map[string]string{"nobody": "", "staff": staff} {
		for over, ask := range p.askers(t, token) {
			over += " by " + who
			refused := func(name, says string, request vars) {
				answer := ask(t, request)
				require.Equal(t, []string{"TOO_COMPLEX"}, codesOf(t, answer), "%s over %s: %s", name, over, answer)
				require.Contains(t, answer, says, "%s over %s", name, over)
				require.NotContains(t, answer, `"data":{`, "%s over %s", name, over)
			}
			for name, tc := range beyond() {
				refused(name, tc.says, vars{"query": tc.query})
			}
			most := document.Anonymous.Tokens
			if token != "" {
				most = document.SignedIn.Tokens
				list := "{ nodes(ids: [" + strings.Repeat(`"x" `, document.SignedIn.ListItems+1) + "]) { id } }"
				refused("items", "too many items in one list; at most 1000 are", vars{"query": list})
			}
			require.Less(t, len(body(tokens(most+1))), transport.MaxBodyBytes, "the other limit is not met")
			if token != "" && strings.Contains(over, "GET") { // no address is that long
				require.Contains(t, ask(t, vars{"query": tokens(most)}), "431 Request Header Fields Too Large", "over %s", over)
			} else {
				require.Contains(t, ask(t, vars{"query": tokens(most)}), `"data":{"__typename":"Query"}`, "over %s", over)
				refused("tokens", fmt.Sprintf("too many tokens; at most %d are", most), vars{"query": tokens(most + 1)})
			}
			refused("items of a variable", "1001 items in one list; at most 1000 are", vars{
				"query": `query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, "variables": vars{"ids": make([]string, document.Anonymous.ListItems+1)},
			})
		}
	}
}

func body(query string) string {
	b, _ := json.Marshal(vars{"query": query})
	return string(b)
}

// Who is signed in may send longer documents, and what one may send is not kept
// for others.
func TestLimits_TokensByCaller(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	query := tokens(document.Anonymous.Tokens + 1)
	require.Empty(t, p.post(p.staff(), query, nil).Errors)
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post("", query, nil).codes())
	require.Empty(t, p.post(p.staff(), query, nil).Errors)
}

// An answer has the first errors, and tells how many it left out.
func TestLimits_ErrorsOfAnAnswer(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	query := "{ "
	for i := range 30 {
		query += fmt.Sprintf("a%d: customers(first: 0) { __typename } ", i)
	}
	r := p.post(p.staff(), query+"}", nil)
	require.Len(t, r.Errors, document.MaxErrors)
	require.Contains(t, r.body, `"errorsOmitted":10`)
	query = "{ "
	for i := range 50 {
		query += fmt.Sprintf("unknown%d ", i)
	}
	require.Len(t, p.post("", query+"}", nil).Errors, document.MaxErrors)
}

// What an operation costs is taken from its caller's budget, and told in the
// answer, in its header and by the field rateLimit.
func TestBudget_OfEachCaller(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{Budget: budget.New(500), AnonymousBudget: budget.New(50)})
	token, other := p.staff(), p.addTenant("a", ident.CustomerID{}, p.addServer()).token
	query := `{ customers(first: 10) { nodes { id name } } rateLimit { cost limit remaining } }` // 1 + 10 x (1 + 2) + 1 + 3
	const cost = 35
	type state struct{ Cost, Limit, Remaining int }
	var answer struct {
		Data       struct{ RateLimit state }
		Extensions struct{ Cost state }
	}
	r := p.post(token, query, nil)
	require.NoError(t, json.Unmarshal([]byte(r.body), &answer), r.body)
	want := state{cost, 500, 500 - cost}
	require.Equal(t, want, answer.Data.RateLimit, r.body)
	require.Equal(t, want, answer.Extensions.Cost, r.body)
	require.Equal(t, "500", r.header.Get("RateLimit-Limit"))
	require.Equal(t, strconv.Itoa(500-cost), r.header.Get("RateLimit-Remaining"))
	require.Contains(t, []string{"5", "6"}, r.header.Get("RateLimit-Reset"), "35 of 500 points come back in 4.2 s")

	for range 500/cost - 1 {
		require.Empty(t, p.post(token, query, nil).Errors)
	}
	r = p.post(token, `{ customers(first: 100) { nodes { id } } }`, nil)
	require.Equal(t, []string{"RATE_LIMITED"}, r.codes(), r.body)
	require.NotEmpty(t, r.header.Get("Retry-After"))
	require.Contains(t, r.body, `"retryAfterSeconds":`)
	require.Contains(t, r.body, `"retryable":true`)
	require.Equal(t, http.StatusOK, r.status)
	r = p.post(token, `{ customers(first: 100) { nodes { id } } }`, nil, "Accept", "application/graphql-response+json")
	require.Equal(t, http.StatusTooManyRequests, r.status)
	require.Empty(t, p.post(other, `{ rateLimit { remaining } }`, nil).Errors, "it is of each user")

	r = p.post(token, `mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { id name email createdAt updatedAt children(first: 100) { nodes { id } } } } }`, nil)
	require.Equal(t, []string{"RATE_LIMITED"}, r.codes(), r.body)
	require.Zero(t, p.count("SELECT count(*) FROM customers WHERE name = 'A'"), "nothing was done")

	require.Empty(t, p.post("", `{ __typename }`, nil).Errors)
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post("", `{ customers(first: 100) { nodes { id } } }`, nil).codes(), "more than nobody ever has")
}

// Wherever the schema has as many objects as an argument says, it has a cost that
// says so, too.
func TestCost_OfEveryList(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	n := 0
	for _, def := range p.schema.Types {
		if strings.HasPrefix(def.Name, "__") {
			continue
		}
		for _, f := range def.Fields {
			where := def.Name + "." + f.Name
			d := f.Directives.ForName("cost")
			for _, name := range []string{"first", "last", "ids"} {
				if f.Arguments.ForName(name) == nil {
					continue
				}
				require.NotNil(t, d, where)
				require.Contains(t, d.Arguments.ForName("multipliers").Value.String(), `"`+name+`"`, where)
				n++
			}
			if f.Name == "totalCount" {
				require.NotNil(t, d, where)
				require.Equal(t, "1000", d.Arguments.ForName("weight").Value.Raw, where)
			}
			if d == nil {
				continue
			}
			if m := d.Arguments.ForName("multipliers"); m != nil {
				for _, c := range m.Value.Children {
					require.NotNil(t, f.Arguments.ForName(c.Value.Raw), "%s: %s is no argument", where, c.Value.Raw)
				}
			}
		}
	}
	require.Greater(t, n, 20)
	require.Equal(t, ast.LocationFieldDefinition, p.schema.Directives["cost"].Locations[0])
}

// An exact total is dear, whoever asks for how many rows beside it; many totals of one
// list are one.
func TestCost_OfTotals(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{Budget: budget.New(1_000_000)})
	token := p.staff()
	for query, want := range map[string]int{
		`{ jobs(first: 1) { nodes { id } } }`:                                                                                           1 + 1*(1+1),
		`{ jobs(first: 100) { nodes { id kind } } }`:                                                                                    1 + 100*(1+2),
		`{ jobs(first: 1) { totalCount } }`:                                                                                             1 + 1000,
		`{ jobs(first: 100) { totalCount nodes { id } pageInfo { hasNextPage } } }`:                                                     1 + 1000 + 100*2 + (1 + 1),
		`{ jobs { totalCount } }`:                                                                                                       1 + 1000,
		`{ jobs { ...T } } fragment T on JobConnection { totalCount nodes { id } }`:                                                     1 + 1000 + 20*2,
		`{ customers(first: 10) { nodes { databases(first: 5) { totalCount nodes { id } } } } }`:                                        1 + 10*(1+1+5*2) + 1000,
		`{ a: jobs { totalCount } b: jobs(first: 2) { n: totalCount m: totalCount } }`:                                                  2 + 3*1000,
		`{ servers { nodes { metrics(from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z") { at } } } }`:                            1 + 20*(1+10+300),
		`{ servers(first: 1) { nodes { metrics(from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", maxPoints: 1000) { at } } } }`: 1 + 1 + 10 + 1000,
	} {
		r := p.post(token, query, nil)
		require.Empty(t, r.Errors, query)
		var answer struct {
			Extensions struct{ Cost struct{ Cost int } }
		}
		require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
		require.Equal(t, want, answer.Extensions.Cost.Cost, query)
	}
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post(token, "{ "+strings.Join(func() (list []string) {
		for i := range 20 {
			list = append(list, fmt.Sprintf("a%d: jobs(filter: {state: RUNNING}) { totalCount }", i))
		}
		return list
	}(), " ")+" }", nil).codes())
}

// What the schema says of itself is not for nothing: tools may ask for it, and nobody
// for many times of it.
func TestCost_OfTheIntrospection(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{AnonymousBudget: budget.New(1_000_000)})
	cost := func(query string) int {
		r := p.post("", query, nil)
		require.Empty(t, r.Errors, r.body[:min(len(r.body), 500)])
		n, err := strconv.Atoi(r.header.Get("RateLimit-Remaining"))
		require.NoError(t, err)
		return n
	}
	before := cost(`{ __typename }`)
	tools := before - cost(introspection.Query)
	t.Logf("the introspection of tools costs about %d points", tools)
	require.Greater(t, tools, 500)
	require.Less(t, tools, transport.MaxComplexity/2)
	many := "{ "
	for i := range 30 {
		many += fmt.Sprintf("a%d: __schema { ...S } ", i)
	}
	many += `} fragment S on __Schema { types { name fields { name args { name type { name fields { name args { name } } } } type { name fields { name args { name } } } } } }`
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post("", many, nil).codes())
	hashes := "mutation { "
	for i := range 30 {
		hashes += fmt.Sprintf(`a%d: signIn(input: {email: "a@example.com", password: "x"}) { expiresAt } `, i)
	}
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post("", hashes+"}", nil).codes(), "hashes of passwords cost much")
}

// What a client sent is not repeated at any length.
func TestErrors_AreBrief(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	long := strings.Repeat("s3cret", 9000)
	for name, request := range map[string]vars{
		"a value of an enum": {"query": `query ($o: DatabaseOrder) { databases(order: $o) { totalCount } }`, "variables": vars{"o": vars{"field": long}}},
		"a member's name":    {"query": `query ($o: DatabaseOrder) { databases(order: $o) { totalCount } }`, "variables": vars{"o": vars{long: "NAME"}}},
		"an operation":       {"query": `query A { __typename }`, "operationName": long},
	} {
		r := p.send(t, p.staff(), request)
		require.Equal(t, []string{"INVALID"}, r.codes(), name)
		require.Less(t, len(r.body), 1500, name)
	}
}

// Clients that can read streams say so in each request; it is what they name first
// that they get.
func TestHTTP_WhatIsAcceptedFirst(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for accept, want := range map[string]string{
		"application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed": "application/graphql-response+json",
		"application/json, text/event-stream":                                        "application/json",
		"text/event-stream, application/json":                                        "text/event-stream",
		"multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0,application/json": "multipart/mixed",
		"multipart/mixed, application/json":                                          "application/json",
	} {
		r := p.post("", `{ __typename }`, nil, "Accept", accept)
		require.True(t, strings.HasPrefix(r.header.Get("Content-Type"), want), "%s: %s", accept, r.header.Get("Content-Type"))
	}
	r := p.do(http.MethodPost, "/graphql", "", "application/json", strings.NewReader(body(`{ __typename }`)), "Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c")
	require.Equal(t, http.StatusOK, r.status, "an upgrade that is not to a WebSocket is overlooked")
}
