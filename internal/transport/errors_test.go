package transport_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/internal/transport/document"
	"github.com/mpanel/mpanel/resolvers"
)

func TestErrors_AllFaultsOfAnInputAtOnce(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	create := `mutation($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`
	r := p.post(p.staff(), create, vars{"in": vars{
		"name": "a\nb", "email": "nobody", "company": " x", "country": "Germany",
		"quotas": []any{vars{"name": "DATABASES", "max": "-1"}, vars{"name": "DATABASES"}},
	}})
	r.wellFormed(t)
	require.Nil(t, r.Data)
	var fields []any
	for _, e := range r.Errors {
		require.Equal(t, "INVALID", e.Extensions["code"])
		require.Equal(t, []any{"createCustomer"}, e.Path)
		fields = append(fields, e.Extensions["field"])
	}
	require.ElementsMatch(t, []any{"name", "email", "company", "country", "quotas", "quotas"}, fields, "one error each")
	require.NotContains(t, r.body, "nobody", "values are not repeated")

	// Pages have their arguments at fault together, too.
	r = p.post(p.staff(), `{ customers(first: 0, after: "x", before: "y") { totalCount } }`, nil)
	fields = nil
	for _, e := range r.Errors {
		fields = append(fields, e.Extensions["field"])
	}
	require.ElementsMatch(t, []any{"first", "after", "before"}, fields, r.body)
}

func TestErrors_AllFaultsOfAnEdgesArgumentsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("tenant-a", ident.CustomerID{}, p.addServer())
	for _, edge := range []string{"children", "databases", "memberships"} {
		r := p.post(a.token, `{ customers { nodes { name `+edge+`(first: 101, after: "x") { nodes { __typename } } } } }`, nil)
		r.wellFormed(t)
		require.Equal(t, http.StatusOK, r.status)
		require.Equal(t, "Customer tenant-a", at(r.Data, "customers", "nodes", 0, "name"), "an edge at fault does not take its parent along")
		var fields []any
		for _, e := range r.Errors {
			require.Equal(t, "INVALID", e.Extensions["code"])
			require.Equal(t, []any{"customers", "nodes", 0.0, edge}, e.Path)
			fields = append(fields, e.Extensions["field"])
		}
		require.ElementsMatch(t, []any{"first", "after"}, fields, "%s: %s", edge, r.body)
	}
}

func TestErrors_QuotaExceeded(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	reseller := p.addTenant("reseller", ident.CustomerID{}, server)
	shop := p.addTenant("shop", reseller.customer, server)
	create := `mutation($id: ID!) { createDatabase(input: {customerId: $id, name: "extra"}) { database { name state } credentials { password } job { state } } }`
	p.exec("UPDATE customer_quotas SET used = 3, max = 3 WHERE customer_id = ?", shop.customer)
	r := p.post(shop.token, create, vars{"id": shop.customer.Opaque()})
	require.Equal(t, []string{"QUOTA_EXCEEDED"}, r.codes(), r.body)
	r.wellFormed(t)
	require.Equal(t, 3.0, r.Errors[0].Extensions["used"])
	require.Equal(t, 3.0, r.Errors[0].Extensions["max"])
	require.Equal(t, "customerId", r.Errors[0].Extensions["field"])

	p.exec("UPDATE customer_quotas SET max = CASE WHEN customer_id = ? THEN NULL ELSE 1 END", shop.customer)
	r = p.post(shop.token, create, vars{"id": shop.customer.Opaque()})
	require.Equal(t, []string{"QUOTA_EXCEEDED"}, r.codes(), r.body)
	require.NotContains(t, r.Errors[0].Extensions, "used", "a reseller's numbers are not the shop's to know")
	require.NotContains(t, r.Errors[0].Extensions, "max")
	r = p.post(reseller.token, create, vars{"id": shop.customer.Opaque()})
	require.Equal(t, 1.0, r.Errors[0].Extensions["max"], "the reseller may know its own")
	require.Equal(t, 2, p.count("SELECT count(*) FROM databases"), "nothing was made")
	require.Equal(t, 2, p.count("SELECT count(*) FROM jobs"))
}

func TestErrors_InternalTellsOnlyTheRequest(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("tenant-a", ident.CustomerID{}, p.addServer())
	p.exec("ALTER TABLE customer_quotas RENAME TO canary_table")
	for name, query := range map[string]string{
		"a query's edge": `{ customers { nodes { name quotas { used } } } }`,
		"a mutation":     `mutation { createCustomer(input: {name: "A", email: "a@example.com", parentId: "` + a.customer.Opaque() + `"}) { customer { id } } }`,
	} {
		r := p.post(a.token, query, nil)
		require.Equal(t, []string{"INTERNAL"}, r.codes(), "%s: %s", name, r.body)
		r.wellFormed(t)
		for _, inner := range []string{"customer_quotas", "relation", "SQLSTATE", "quota", "42P01"} {
			require.NotContains(t, strings.ReplaceAll(r.body, `"quotas"`, ""), inner, name)
		}
		id, _ := r.Errors[0].Extensions["requestId"].(string)
		logged := false
		for line := range strings.Lines(p.log.String()) {
			logged = logged || strings.Contains(line, id) && strings.Contains(line, "customer_quotas")
		}
		require.True(t, logged, "%s: the log has the cause under the request's id", name)
	}
	require.Zero(t, p.count("SELECT count(*) FROM customers WHERE name = 'A'"))
}

func TestErrors_PanicsAreInternal(t *testing.T) {
	t.Parallel()
	p := newPanel(t, func(r *resolvers.Resolver) { r.CustomerService, r.JobService = nil, nil })
	a := p.addTenant("tenant-a", ident.CustomerID{}, p.addServer())
	for name, tc := range map[string]struct {
		query string
		codes []string
	}{
		"a list":              {`{ customers { totalCount } }`, []string{"INTERNAL"}},
		"a mutation":          {`mutation { archiveCustomer(input: {id: "x"}) { customer { id } } }`, []string{"INTERNAL"}},
		"an edge of one":      {`{ database(id: "` + a.database.Opaque() + `") { name jobs { totalCount } } }`, []string{"INTERNAL"}},
		"an edge of a list":   {`{ databases { nodes { name jobs { totalCount } } } }`, []string{"INTERNAL"}},
		"beside what works":   {`{ jobs { totalCount } databases { totalCount } }`, []string{"INTERNAL"}},
		"a subscription":      {`subscription { jobProgress(id: "x") { __typename } }`, []string{"INTERNAL"}},
		"what does not panic": {`{ databases { totalCount } }`, nil},
	} {
		r := p.post(a.token, tc.query, nil)
		require.Equal(t, http.StatusOK, r.status, "%s: %s", name, r.body)
		require.Equal(t, tc.codes, r.codes(), "%s: %s", name, r.body)
		r.wellFormed(t)
		for _, inner := range []string{"nil pointer", "panic", "runtime", ".go:", "goroutine"} {
			require.NotContains(t, r.body, inner, name)
		}
	}
	require.Contains(t, p.log.String(), "nil pointer", "the log has it")
	require.Contains(t, p.log.String(), "service.go", "with its place")
}

func TestErrors_OperationsThatAreNotValid(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	for name, tc := range map[string]struct {
		query     string
		variables vars
		code      string
	}{
		"no field of that name":         {`{ custmers { totalCount } }`, nil, "INVALID"},
		"no field of the row":           {`{ customers { nodes { nmae } } }`, nil, "INVALID"},
		"no argument of that name":      {`{ customers(frist: 1) { totalCount } }`, nil, "INVALID"},
		"no type of that name":          {`{ node(id: "x") { ... on Custmer { id } } }`, nil, "INVALID"},
		"no enum value of that name":    {`{ customers(filter: {state: ACTIV}) { totalCount } }`, nil, "INVALID"},
		"no input field of that name":   {`{ customers(filter: {serach: "x"}) { totalCount } }`, nil, "INVALID"},
		"no directive of that name":     {`{ customers @idempotnt(key: "x") { totalCount } }`, nil, "INVALID"},
		"an argument is missing":        {`{ customer { id } }`, nil, "INVALID"},
		"no selection":                  {`{ customers }`, nil, "INVALID"},
		"a variable is missing":         {`query($id: ID!) { customer(id: $id) { id } }`, nil, "INVALID"},
		"a variable of another type":    {`query($n: Int) { customers(first: $n) { totalCount } }`, vars{"n": "ten"}, "INVALID"},
		"an input of another type":      {`mutation($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`, vars{"in": vars{"name": vars{"a": 5}, "email": "a@b.c"}}, "INVALID"},
		"an unknown input field":        {`mutation($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`, vars{"in": vars{"nmae": "x", "name": "A", "email": "a@b.c"}}, "INVALID"},
		"no GraphQL":                    {`{ customers { totalCount `, nil, "INVALID"},
		"nothing":                       {``, nil, "INVALID"},
		"a comment":                     {`# nothing`, nil, "INVALID"},
		"two operations, none chosen":   {`query a { __typename } query b { __typename }`, nil, "INVALID"},
		"a fragment that knows itself":  {`{ ...f } fragment f on Query { ...f }`, nil, "INVALID"},
		"as many tokens as are allowed": {"{ __typename }" + strings.Repeat("#\n", document.Anonymous.Tokens-3), nil, ""},
		"too many tokens":               {"{" + strings.Repeat(" __typename", document.Anonymous.Tokens) + "}", nil, "TOO_COMPLEX"},
		"too complex":                   {deep(2), nil, "TOO_COMPLEX"},
		"too complex for 64 bits":       {deep(30), nil, "TOO_COMPLEX"},
		"too complex by a variable":     {`query($n: Int) { customers(first: $n) { nodes { children(first: $n) { nodes { children(first: $n) { nodes { id } } } } } } }`, vars{"n": 100}, "TOO_COMPLEX"},
		"too complex by many ids":       {`query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { children(first: 100) { nodes { id name email } } } } }`, vars{"ids": make([]string, 100)}, "TOO_COMPLEX"},
		"within what is allowed":        {`{ customers(first: 100) { nodes { children(first: 20) { nodes { id name } } } } }`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := p.post(token, tc.query, tc.variables)
			if tc.code == "" {
				require.Empty(t, r.Errors, r.body)
				return
			}
			require.NotEmpty(t, r.Errors, r.body)
			for _, code := range r.codes() {
				require.Equal(t, tc.code, code, r.body)
			}
			r.wellFormed(t)
			require.NotContains(t, r.body, "Did you mean")
			require.Nil(t, r.Data)
		})
	}
	require.NotContains(t, p.log.String(), `"level":"ERROR"`, "what clients do wrong is no error of the panel's")
}

// Values of a type that a scalar does not take are the client's mistake.
func TestErrors_ValuesThatScalarsDoNotTake(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	update := `mutation { updateCustomer(input: {id: "x", quotas: [{name: DATABASES, max: %s}]}) { customer { id } } }`
	for name, tc := range map[string]struct {
		query     string
		variables vars
		want      []string
	}{
		"an id that is a number":               {`{ customer(id: 5) { id } }`, nil, nil},
		"an input's id that is a number":       {`mutation { archiveCustomer(input: {id: 5}) { customer { id } } }`, nil, []string{"NOT_FOUND"}},
		"a variable id that is a number":       {`mutation($id: ID!) { archiveCustomer(input: {id: $id}) { customer { id } } }`, vars{"id": 5}, []string{"NOT_FOUND"}},
		"a filter's id that is a number":       {`{ databases(filter: {customerId: 5}) { totalCount } }`, nil, nil},
		"a BigInt that is no number":           {fmt.Sprintf(update, `"ten"`), nil, []string{"INVALID"}},
		"a BigInt that is a truth":             {fmt.Sprintf(update, `true`), nil, []string{"INVALID"}},
		"a BigInt that is a list":              {fmt.Sprintf(update, `[1]`), nil, []string{"INVALID"}},
		"a BigInt that is an object":           {fmt.Sprintf(update, `{a: 1}`), nil, []string{"INVALID"}},
		"a BigInt with a fraction":             {fmt.Sprintf(update, `1.5`), nil, []string{"INVALID"}},
		"a BigInt beyond 64 bits":              {fmt.Sprintf(update, `"9223372036854775808"`), nil, []string{"INVALID"}},
		"a BigInt beyond what is a limit":      {fmt.Sprintf(update, `"9223372036854775807"`), nil, []string{"INVALID"}},
		"a page's size beyond 32 bits":         {`{ customers(first: 99999999999) { totalCount } }`, nil, []string{"INVALID"}},
		"a page's size beyond 64 bits":         {`{ customers(first: 99999999999999999999) { totalCount } }`, nil, []string{"INVALID"}},
		"a variable size beyond 32 bits":       {`query($n: Int) { customers(first: $n) { totalCount } }`, vars{"n": 99999999999}, []string{"INVALID"}},
		"a cursor that is a number":            {`{ customers(after: 5) { totalCount } }`, nil, []string{"INVALID"}},
		"a cursor that is an object":           {`{ customers(after: {a: 1}) { totalCount } }`, nil, []string{"INVALID"}},
		"a cursor that is a list":              {`query($c: Cursor) { customers(after: $c) { totalCount } }`, vars{"c": []int{1}}, []string{"INVALID"}},
		"a position that is a number":          {`subscription { jobProgress(id: "x", after: 5) { __typename } }`, nil, []string{"INVALID"}},
		"a position that is an object":         {`subscription($a: StreamPosition) { jobProgress(id: "x", after: $a) { __typename } }`, vars{"a": vars{"b": 1}}, []string{"INVALID"}},
		"a key that is a number":               {`mutation { archiveCustomer(input: {id: "x"}) @idempotent(key: 5) { customer { id } } }`, nil, []string{"INVALID"}},
		"an enum that is a text":               {`{ customers(order: {field: "NAME"}) { totalCount } }`, nil, []string{"INVALID"}},
		"an enum variable that is not one":     {`query($f: CustomerOrderField!) { customers(order: {field: $f}) { totalCount } }`, vars{"f": "PASSWORD"}, []string{"INVALID"}},
		"null for what is needed":              {`mutation { archiveCustomer(input: null) { customer { id } } }`, nil, []string{"INVALID"}},
		"a list for one":                       {`mutation { archiveCustomer(input: [{id: "x"}, {id: "y"}]) { customer { id } } }`, nil, []string{"INVALID"}},
		"a password that is a number":          {`mutation { signIn(input: {email: "a@b.c", password: 5}) { accessToken } }`, nil, []string{"INVALID"}},
		"a variable password that is a number": {`mutation($p: String!) { signIn(input: {email: "a@b.c", password: $p}) { accessToken } }`, vars{"p": 5}, []string{"INVALID"}},
		"a variable password of another type":  {`mutation($p: String!) { signIn(input: {email: "a@b.c", password: $p}) { accessToken } }`, vars{"p": vars{"a": 1}}, []string{"INVALID"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := p.post(token, tc.query, tc.variables)
			require.Equal(t, tc.want, r.codes(), r.body)
			r.wellFormed(t)
		})
	}
}

// PostgreSQL's texts have no NUL: wherever a text can be given, one with NUL is
// refused or finds nothing, in the document and in a variable, and is never the
// panel's mistake.
func TestErrors_NULInEveryText(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	d := fieldWalk{p.schema}
	token, asked := p.staff(), 0
	for _, f := range rootFields(p.schema) {
		for _, path := range d.textPlaces(f.Arguments) {
			asked++
			query := strings.Replace(d.operationWith(f, path), "$id", `"a\u0000b"`, 1)
			t.Run(f.String()+" "+path, func(t *testing.T) {
				t.Parallel()
				r := p.post(token, query, nil)
				require.NotContains(t, r.codes(), "INTERNAL", "%s\n%s", query, r.body)
				r.wellFormed(t)
				variable := strings.Replace(d.operationWith(f, path), f.operation, f.operation+"($id: "+d.typeAt(f, path)+")", 1)
				r = p.post(token, variable, vars{"id": "a\x00b"})
				require.NotContains(t, r.codes(), "INTERNAL", "%s\n%s", variable, r.body)
				require.NotContains(t, r.body, `"totalCount":1`, "and finds nothing")
			})
		}
	}
	require.Greater(t, asked, 15)
}

func TestHTTP_WhatIsRefusedBeforeThereIsAnOperation(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	const canary = "canary-password"
	good := `{"query":"{ __typename }"}`
	for name, tc := range map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"JSON":                           {"application/json", good, 200, ""},
		"with a charset":                 {"application/json; charset=utf-8", good, 200, ""},
		"in capital letters":             {"Application/JSON", good, 200, ""},
		"the largest body":               {"application/json", pad(transport.MaxBodyBytes), 200, ""},
		"one byte too large":             {"application/json", pad(transport.MaxBodyBytes + 1), 413, "TOO_COMPLEX"},
		"much too large":                 {"application/json", pad(1 << 20), 413, "TOO_COMPLEX"},
		"no content type":                {"", good, 415, "INVALID"},
		"plain text":                     {"text/plain", good, 415, "INVALID"},
		"a form":                         {"application/x-www-form-urlencoded", "query=" + canary, 415, "INVALID"},
		"an upload":                      {"multipart/form-data; boundary=x", "--x--", 415, "INVALID"},
		"a bare document":                {"application/graphql", "{ __typename }", 415, "INVALID"},
		"a bad content type":             {"application/json; charset", good, 415, "INVALID"},
		"another JSON":                   {"application/json-patch+json", good, 415, "INVALID"},
		"nothing":                        {"application/json", "", 400, "INVALID"},
		"no JSON":                        {"application/json", canary, 400, "INVALID"},
		"cut off":                        {"application/json", `{"variables":{"password":"` + canary, 400, "INVALID"},
		"a list":                         {"application/json", `[{"query":"` + canary + `"}]`, 400, "INVALID"},
		"a text":                         {"application/json", `"` + canary + `"`, 400, "INVALID"},
		"something behind":               {"application/json", good + canary, 400, "INVALID"},
		"a query that is a number":       {"application/json", `{"query":5,"variables":{"password":"` + canary + `"}}`, 400, "INVALID"},
		"variables that are a list":      {"application/json", `{"query":"{ __typename }","variables":["` + canary + `"]}`, 400, "INVALID"},
		"variables that are a text":      {"application/json", `{"query":"{ __typename }","variables":"` + canary + `"}`, 400, "INVALID"},
		"an operation's name as number":  {"application/json", `{"query":"{ __typename }","operationName":5,"variables":{"password":"` + canary + `"}}`, 400, "INVALID"},
		"extensions that are a text":     {"application/json", `{"query":"{ __typename }","extensions":"x","variables":{"password":"` + canary + `"}}`, 400, "INVALID"},
		"something else in it":           {"application/json", `{"query":"{ __typename }","headers":{"Idempotency-Key":["x"]},"more":5}`, 200, ""},
		"no query":                       {"application/json", `{"variables":{"password":"` + canary + `"}}`, 400, "INVALID"},
		"a query that is null":           {"application/json", `{"query":null,"variables":{"password":"` + canary + `"}}`, 400, "INVALID"},
		"null":                           {"application/json", `null`, 400, "INVALID"},
		"an operation that is not valid": {"application/json", `{"query":"{ nothing }"}`, 200, "INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, accept := range []string{"", "application/json", "text/event-stream"} {
				var headers []string
				if accept != "" {
					headers = []string{"Accept", accept}
				}
				r := p.do(http.MethodPost, "/graphql", token, tc.contentType, strings.NewReader(tc.body), headers...)
				require.NotContains(t, r.body, canary, "a body is never repeated")
				if accept == "text/event-stream" {
					continue // events have their own form
				}
				require.Equal(t, tc.status, r.status, "accept %q: %s", accept, r.body)
				if tc.code == "" {
					require.JSONEq(t, `{"data":{"__typename":"Query"}}`, r.body)
					continue
				}
				require.Equal(t, []string{tc.code}, r.codes(), r.body)
				r.wellFormed(t)
			}
		})
	}
	require.NotContains(t, p.log.String(), canary)
}

// pad is a good body of n bytes.
func pad(n int) string {
	s := `{"query":"{ __typename }","operationName":""`
	return s + strings.Repeat(" ", n-len(s)-1) + "}"
}

func TestHTTP_GetIsForQueries(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	get := func(query, variables string, headers ...string) reply {
		q := url.Values{"query": {query}}
		if variables != "" {
			q.Set("variables", variables)
		}
		return p.do(http.MethodGet, "/graphql?"+q.Encode(), token, "", nil, headers...)
	}
	r := get(`query($n: Int) { customers(first: $n) { totalCount } }`, `{"n": 1}`)
	require.Equal(t, http.StatusOK, r.status)
	require.JSONEq(t, `{"data":{"customers":{"totalCount":0}}}`, r.body)
	r = get(`mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { id } } }`, "")
	require.GreaterOrEqual(t, r.status, 400, r.body)
	require.NotEmpty(t, r.Errors)
	require.Zero(t, p.count("SELECT count(*) FROM customers"), "a link changes nothing")
	r = get(`subscription { jobProgress(id: "x") { __typename } }`, "")
	require.GreaterOrEqual(t, r.status, 400, r.body)
	r = get(`{ nothing }`, "")
	require.Equal(t, http.StatusOK, r.status, "as GraphQL over HTTP has it for application/json")
	require.NotContains(t, r.body, `"data"`)
	require.Equal(t, []string{"INVALID"}, r.codes())
	r = get(`{ __typename }`, `canary`)
	require.Equal(t, http.StatusBadRequest, r.status)
	require.NotContains(t, r.body, "canary")
	r = get(`{ __typename }`, "", "Origin", "https://evil.example.com")
	require.Equal(t, http.StatusForbidden, r.status)
	r = get(`{ __typename }`, "", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, r.status)
}

// docs/errors.md: what is refused before an operation has the same JSON.
func TestHTTP_EveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	for name, tc := range map[string]struct{ method, target string }{
		"a mutation by GET":     {http.MethodGet, "/graphql?query=" + url.QueryEscape(`mutation { archiveCustomer(input: {id: "x"}) { customer { id } } }`)},
		"bad variables by GET":  {http.MethodGet, "/graphql?query=%7B__typename%7D&variables=x"},
		"bad extensions by GET": {http.MethodGet, "/graphql?query=%7B__typename%7D&extensions=x"},
		"a bad query string":    {http.MethodGet, "/graphql?query=%zz"},
		"nothing by GET":        {http.MethodGet, "/graphql"},
		"another method":        {http.MethodPatch, "/graphql"},
		"DELETE":                {http.MethodDelete, "/graphql"},
	} {
		t.Run(name, func(t *testing.T) {
			r := p.do(tc.method, tc.target, token, "application/json", nil)
			require.GreaterOrEqual(t, r.status, 400, r.body)
			require.NotEmpty(t, r.Errors, r.body)
			r.wellFormed(t)
		})
	}
}

func TestHTTP_Origin(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	mutation := `mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { name } } }`
	for _, evil := range []string{"https://evil.example.com", "null", origin + ".evil.net"} {
		r := p.post(p.staff(), mutation, nil, "Origin", evil)
		require.Equal(t, http.StatusForbidden, r.status)
		require.Equal(t, []string{"FORBIDDEN"}, r.codes())
		require.Empty(t, r.header.Get("Access-Control-Allow-Origin"))
		r.wellFormed(t)
	}
	require.Zero(t, p.count("SELECT count(*) FROM customers"), "what another page asks for is not done")
	r := p.post(p.staff(), mutation, nil, "Origin", origin)
	require.Empty(t, r.Errors)
	require.Equal(t, origin, r.header.Get("Access-Control-Allow-Origin"))
}

func TestIdempotency_HeaderAndDirective(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token, other := p.staff(), p.staff()
	create := func(name, directive string) string {
		return `createCustomer(input: {name: "` + name + `", email: "a@example.com"}) ` + directive + ` { customer { id name } }`
	}
	key := []string{"Idempotency-Key", "k-1"}
	first := p.must(token, "mutation { "+create("A", "")+" }", nil, key...)
	for name, r := range map[string]reply{
		"again":                     p.post(token, "mutation { "+create("A", "")+" }", nil, key...),
		"by the directive":          p.post(token, "mutation { "+create("A", `@idempotent(key: "k-1")`)+" }", nil),
		"another selection":         p.post(token, `mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { __typename customer { id name } } }`, nil, key...),
		"in a fragment":             p.post(token, "mutation { ...f } fragment f on Mutation { "+create("A", "")+" }", nil, key...),
		"with variables":            p.post(token, `mutation($n: String!) { createCustomer(input: {name: $n, email: "a@example.com"}) { customer { id name } } }`, vars{"n": "A"}, key...),
		"directive over the header": p.post(token, "mutation { "+create("A", `@idempotent(key: "k-1")`)+" }", nil, "Idempotency-Key", "another"),
		"beside one left out":       p.post(token, `mutation($no: Boolean = false) { `+create("A", "")+` b: `+create("B", `@include(if: $no)`)+` }`, nil, key...),
	} {
		require.Empty(t, r.Errors, "%s: %s", name, r.body)
		require.Equal(t, at(first, "createCustomer", "customer"), at(r.Data, "createCustomer", "customer"), name)
	}
	require.Equal(t, 1, p.count("SELECT count(*) FROM customers"))
	for name, tc := range map[string]struct {
		token, query, key, code string
	}{
		"another input":            {token, "mutation { " + create("B", "") + " }", "k-1", "IDEMPOTENCY_KEY_REUSED"},
		"another mutation":         {token, `mutation { archiveCustomer(input: {id: "x"}) { customer { id } } }`, "k-1", "IDEMPOTENCY_KEY_REUSED"},
		"another input, directive": {token, "mutation { " + create("B", `@idempotent(key: "k-1")`) + " }", "", "IDEMPOTENCY_KEY_REUSED"},
		"two mutations":            {token, "mutation { a: " + create("X", "") + " b: " + create("Y", "") + " }", "k-2", "INVALID"},
		"signing in":               {"", `mutation { signIn(input: {email: "a@b.c", password: "x"}) { accessToken } }`, "k-2", "INVALID"},
		"setting up":               {"", `mutation { setUp(input: {token: "t", email: "a@b.c", name: "A", password: "x"}) { accessToken } }`, "k-2", "INVALID"},
		"a long key":               {token, "mutation { " + create("X", "") + " }", strings.Repeat("k", 256), "INVALID"},
		"a key that is not ASCII":  {token, "mutation { " + create("X", "") + " }", "schlüssel", "INVALID"},
		"an empty key, directive":  {token, "mutation { " + create("X", `@idempotent(key: "")`) + " }", "", "INVALID"},
		"directive on signing in":  {"", `mutation { signIn(input: {email: "a@b.c", password: "x"}) @idempotent(key: "k") { accessToken } }`, "", "INVALID"},
		"directive on a query":     {token, `{ customers @idempotent(key: "k") { totalCount } }`, "", "INVALID"},
		"directive within":         {token, `mutation { createCustomer(input: {name: "X", email: "a@example.com"}) { customer @idempotent(key: "k") { id } } }`, "", "INVALID"},
		"a key without a caller":   {"", "mutation { " + create("X", "") + " }", "k-3", "UNAUTHENTICATED"},
	} {
		var headers []string
		if tc.key != "" {
			headers = []string{"Idempotency-Key", tc.key}
		}
		r := p.post(tc.token, tc.query, nil, headers...)
		require.Equal(t, []string{tc.code}, r.codes(), "%s: %s", name, r.body)
		r.wellFormed(t)
	}
	require.Zero(t, p.count("SELECT count(*) FROM customers WHERE name IN ('B', 'Y')"))
	require.Empty(t, p.post(token, `{ customers { totalCount } }`, nil, "Idempotency-Key", strings.Repeat("k", 256)).Errors, "a query has no use for it")

	d := p.must(other, "mutation { "+create("A", "")+" }", nil, key...)
	require.NotEqual(t, at(first, "createCustomer", "customer", "id"), at(d, "createCustomer", "customer", "id"), "another user's key is another key")
	twice := "mutation { a: " + create("C", `@idempotent(key: "k-a")`) + " b: " + create("C", `@idempotent(key: "k-b")`) + " }"
	d = p.must(token, twice, nil)
	require.NotEqual(t, at(d, "a", "customer", "id"), at(d, "b", "customer", "id"))
	require.Equal(t, d, p.must(token, twice, nil))
}

func TestIdempotency_FiftyOrdersAtOnceAreOne(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("tenant-a", ident.CustomerID{}, p.addServer())
	query := `mutation($id: ID!) { createDatabase(input: {customerId: $id, name: "shop"}) { database { id state } job { id state } credentials { password connectionStrings { value } } } }`
	var (
		all       sync.WaitGroup
		mu        sync.Mutex
		passwords = map[any]bool{}
		rows      = map[string]bool{}
	)
	for range 50 {
		all.Go(func() {
			r := p.post(a.token, query, vars{"id": a.customer.Opaque()}, "Idempotency-Key", "order-1")
			mu.Lock()
			defer mu.Unlock()
			if len(r.Errors) > 0 {
				t.Errorf("%s", r.body)
				return
			}
			passwords[at(r.Data, "createDatabase", "credentials", "password")] = true
			rows[fmt.Sprint(at(r.Data, "createDatabase", "database", "id"), at(r.Data, "createDatabase", "job", "id"))] = true
		})
	}
	all.Wait()
	require.Len(t, rows, 1, "one database and one job")
	require.Len(t, passwords, 1, "one password, which all are shown who have the key")
	require.NotContains(t, passwords, nil)
	require.Equal(t, 2, p.count("SELECT count(*) FROM databases"))
	require.Equal(t, 1, p.count("SELECT count(*) FROM jobs WHERE state = 'PENDING'"))
	require.Equal(t, 2, p.count("SELECT used FROM customer_quotas WHERE customer_id = ?", a.customer))
}
