package transport_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// canary stands in what is sent, and never in an answer.
const canary = "canary-s3cret"

// meanwhile has a neighbour's query on the way while something is done.
func (p *panel) meanwhile(t *testing.T, token string) (during func(what string, do func())) {
	t.Helper()
	conn, n := p.open(t, token), 0
	return func(what string, do func()) {
		t.Helper()
		n++
		id := strconv.Itoa(n)
		send(t, conn, frame{Type: "subscribe", ID: id, Payload: operation("{ __typename }", nil)})
		do()
		f := receive(t, conn)
		require.Equal(t, "next", f.Type, what)
		require.Equal(t, id, f.ID, what)
		require.Equal(t, frame{Type: "complete", ID: id}, receive(t, conn), what)
		require.JSONEq(t, `{"data":{"__typename":"Query"}}`, p.post("", `{ __typename }`, nil).body, what)
	}
}

// What is sent in bad faith is refused alike over every transport, is not repeated, and
// disturbs neither who sent it nor others.
func TestWires_BadInput(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	unknown, failing := "{ ", "{ "
	for i := range 50 {
		unknown += "unknown" + strconv.Itoa(i) + " "
	}
	for i := range document.Anonymous.Aliases {
		failing += "a" + strconv.Itoa(i) + ": customers(first: 0) { __typename } "
	}
	during := p.meanwhile(t, p.addTenant("other", ident.CustomerID{}, p.addServer()).token)
	rows := map[string]struct { // a GET has it all in its header, which has 32 KiB at most
		request vars
		code    string
		times   int
		says    string
	}{
		"a NUL":                   {vars{"query": "{ __typename \x00 }"}, "INVALID", 1, "NUL byte"},
		"a NUL in a text":         {vars{"query": "{ node(id: \"\x00\") { id } }"}, "INVALID", 1, "NUL byte"},
		"fragments in a circle":   {vars{"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}, "INVALID", 1, "within itself"},
		"a fragment of itself":    {vars{"query": "{ ...A } fragment A on Query { ...A }"}, "INVALID", 1, "within itself"},
		"10,000 fields":           {vars{"query": "{ " + strings.Repeat("a ", 10_000) + "}"}, "TOO_COMPLEX", 1, "too many tokens"},
		"nearly as many":          {vars{"query": "{ " + strings.Repeat("a ", 9000) + "}"}, "TOO_COMPLEX", 1, "too many selections"},
		"a long operation's name": {vars{"query": "{ __typename }", "operationName": strings.Repeat("x", 30_000) + canary}, "INVALID", 1, "no operation"},
		"a long document's id":    {vars{"documentId": "sha256:" + strings.Repeat("0", 30_000) + canary}, "INVALID", 1, "hexadecimal"},
		"a long hash":             {vars{"extensions": automatic(strings.Repeat("0", 30_000) + canary)}, "INVALID", 1, "hexadecimal"},
		"many mistakes":           {vars{"query": unknown + "}"}, "INVALID", document.MaxErrors, "Cannot query field"},
		"many errors":             {vars{"query": failing + "}"}, "INVALID", document.MaxErrors, `"errorsOmitted":10`},
	}
	for over, ask := range p.askers(t, p.staff()) {
		for name, tc := range rows {
			request := vars{"variables": vars{"password": canary}}
			maps.Copy(request, tc.request)
			if q, ok := request["query"].(string); ok {
				request["query"] = q + " # " + canary
			}
			what := name + " over " + over
			during(what, func() {
				answer := ask(t, request)
				require.Equal(t, slices.Repeat([]string{tc.code}, tc.times), codesOf(t, answer), "%s: %.2000s", what, answer)
				require.Contains(t, answer, tc.says, what)
				require.NotContains(t, answer, canary, what)
				require.Less(t, len(answer), 16<<10, what)
				require.Contains(t, ask(t, vars{"query": "{ __typename }"}), `"data":{"__typename":"Query"}`, "%s: it can go on", what)
			})
		}
	}
	require.NotContains(t, p.log.String(), canary)
	require.NotContains(t, p.log.String(), "panic")
}

// What is longer than a request may be is not read, whatever the answer would be.
func TestWires_TooLong(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	during := p.meanwhile(t, p.addTenant("other", ident.CustomerID{}, p.addServer()).token)
	stream, events := p.single(t, token)
	long := strings.Repeat("x", 1<<20) + canary
	request := vars{"query": "{ __typename }", "operationName": canary, "extensions": vars{"operationId": long}}
	for over, headers := range map[string][]string{
		"POST": nil, "SSE": {accept, acceptEvents}, "multipart": {accept, acceptParts}, "single connection": {streamToken, stream},
	} {
		during(over, func() {
			r := p.send(t, token, request, headers...)
			require.Equal(t, http.StatusRequestEntityTooLarge, r.status, over)
			require.Equal(t, "application/json", r.header.Get("Content-Type"), over)
			require.Equal(t, []string{"TOO_COMPLEX"}, r.codes(), over)
			require.Contains(t, r.body, "at most 64 KiB", over)
			require.NotContains(t, r.body, canary, over)
			r.wellFormed(t)
		})
	}
	during("GET", func() { // which has it all in its header, of which net/http takes some KiB more than it is told
		most := p.Config.MaxHeaderBytes
		get := func(bytes int) reply {
			return p.do(http.MethodGet, "/graphql?query={__typename}&operationName="+long[len(long)-bytes:], token, "", nil)
		}
		require.Equal(t, []string{"INVALID"}, get(most-1000).codes(), "it is read")
		r := get(2 * most)
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, r.status)
		require.Empty(t, r.codes())
		require.NotContains(t, r.body, canary)
	})
	for name, tc := range map[string]struct {
		id   string
		code int
	}{"a message": {long, 1009}, "an id": {long[len(long)-50_000:], 4400}} {
		during(name, func() {
			conn := p.open(t, token)
			b, err := json.Marshal(frame{Type: "subscribe", ID: tc.id, Payload: operation("{ __typename }", nil)})
			require.NoError(t, err)
			_ = conn.WriteMessage(1, b) // the server may have closed it in the middle
			require.Equal(t, tc.code, closing(t, conn), name)
		})
	}
	during("an id of a single connection", func() {
		r := p.onSingle(t, token, stream, long[len(long)-50_000:], "{ __typename }", nil)
		require.Equal(t, http.StatusBadRequest, r.status)
		require.Equal(t, []string{"INVALID"}, r.codes())
		require.NotContains(t, r.body, canary)
	})
	require.Equal(t, http.StatusAccepted, p.onSingle(t, token, stream, "good", "{ __typename }", nil).status, "it can go on")
	_, data := events.next()
	require.Contains(t, data, `{"id":"good","payload":{"data":{"__typename":"Query"}}`)
	require.NotContains(t, p.log.String(), canary)
}

// Who has used up what is theirs is refused over every transport, and nobody else is.
func TestWires_Budget(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{Budget: budget.New(500)})
	token := p.staff()
	during := p.meanwhile(t, p.addTenant("other", ident.CustomerID{}, p.addServer()).token)
	request := vars{"query": `{ customers(first: 100) { nodes { id name email } } } # ` + canary, "variables": vars{"password": canary}} // 401 points
	for over, ask := range p.askers(t, token) {
		during(over, func() {
			answer := ask(t, request)
			if len(codesOf(t, answer)) == 0 { // a minute brings back all
				answer = ask(t, request)
			}
			require.Equal(t, []string{"RATE_LIMITED"}, codesOf(t, answer), "%s: %s", over, answer)
			require.Contains(t, answer, `"retryAfterSeconds":`, over)
			require.NotContains(t, answer, canary, over)
		})
	}
}

// Persisted documents are the same over every transport.
func TestWires_PersistedDocuments(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for over, ask := range p.askers(t, p.staff()) {
		query := "{ __typename } # kept over " + over
		hash := automatic(sum(query))
		answer := ask(t, vars{"extensions": hash})
		require.Equal(t, []string{"NOT_FOUND"}, codesOf(t, answer), over)
		require.Contains(t, answer, `"message":"PersistedQueryNotFound"`, over)
		require.Equal(t, []string{"INVALID"}, codesOf(t, ask(t, vars{"query": "{ a: __typename }", "extensions": hash})), over)
		require.Contains(t, ask(t, vars{"query": query, "extensions": hash}), `"__typename":"Query"`, over)
		require.Contains(t, ask(t, vars{"extensions": hash}), `"__typename":"Query"`, over)
	}
}

// With trusted documents alone, no transport takes another.
func TestWires_TrustedDocuments(t *testing.T) {
	t.Parallel()
	const good = `query Trusted { __typename }`
	list, err := json.Marshal(map[string]string{sum(good): good})
	require.NoError(t, err)
	documents, err := transport.NewDocuments(true, list)
	require.NoError(t, err)
	p := newPanelWith(t, transport.Config{Documents: documents})
	other := `{ __typename } # ` + canary
	for over, ask := range p.askers(t, p.staff()) {
		for name, request := range map[string]vars{
			"by its id":   {"documentId": "sha256:" + sum(good)},
			"by its hash": {"extensions": automatic(sum(good))},
			"its text":    {"query": good},
		} {
			require.Contains(t, ask(t, request), `"__typename":"Query"`, "%s over %s", name, over)
		}
		for name, request := range map[string]vars{
			"another text":       {"query": other},
			"to be kept":         {"query": other, "extensions": automatic(sum(other))},
			"another's id":       {"documentId": "sha256:" + sum(other)},
			"what is under it":   {"query": other, "documentId": "sha256:" + sum(other)},
			"the schema":         {"query": `{ __schema { queryType { name } } }`},
			"one blank too much": {"query": good + " "},
		} {
			answer := ask(t, request)
			require.Equal(t, []string{"FORBIDDEN"}, codesOf(t, answer), "%s over %s: %s", name, over, answer)
			require.NotContains(t, answer, canary, "%s over %s", name, over)
		}
	}
}
