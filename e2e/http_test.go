//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// request sends anything at all and returns status, headers and body.
func request(t *testing.T, method, url, body string, header http.Header) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for k, v := range header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Header, string(b)
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func TestHTTP_RefusedRequests(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	const viewer = `{"query":"{ viewer { user { email } } }"}`
	const createCustomer = `mutation { createCustomer(input: {name: "CSRF", email: "csrf@example.com"}) { customer { id } } }`
	bearer := func(h http.Header) http.Header {
		h.Set("Authorization", "Bearer "+admin.token)
		return h
	}
	for name, tc := range map[string]struct {
		method, query, body string
		header              http.Header
		status              []int
		code                string
	}{
		"malformed JSON":        {"POST", "", `{"query": "mutation", "variables": {"password": "hunter2-echo"`, jsonHeader(), []int{400}, "INVALID"},
		"JSON of another shape": {"POST", "", `["hunter2-echo"]`, jsonHeader(), []int{400}, "INVALID"},
		"no body":               {"POST", "", ``, jsonHeader(), []int{400}, "INVALID"},
		"unparsable query":      {"POST", "", `{"query":"{ hunter2-echo"}`, jsonHeader(), []int{200, 400, 422}, "INVALID"},
		"64 KiB and more":       {"POST", "", `{"query":"{ viewer { user { email } } }","variables":{"a":"` + strings.Repeat("hunter2-echo", 6000) + `"}}`, jsonHeader(), []int{413}, "TOO_COMPLEX"},
		"text/plain":            {"POST", "", viewer, http.Header{"Content-Type": {"text/plain"}}, []int{415}, "INVALID"},
		"a form":                {"POST", "", "query=" + url.QueryEscape(createCustomer), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []int{415}, "INVALID"},
		"multipart":             {"POST", "", "--x\r\n", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, []int{415}, "INVALID"},
		"no content type":       {"POST", "", viewer, nil, []int{415}, "INVALID"},
		"foreign origin":        {"POST", "", viewer, http.Header{"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}}, []int{403}, "FORBIDDEN"},
		"null origin":           {"POST", "", viewer, http.Header{"Content-Type": {"application/json"}, "Origin": {"null"}}, []int{403}, "FORBIDDEN"},
		"cross-site":            {"GET", "?query=%7B__typename%7D", "", http.Header{"Sec-Fetch-Site": {"cross-site"}}, []int{403}, "FORBIDDEN"},
		"TRACE":                 {"TRACE", "", "", http.Header{"X-Canary": {"hunter2-echo"}}, []int{405}, "INVALID"},
		"mutation by GET":       {"GET", "?query=" + url.QueryEscape(createCustomer), "", bearer(http.Header{}), []int{400, 405, 406}, ""},
		"1,001 tokens":          {"POST", "", `{"query":"{` + strings.Repeat(" __typename", 1001) + `}"}`, jsonHeader(), []int{200, 400, 422}, "TOO_COMPLEX"},
		"10,000 aliases":        {"POST", "", `{"query":"{` + strings.Repeat("a:__typename ", 4500) + `}"}`, jsonHeader(), []int{200, 400, 422}, "TOO_COMPLEX"},
		"too complex": {"POST", "", `{"query":"{ customers(first:100) { nodes { children(first:100) { nodes { children(first:100) { nodes { id } } } } } } }"}`,
			bearer(jsonHeader()), []int{200}, "TOO_COMPLEX"},
	} {
		began := time.Now()
		status, _, body := request(t, tc.method, s.url+"/graphql"+tc.query, tc.body, tc.header)
		require.Contains(t, tc.status, status, "%s: %s", name, body)
		require.Less(t, time.Since(began), 5*time.Second, "%s: refused before work", name)
		require.NotContains(t, body, "hunter2-echo", "%s: what was sent is not sent back", name)
		require.Less(t, len(body), 4000, "%s: a short answer", name)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(body), &a), "%s: %s", name, body)
		require.NotEmpty(t, a.Errors, name)
		if tc.code != "" {
			require.Equal(t, tc.code, a.Errors[0].Extensions.Code, "%s: %s", name, body)
			require.NotEmpty(t, a.Errors[0].Extensions.RequestID, name)
		}
	}
	list := admin.do(t, `{ customers(filter: {search: "csrf@example.com"}) { totalCount } }`, nil)
	require.JSONEq(t, `{"customers":{"totalCount":0}}`, string(list.Data), "nothing of it was done")
}

// TestHTTP_WhoCalls answers nobody's questions but the public ones.
func TestHTTP_WhoCalls(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	const viewer = `{ viewer { user { email } } }`
	require.Equal(t, "UNAUTHENTICATED", s.client("").do(t, viewer, nil).code())
	require.Equal(t, "UNAUTHENTICATED", s.client("nonsense").do(t, viewer, nil).code())
	require.Equal(t, adminEmail, admin.email(t))
	status, _, body := request(t, "GET", s.url+"/graphql?query="+url.QueryEscape(viewer), "",
		http.Header{"Authorization": {"Bearer " + admin.token}})
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"data":{"viewer":{"user":{"email":"`+adminEmail+`"}}}`)
	for name, tc := range map[string]vars{
		"wrong password":  {"email": adminEmail, "password": "wrong password, long"},
		"unknown address": {"email": "unknown@example.com", "password": "wrong password, long"},
	} {
		a := s.client("").do(t, `mutation ($in: SignInInput!) { signIn(input: $in) { accessToken } }`, vars{"in": tc})
		require.Equal(t, "UNAUTHENTICATED", a.code(), name)
		require.NotContains(t, string(a.Body), adminEmail, name)
	}
}

// TestHTTP_OwnAndListedOrigins lets pages in that belong to the panel.
func TestHTTP_OwnAndListedOrigins(t *testing.T) {
	t.Parallel()
	s, _ := shared(t)
	for _, header := range []http.Header{
		{"Origin": {s.url}}, {"Sec-Fetch-Site": {"same-origin"}}, {"Sec-Fetch-Site": {"none"}}, {},
	} {
		header.Set("Content-Type", "application/json")
		status, _, body := request(t, "POST", s.url+"/graphql", `{"query":"{ __typename }"}`, header)
		require.Equal(t, http.StatusOK, status, "%v %s", header, body)
	}
}

func TestHTTP_Probes(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	admin.makeDatabase(t, admin.createCustomer(t, "Measured", -1, ""), "measured")
	for path, says := range map[string][]string{
		"/livez":   {"ok"},
		"/readyz":  {"ready"},
		"/metrics": {"mpanel_jobs_active{state=\"RUNNING\"}", "mpanel_database_connections_in_use", "process_resident_memory_bytes", "go_goroutines"},
	} {
		status, header, body := request(t, "GET", s.url+path, "", nil)
		require.Equal(t, http.StatusOK, status, path)
		require.True(t, strings.HasPrefix(header.Get("Content-Type"), "text/plain"), path)
		for _, words := range says {
			require.Contains(t, body, words, path)
		}
	}
	status, _, _ := request(t, "POST", s.url+"/livez", "", nil)
	require.Equal(t, http.StatusMethodNotAllowed, status)
	status, _, _ = request(t, "GET", s.url+"/no-such-page", "", nil)
	require.Equal(t, http.StatusNotFound, status)
}

// TestHTTP_SchemaForGenerators is the same by file and by introspection, and
// the reference implementation accepts both.
func TestHTTP_SchemaForGenerators(t *testing.T) {
	t.Parallel()
	s, _ := shared(t)
	type summary struct{ Types, Root []string }
	got := all[struct{ Text, Introspected summary }](t, node(t, "schema.mjs", vars{"url": s.url}))
	require.Len(t, got, 1)
	require.Equal(t, got[0].Text, got[0].Introspected)
	require.Contains(t, got[0].Text.Root, "Mutation.createDatabase")
	require.Contains(t, got[0].Text.Root, "Subscription.jobProgress")
	_, _, text := request(t, "GET", s.url+"/schema.graphql", "", nil)
	require.NotContains(t, text, "goField", "what only our generator needs")
}

func TestHTTP_Pages(t *testing.T) {
	t.Parallel()
	in := install(t)
	s := in.start(t, launch{})
	for path, page := range map[string]string{"/": "account", "/setup": "account", "/sign-in": "account", "/databases": "index"} {
		body := requirePage(t, s.url+path)
		require.Contains(t, body, "/assets/"+page+"-", path)
		require.NotContains(t, body, s.setupToken, path)
	}
	in.setUp(t, s)
	require.Contains(t, requirePage(t, s.url+"/"), "/assets/index-")
}

// requirePage reads a page whose scripts and styles only run with its nonce.
func requirePage(t *testing.T, url string) string {
	t.Helper()
	status, header, body := request(t, "GET", url, "", nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
	require.Equal(t, "DENY", header.Get("X-Frame-Options"))
	policy := header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	_, nonce, _ := strings.Cut(policy, "style-src 'self' 'nonce-")
	nonce, _, _ = strings.Cut(nonce, "'")
	require.Len(t, nonce, 22)
	require.Contains(t, body, `<meta property="csp-nonce" nonce="`+nonce+`">`)
	require.Contains(t, body, `<html lang="en">`)
	require.NotContains(t, body, "http://", "nothing from elsewhere")
	require.NotContains(t, body, "https://", "nothing from elsewhere")
	_, again, _ := request(t, "GET", url, "", nil)
	require.NotEqual(t, policy, again.Get("Content-Security-Policy"), "a nonce is used once")
	return body
}

// Where nothing is set, everybody has the budget that docs/api.md promises.
func TestLimits_BudgetAsDocumented(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	text, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	said := regexp.MustCompile("each user and each API token ([0-9,]+) a minute on each node\\s\\(`MPANEL_COST_BUDGET`; [^)]*callers who are nobody have a tenth for each address\\)").FindSubmatch(text)
	require.NotNil(t, said)
	points, err := strconv.Atoi(strings.ReplaceAll(string(said[1]), ",", ""))
	require.NoError(t, err)
	for token, want := range map[string]int{admin.token: points, "": points / 10} {
		a, err := s.client(token).send(t.Context(), nil, `{ __typename }`, nil)
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(want), a.Header.Get("RateLimit-Limit"))
	}
}
