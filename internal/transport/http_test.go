package transport_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/resolvers"
)

// handlers are the panel's, with our transport for POST and with gqlgen's.
func (p *panel) handlers() (ours, gqlgens http.Handler) {
	c := transport.Config{
		Schema: executable(p.t, p.graph, p.db.Level), Authenticate: p.authenticate, OriginAllowed: func(*http.Request) bool { return true },
		TakesIdempotencyKey: resolvers.TakesIdempotencyKey, Log: slog.New(slog.DiscardHandler),
	}
	return transport.New(c), transport.NewWithGqlgensPost(c)
}

// executors are both, over the panel's resolvers.
func (p *panel) executors() (compiled, stock graphql.ExecutableSchema) {
	ours, err := graph.NewExecutor(p.graph, executor.Options{Level: p.db.Level})
	require.NoError(p.t, err)
	return ours, graph.NewExecutableSchema(p.graph)
}

func serve(t *testing.T, h http.Handler, token, accept, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Status, type and JSON are gqlgen's, for every kind of answer and of Accept.
func TestPost_AnswersAsGqlgens(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	tenant := p.addTenant("posts", ident.CustomerID{}, p.addServer())
	p.exec("UPDATE customers SET name = ?", "<b>\"&amp;\"</b> \u2028 \u00e4\n\\") // gqlgen's escapes more of it
	ours, gqlgens := p.handlers()
	refused := map[string]bool{}
	for name, body := range map[string]string{
		"data":                 `{"query":"{ customers { totalCount nodes { id name } } }"}`,
		"a name and variables": `{"query":"query A { __typename } query B($id: ID!, $n: Int) { customer(id: $id) { name databases(first: $n) { nodes { name } } } }","operationName":"B","variables":{"id":"` + tenant.customer.Opaque() + `","n":2}}`,
		"null and an error":    `{"query":"{ database(id: \"x\") { id } databaseServers { nodes { id } } }"}`,
		"an error in null":     `{"query":"mutation { archiveCustomer(input: {id: \"x\"}) { customer { id } } }"}`,
		"a field too much":     `{"query":"{ nothing }"}`,
		"no GraphQL":           `{"query":"{"}`,
		"another operation":    `{"query":"query A { __typename }","operationName":"B"}`,
		"a variable too few":   `{"query":"query($id: ID!) { customer(id: $id) { id } }"}`,
		"a variable too large": `{"query":"query($n: Int) { customers(first: $n) { totalCount } }","variables":{"n":12345678901}}`,
		"too complex":          `{"query":"{ customers(first: 100) { nodes { databases(first: 100) { nodes { jobs(first: 100) { nodes { id } } } } } } }"}`,
		"the schema":           `{"query":"{ __schema { queryType { name } } }"}`,
	} {
		for _, accept := range []string{
			"", "*/*", "application/*", "application/json", "application/graphql-response+json", "application/graphql-response+json, application/json;q=0.9",
			"text/html, application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8", "text/html", "nonsense;;, */*",
		} {
			want, got := serve(t, gqlgens, tenant.token, accept, body), serve(t, ours, tenant.token, accept, body)
			type form struct {
				Data   json.RawMessage
				Errors []struct {
					Message string
					Path    []any
					Code    struct{ Code string } `json:"extensions"`
				}
			}
			var w, g form
			require.NoError(t, json.Unmarshal(want.Body.Bytes(), &w))
			require.NoError(t, json.Unmarshal(got.Body.Bytes(), &g))
			require.Equal(t, w.Errors, g.Errors, "%s, Accept: %s: %s", name, accept, got.Body)
			if g.Data == nil { // gqlgen's has null, and another status
				refused[name] = true
				status := http.StatusBadRequest
				if want.Header().Get("Content-Type") == "application/json" {
					status = http.StatusOK
				}
				require.Equal(t, status, got.Code, "%s, Accept: %s: %s", name, accept, got.Body)
				continue
			}
			require.Equal(t, want.Code, got.Code, "%s, Accept: %s: %s", name, accept, got.Body)
			require.Equal(t, want.Header().Values("Content-Type"), got.Header().Values("Content-Type"), "%s, Accept: %s", name, accept)
			require.JSONEq(t, want.Body.String(), got.Body.String(), "%s, Accept: %s", name, accept)
			if got.Body.Len() >= 2<<10 { // net/http adds that of others: TestPost_TellsItsLength
				require.Equal(t, strconv.Itoa(got.Body.Len()), got.Header().Get("Content-Length"))
			}
			first, _, _ := strings.Cut(want.Body.String(), ":")
			require.True(t, strings.HasPrefix(got.Body.String(), first), "errors come first: %s", got.Body)
		}
	}
	require.Equal(t, []string{"a field too much", "a variable too few", "another operation", "no GraphQL", "too complex"},
		slices.Sorted(maps.Keys(refused)))
}

// Answers of many sizes at once, with errors and without, from memory that is used
// again and again: each is its own request's.
func TestPost_AnswersDoNotMix(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(20)
	token := p.staff()
	ours, _ := p.handlers()
	const query = `query Q($n: Int, $bad: ID!, $broken: Boolean!) { customers(first: $n) { nodes { id name databases(first: 2) { nodes { name host } } } } job(id: $bad) @include(if: $broken) { id } }`
	body := func(n int, broken bool) string {
		b, err := json.Marshal(vars{"query": query, "variables": vars{"n": n, "bad": "nothing", "broken": broken}})
		require.NoError(t, err)
		return string(b)
	}
	want := map[string]string{}
	for n := 1; n <= 20; n++ {
		for _, broken := range []bool{true, false} {
			want[body(n, broken)] = serve(t, ours, token, "", body(n, broken)).Body.String()
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for body, answer := range want {
				if got := serve(t, ours, token, "", body).Body.String(); got != answer {
					t.Errorf("%s\n%.300s\nnot\n%.300s", body, got, answer)
				}
			}
		})
	}
	all.Wait()
}

// With both executors at work on one request, each has memory of its own.
func TestPost_ShadowsHaveTheirOwnMemory(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(10)
	token := p.staff()
	for _, order := range []string{"compiled", "stock"} {
		first, second := p.executors()
		if order == "stock" {
			first, second = second, first
		}
		shadow := executor.NewShadow(first, second, 1, nil)
		h := transport.New(transport.Config{
			Schema: shadow, Authenticate: p.authenticate, OriginAllowed: func(*http.Request) bool { return true },
			TakesIdempotencyKey: resolvers.TakesIdempotencyKey, Log: slog.New(slog.DiscardHandler),
		})
		var all sync.WaitGroup
		for n := range 8 {
			body := fmt.Sprintf(`{"query":"{ customers(first: %d) { nodes { id name quotas { used } } } }"}`, n+1)
			want := serve(t, h, token, "", body).Body.String()
			all.Go(func() {
				for range 20 {
					if got := serve(t, h, token, "", body).Body.String(); got != want {
						t.Errorf("%s answered %.300s, not %.300s", order, got, want)
					}
				}
			})
		}
		all.Wait()
		compared, different := shadow.Counts()
		require.EqualValues(t, 8*21, compared)
		require.Zero(t, different)
	}
}

// An answer has its length and comes in one piece, whatever is its size.
func TestPost_TellsItsLength(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(40)
	token := p.staff()
	small, large := false, false
	for n := 1; n <= 40; n++ {
		body, err := json.Marshal(map[string]any{"query": `query($n: Int) { databases(first: $n) { nodes { id name } } }`, "variables": vars{"n": n}})
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept-Encoding", "identity")
		res, err := p.Client().Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, errors.Join(err, res.Body.Close()))
		require.Equal(t, int64(len(answer)), res.ContentLength)
		require.Empty(t, res.TransferEncoding)
		small, large = small || len(answer) < 2<<10, large || len(answer) >= 2<<10
	}
	require.True(t, small && large, "of both kinds")
}

func TestPost_WhichOperation(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	const two = `query A { __typename } query B { __typename }`
	require.Contains(t, p.post("", two, nil).body, "The document has 2 operations; say with operationName which one is meant.")
	ours, _ := p.handlers()
	w := serve(t, ours, "", "", `{"query":"`+two+`","operationName":"C"}`)
	require.Contains(t, w.Body.String(), `The document has no operation \"C\".`)
}
