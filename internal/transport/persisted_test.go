package transport_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/transport"
)

func sum(text string) string {
	b := sha256.Sum256([]byte(text))
	return hex.EncodeToString(b[:])
}

func (p *panel) send(t *testing.T, token string, request vars, headers ...string) reply {
	t.Helper()
	b, err := json.Marshal(request)
	require.NoError(t, err)
	return p.do(http.MethodPost, "/graphql", token, "application/json", strings.NewReader(string(b)), headers...)
}

func automatic(hash string) vars {
	return vars{"persistedQuery": vars{"version": 1, "sha256Hash": hash}}
}

// Apollo's automatic persisted queries: the hash alone, then with the text, then
// alone again, over every transport.
func TestPersisted_Automatic(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	const query = `query ($n: Int) { __typename customers(first: $n) { totalCount } }`
	hash := sum(query)
	token := p.staff()
	r := p.send(t, token, vars{"extensions": automatic(hash)})
	require.Equal(t, []string{"NOT_FOUND"}, r.codes())
	require.Equal(t, "PersistedQueryNotFound", r.Errors[0].Message, "clients look for these words")
	r = p.send(t, token, vars{"query": query, "extensions": automatic(hash)})
	require.Empty(t, r.Errors)
	require.Empty(t, p.send(t, token, vars{"extensions": automatic(hash), "variables": vars{"n": 3}}).Errors)
	ext, _ := json.Marshal(automatic(hash))
	require.Empty(t, p.do(http.MethodGet, "/graphql?extensions="+url.QueryEscape(string(ext)), token, "", nil).Errors)
	conn := p.open(t, token)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: json.RawMessage(`{"query":"","extensions":` + string(ext) + `}`)})
	require.Contains(t, string(receive(t, conn).Payload), `"totalCount":0`)

	for name, request := range map[string]vars{
		"another text":      {"query": `{ __typename }`, "extensions": automatic(hash)},
		"another version":   {"query": query, "extensions": vars{"persistedQuery": vars{"version": 2, "sha256Hash": hash}}},
		"no hash":           {"query": query, "extensions": vars{"persistedQuery": vars{"version": 1}}},
		"half a hash":       {"extensions": automatic(hash[:32])},
		"no object":         {"extensions": vars{"persistedQuery": "x"}},
		"capital letters":   {"extensions": automatic(strings.ToUpper(hash))},
		"an odd documentId": {"documentId": hash},
	} {
		require.Equal(t, []string{"INVALID"}, p.send(t, token, request).codes(), name)
	}

	// What is not good is not kept, and neither is what nobody asked to be.
	for _, bad := range []string{`{ nothing }`, `{ __typename`} {
		p.send(t, token, vars{"query": bad, "extensions": automatic(sum(bad))})
		require.Equal(t, []string{"NOT_FOUND"}, p.send(t, token, vars{"extensions": automatic(sum(bad))}).codes())
	}
	p.send(t, token, vars{"query": `{ a: __typename }`})
	require.Equal(t, []string{"NOT_FOUND"}, p.send(t, token, vars{"extensions": automatic(sum(`{ a: __typename }`))}).codes())
}

// What clients have kept is bounded, and the last ones stay.
func TestPersisted_Bounded(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	text := func(i int) string { return fmt.Sprintf("query Q%d { __typename } %s", i, strings.Repeat(" ", 50_000)) }
	for i := range 100 {
		require.Empty(t, p.send(t, "", vars{"query": text(i), "extensions": automatic(sum(text(i)))}).Errors)
	}
	require.Empty(t, p.send(t, "", vars{"extensions": automatic(sum(text(99)))}).Errors)
	require.Equal(t, []string{"NOT_FOUND"}, p.send(t, "", vars{"extensions": automatic(sum(text(0)))}).codes())
}

// With a list of trusted documents, and nothing else.
func TestPersisted_Trusted(t *testing.T) {
	t.Parallel()
	const good, other = `query Count { customers { totalCount } }`, `{ customers { nodes { email } } }`
	const second = `query OfAnotherList { __typename }`
	list, err := json.Marshal(map[string]string{sum(good): good})
	require.NoError(t, err)
	for _, only := range []bool{false, true} {
		documents, err := transport.NewDocuments(only, nil, []byte(`{"`+sum(second)+`":"`+second+`"}`), list)
		require.NoError(t, err)
		p := newPanelWith(t, transport.Config{Documents: documents})
		token := p.staff()
		for name, request := range map[string]vars{
			"documentId":     {"documentId": "sha256:" + sum(good)},
			"persistedQuery": {"extensions": automatic(sum(good))},
			"the text":       {"query": good},
			"both":           {"query": good, "documentId": "sha256:" + sum(good)},
			"another list's": {"documentId": "sha256:" + sum(second)},
		} {
			require.Empty(t, p.send(t, token, request).Errors, name)
		}
		require.Empty(t, p.do(http.MethodGet, "/graphql?documentId=sha256:"+sum(good), token, "", nil).Errors)
		conn := p.open(t, token)
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: json.RawMessage(`{"query":"","documentId":"sha256:` + sum(good) + `"}`)})
		require.Contains(t, string(receive(t, conn).Payload), `"totalCount":0`)
		require.Equal(t, "complete", receive(t, conn).Type)
		send(t, conn, frame{Type: "subscribe", ID: "2", Payload: operation(other, nil)})
		require.Equal(t, only, receive(t, conn).Type == "error")
		for name, request := range map[string]vars{
			"another text":       {"query": other},
			"one more blank":     {"query": good + " "},
			"kept by the client": {"query": other, "extensions": automatic(sum(other))},
			"introspection":      {"query": `{ __schema { queryType { name } } }`},
		} {
			codes := p.send(t, token, request).codes()
			if only {
				require.Equal(t, []string{"FORBIDDEN"}, codes, name)
			} else {
				require.Empty(t, codes, name)
			}
		}
	}
	for name, list := range map[string]string{
		"another text": `{"` + sum(good) + `":"{ __typename }"}`,
		"no JSON":      `nonsense`,
		"a list":       `["x"]`,
	} {
		_, err := transport.NewDocuments(false, []byte(list))
		require.Error(t, err, name)
	}
	_, err = transport.NewDocuments(true, nil)
	require.Error(t, err, "nothing could be executed")
}

func TestHTTP_Compression(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(20)
	token := p.staff()
	const query = `{ customers { nodes { id name email createdAt } } }`
	plain := p.post(token, query, nil, "Accept-Encoding", "identity")
	require.Greater(t, len(plain.body), 1400)
	require.Empty(t, plain.header.Get("Content-Encoding"))
	require.Contains(t, plain.header.Values("Vary"), "Accept-Encoding")
	for _, accept := range []string{"gzip", "br, gzip;q=0.5", "GZIP"} {
		r := p.post(token, query, nil, "Accept-Encoding", accept)
		require.Equal(t, "gzip", r.header.Get("Content-Encoding"), accept)
		require.Equal(t, strconv.Itoa(len(r.body)), r.header.Get("Content-Length"))
		require.Less(t, len(r.body), len(plain.body)/2)
		z, err := gzip.NewReader(strings.NewReader(r.body))
		require.NoError(t, err)
		text, err := io.ReadAll(z)
		require.NoError(t, err)
		require.Equal(t, plain.body, string(text))
	}
	for _, accept := range []string{"gzip;q=0", "br", ""} {
		require.Empty(t, p.post(token, query, nil, "Accept-Encoding", accept).header.Get("Content-Encoding"), accept)
	}
	long := strings.Repeat("x", 2000)
	r := p.post(token, `mutation ($n: String!) { createCustomer(input: {name: $n, email: "a@example.com"}) { customer { id } } }`, vars{"n": long}, "Accept-Encoding", "gzip")
	require.Empty(t, r.header.Get("Content-Encoding"), "an answer of a mutation may have a secret")
	require.Empty(t, p.post(token, `{ __typename }`, nil, "Accept-Encoding", "gzip").header.Get("Content-Encoding"), "too short to be worth it")
}

// Pages of others: whatever a browser lets them send changes nothing. Rows are
// content types, columns who sends it.
func TestHTTP_CrossSite(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	const mutation = `mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { id } } }`
	bodies := map[string]string{
		"application/json":                     body(mutation),
		"application/graphql-response+json":    body(mutation),
		"text/plain":                           body(mutation),
		"":                                     body(mutation),
		"application/x-www-form-urlencoded":    "query=" + url.QueryEscape(mutation),
		"multipart/form-data; boundary=x":      "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + body(mutation) + "\r\n--x--\r\n",
		"application/graphql":                  mutation,
		"text/plain; charset=application/json": body(mutation),
		"application/json, text/plain":         body(mutation),
	}
	senders := map[string][]string{
		"another origin":       {"Origin", "https://evil.example.com"},
		"no origin at all":     {"Origin", "null"},
		"another site":         {"Sec-Fetch-Site", "cross-site"},
		"a sibling":            {"Sec-Fetch-Site", "same-site"},
		"our origin, by a lie": {"Origin", origin + ".evil.example.com"},
		"with our header":      {"Origin", "https://evil.example.com", "Apollo-Require-Preflight", "true"},
		"with another method":  {"Origin", "https://evil.example.com", "X-HTTP-Method-Override", "POST"},
	}
	n := 0
	for kind, text := range bodies {
		for who, headers := range senders {
			r := p.do(http.MethodPost, "/graphql", token, kind, strings.NewReader(text), headers...)
			require.Equal(t, http.StatusForbidden, r.status, "%s, %s: %s", kind, who, r.body)
			n++
		}
		if kind != "application/json" { // what our own page never sends
			require.Equal(t, http.StatusUnsupportedMediaType, p.do(http.MethodPost, "/graphql", token, kind, strings.NewReader(text), "Origin", origin).status, kind)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodDelete} {
		r := p.do(method, "/graphql?query="+url.QueryEscape(mutation), token, "", nil)
		require.GreaterOrEqual(t, r.status, 400, method)
	}
	require.Zero(t, p.count("SELECT count(*) FROM customers"))
	r := p.do(http.MethodPost, "/graphql", token, "application/json", strings.NewReader(body(mutation)), "Origin", origin, "Sec-Fetch-Site", "same-origin")
	require.Empty(t, r.Errors, r.body)
	require.Equal(t, 1, p.count("SELECT count(*) FROM customers"), "a page of ours can")
	require.Greater(t, n, 60)
}
