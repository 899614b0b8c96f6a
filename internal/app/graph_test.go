package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A caller is somebody who is signed in and speaks the graph over HTTP with a
// node that serves real servers.
type caller struct {
	t     *testing.T
	url   string
	token string
}

// served is the bench's node behind HTTP, and an owner of the provider.
func (b *faultBench) served(t *testing.T) caller {
	t.Helper()
	b.serving(t)
	web := httptest.NewServer(b.panel.api)
	t.Cleanup(web.Close)
	password := secret.NewPassword(24)
	_, err := b.panel.auth.CreateAdmin(actor.With(t.Context(), b.staff), "boss@example.com", "Boss", password)
	require.NoError(t, err)
	return caller{t: t, url: web.URL}.signedIn("boss@example.com", password)
}

func (c caller) signedIn(email string, password secret.Text) caller {
	c.t.Helper()
	d := c.ok(`mutation($i: SignInInput!) { signIn(input: $i) { accessToken } }`, args{"i": args{"email": email, "password": password.Reveal()}})
	c.token = d.text("signIn", "accessToken")
	return c
}

type args map[string]any

// An answer is what came back.
type answer struct {
	t      *testing.T
	body   string
	data   map[string]any
	errors []struct {
		Message    string
		Extensions struct{ Code, Field string }
	}
}

func (c caller) ask(query string, variables args, headers ...string) answer {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(c.t, err)
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	require.NoError(c.t, err)
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	a := answer{t: c.t, body: string(b)}
	into := struct {
		Data   *map[string]any
		Errors any
	}{&a.data, &a.errors}
	require.NoError(c.t, json.Unmarshal(b, &into), "%s", b)
	return a
}

// ok is ask for what must work.
func (c caller) ok(query string, variables args, headers ...string) answer {
	c.t.Helper()
	a := c.ask(query, variables, headers...)
	require.Empty(c.t, a.errors, "%s\n%s", query, a.body)
	return a
}

// do runs a mutation with one input.
func (c caller) do(mutation, selection string, input args, headers ...string) answer {
	c.t.Helper()
	name := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input"
	return c.ask(fmt.Sprintf("mutation($input: %s!) { it: %s(input: $input) { %s } }", name, mutation, selection), args{"input": input}, headers...)
}

// refused wants one error.
func (a answer) refused(code, field string) answer {
	a.t.Helper()
	require.Len(a.t, a.errors, 1, a.body)
	require.Equal(a.t, code+" "+field, a.errors[0].Extensions.Code+" "+a.errors[0].Extensions.Field, a.body)
	return a
}

// fine wants none.
func (a answer) fine() answer {
	a.t.Helper()
	require.Empty(a.t, a.errors, a.body)
	return a
}

// at goes down into the answer, by names and indexes.
func (a answer) at(path ...any) any {
	a.t.Helper()
	var v any = a.data
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			require.True(a.t, ok, "%v of %s", path, a.body)
			v = m[s]
		case int:
			l, ok := v.([]any)
			require.True(a.t, ok && s < len(l), "%v of %s", path, a.body)
			v = l[s]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	a.t.Helper()
	s, ok := a.at(path...).(string)
	require.True(a.t, ok, "%v of %s", path, a.body)
	return s
}

const jobFields = "id kind state percent waitingFor attempts cancelRequestedAt error { code message } steps { name state }"

// until asks for a job until it is as wanted.
func (c caller) until(job string, what string, ok func(answer) bool) answer {
	c.t.Helper()
	var a answer
	require.Eventually(c.t, func() bool {
		a = c.ok("query($id: ID!) { job(id: $id) { "+jobFields+" } }", args{"id": job})
		return ok(a)
	}, 30*time.Second, 20*time.Millisecond, what)
	return a
}

// over waits for a job's end, which must be the state.
func (c caller) over(job, state string) answer {
	c.t.Helper()
	a := c.until(job, "the job is over", func(a answer) bool {
		s := models.JobState(a.text("job", "state"))
		return s.Terminal()
	})
	require.Equal(c.t, state, a.text("job", "state"), a.body)
	return a
}

// A shop is a customer with a database, ordered over the graph.
type shop struct {
	customer, database string
	host, user, name   string
	port               int
	password           string
}

func (c caller) customer(in args) string {
	c.t.Helper()
	return c.do("createCustomer", "customer { id }", in).fine().text("it", "customer", "id")
}

func (c caller) shop(b *faultBench, name string, customer string) shop {
	c.t.Helper()
	a := c.do("createDatabase", "database { id externalName } job { id } credentials { host port database username password }", args{"customerId": customer, "name": name}).fine()
	port, _ := a.at("it", "credentials", "port").(float64)
	s := shop{
		customer: customer, database: a.text("it", "database", "id"), host: a.text("it", "credentials", "host"), port: int(port),
		user: a.text("it", "credentials", "username"), name: a.text("it", "credentials", "database"), password: a.text("it", "credentials", "password"),
	}
	c.t.Cleanup(func() {
		b.clear(c.t, scene{database: &models.Database{ID: ident.ParseDatabaseID(s.database), ExtName: s.name, Username: s.user}})
	})
	c.over(a.text("it", "job", "id"), "SUCCEEDED")
	return s
}

// enters logs in as the tenant, and works a little.
func (c caller) enters(s shop) error {
	dsn := fmt.Sprintf("host=%s port=%d user=%s dbname=%s password=%s sslmode=disable", s.host, s.port, s.user, s.name, s.password)
	conn, err := pgx.Connect(c.t.Context(), dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(c.t.Context()) }()
	_, err = conn.Exec(c.t.Context(), "CREATE TABLE IF NOT EXISTS proof (n int)")
	return err
}

func (c caller) state(s shop) string {
	c.t.Helper()
	return c.ok("query($id: ID!) { database(id: $id) { state } }", args{"id": s.database}).text("database", "state")
}
