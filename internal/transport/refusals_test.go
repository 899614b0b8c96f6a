package transport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/transport"
)

const refusedTotal = "mpanel_graphql_refused_total"

// What is refused is counted by why, over a POST and over a socket alike.
func TestRefusals_Operations(t *testing.T) {
	t.Parallel()
	refusals := transport.NewRefusals()
	p := newPanelWith(t, transport.Config{Refusals: refusals})
	token := p.staff()
	conn := p.open(t, token)
	repeated := func(n int, one string) string { return strings.Repeat(one, n) }
	numbered := func(n int, one string) (all string) {
		for i := range n {
			all += fmt.Sprintf(one, i) + " "
		}
		return all
	}
	for reason, request := range map[string]struct {
		query     string
		variables vars
	}{
		"tokens":     {"{ " + repeated(10_001, "a ") + "}", nil},
		"operations": {numbered(11, "query Q%d { __typename }"), nil},
		"fragments":  {"{ __typename } " + numbered(51, "fragment F%d on Query { __typename }"), nil},
		"fields":     {"{ " + repeated(201, "__typename ") + "}", nil},
		"aliases":    {"{ " + numbered(31, "a%d: __typename") + "}", nil},
		"directives": {"{ __typename " + repeated(51, "@include(if: true) ") + "}", nil},
		"list_items": {"query($ids: [ID!]!) { nodes(ids: $ids) { id } }", vars{"ids": make([]string, 1001)}},
		"depth":      {repeated(13, "{ customer ") + repeated(13, "}"), nil},
		"invalid":    {"{ nothing }", nil},
		"cost":       {"{ customers(first: 100) { nodes { databases(first: 100) { nodes { jobs(first: 100) { nodes { id } } } } } } }", nil},
	} {
		before := metric(t, refusals, refusedTotal)
		p.send(t, token, vars{"query": request.query, "variables": request.variables})
		require.Equal(t, 1, metric(t, refusals, refusedTotal, reason), reason)
		send(t, conn, frame{Type: "subscribe", ID: reason, Payload: operation(request.query, request.variables)})
		require.Equal(t, "error", receive(t, conn).Type, reason)
		require.Equal(t, 2, metric(t, refusals, refusedTotal, reason), reason)
		require.Equal(t, before+2, metric(t, refusals, refusedTotal), "%s: and by nothing else", reason)
	}
}

// So are requests of which there is no operation, and callers beyond their budget.
func TestRefusals_Requests(t *testing.T) {
	t.Parallel()
	documents, err := transport.NewDocuments(true, []byte(`{"`+sum("{ __typename }")+`":"{ __typename }"}`))
	require.NoError(t, err)
	refusals := transport.NewRefusals()
	p := newPanelWith(t, transport.Config{Refusals: refusals, Documents: documents, Budget: budget.New(1), Introspection: transport.IntrospectionOff})
	token := p.staff()
	asJSON := func(v any) *bytes.Reader {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return bytes.NewReader(b)
	}
	const kind = "application/json"
	for _, tc := range []struct {
		reason string
		ask    func() reply
	}{
		{"origin", func() reply {
			return p.do(http.MethodPost, "/graphql", token, kind, asJSON(vars{"query": "{ __typename }"}), "Origin", "https://evil.example.com")
		}},
		{"content_type", func() reply { return p.do(http.MethodPost, "/graphql", token, "text/plain", asJSON(vars{})) }},
		{"body", func() reply { return p.do(http.MethodPost, "/graphql", token, kind, strings.NewReader("{")) }},
		{"body_size", func() reply {
			return p.do(http.MethodPost, "/graphql", token, kind, asJSON(vars{"query": strings.Repeat(" ", 65<<10)}))
		}},
		{"method", func() reply { return p.do(http.MethodPatch, "/graphql", token, kind, nil) }},
		{"stream", func() reply {
			return p.do(http.MethodGet, "/graphql?token=x", token, "", nil, "Accept", "text/event-stream")
		}},
		{"documents", func() reply { return p.send(t, token, vars{"query": "{ a: __typename }"}) }},
	} {
		before := metric(t, refusals, refusedTotal)
		r := tc.ask()
		require.Equal(t, 1, metric(t, refusals, refusedTotal, tc.reason), "%s: %s", tc.reason, r.body)
		require.Equal(t, before+1, metric(t, refusals, refusedTotal), "%s: and by nothing else", tc.reason)
	}
	for range 2 {
		p.send(t, token, vars{"query": "{ __typename }"})
	}
	require.Positive(t, metric(t, refusals, refusedTotal, "rate_limited"))
}
