package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A client calls the panel's API as anybody's program would.
type client struct {
	base  string
	token string
	http  *http.Client
}

// newClient keeps a connection for each of so many orders at once.
func newClient(base string, connections int) *client {
	return &client{base: base, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}}
}

// do carries out one operation; errors of the graph are its errors.
func (c *client) do(ctx context.Context, query string, variables, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return fmt.Errorf("encode operation: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/graphql", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer := struct {
		Data   any                        `json:"data"`
		Errors []struct{ Message string } `json:"errors"`
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("decode answer with status %d: %w", res.StatusCode, err)
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("the API answered: %s", answer.Errors[0].Message)
	}
	return nil
}

const (
	email    = "bench@example.com"
	password = "seven quiet lanterns over a frozen harbour"
)

// setUp makes the first administrator.
func (c *client) setUp(ctx context.Context, token string) error {
	return c.do(ctx, `mutation($in: SetUpInput!) { setUp(input: $in) { expiresAt } }`,
		vars{"in": vars{"token": token, "email": email, "name": "Bench", "password": password}}, nil)
}

// signIn gets a token, which lasts for a quarter of an hour.
func (c *client) signIn(ctx context.Context) error { return c.signInAs(ctx, email) }

func (c *client) signInAs(ctx context.Context, email string) error {
	var out struct{ SignIn struct{ AccessToken string } }
	err := c.do(ctx, `mutation($in: SignInInput!) { signIn(input: $in) { accessToken } }`,
		vars{"in": vars{"email": email, "password": password}}, &out)
	c.token = out.SignIn.AccessToken
	return err
}

type vars map[string]any

func (c *client) createCustomer(ctx context.Context) (string, error) {
	var out struct {
		CreateCustomer struct{ Customer struct{ ID string } }
	}
	err := c.do(ctx, `mutation($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`,
		vars{"in": vars{"name": "Bench", "email": email}}, &out)
	return out.CreateCustomer.Customer.ID, err
}

// An order is a database that was asked for, and its job.
type order struct{ database, job string }

// createDatabase selects what a web app needs to go on.
func (c *client) createDatabase(ctx context.Context, customer, name string) (order, error) {
	var out struct {
		CreateDatabase struct{ Database, Job struct{ ID string } }
	}
	err := c.do(ctx, `mutation($in: CreateDatabaseInput!) { createDatabase(input: $in) {
		database { id state externalName } credentials { password connectionStrings { format value } } job { id state position } } }`,
		vars{"in": vars{"customerId": customer, "name": name}}, &out)
	return order{out.CreateDatabase.Database.ID, out.CreateDatabase.Job.ID}, err
}

// dropDatabase asks for the removal and returns its job.
func (c *client) dropDatabase(ctx context.Context, id string) (string, error) {
	var out struct {
		DeleteDatabase struct{ Job struct{ ID string } }
	}
	err := c.do(ctx, `mutation($in: DeleteDatabaseInput!) { deleteDatabase(input: $in) { job { id } } }`,
		vars{"in": vars{"id": id, "graceSeconds": 0}}, &out)
	return out.DeleteDatabase.Job.ID, err
}

// createUser asks for a further user of a database and returns its job.
func (c *client) createUser(ctx context.Context, database string) (string, error) {
	var out struct {
		CreateDatabaseUser struct{ Job struct{ ID string } }
	}
	err := c.do(ctx, `mutation($in: CreateDatabaseUserInput!) { createDatabaseUser(input: $in) { job { id } } }`,
		vars{"in": vars{"databaseId": database, "name": "reader", "rights": "READ_ONLY"}}, &out)
	return out.CreateDatabaseUser.Job.ID, err
}

// onlyServer is the id of the embedded cluster.
func (c *client) onlyServer(ctx context.Context) (string, error) {
	var out struct {
		DatabaseServers struct{ Nodes []struct{ ID string } }
	}
	if err := c.do(ctx, `{ databaseServers(first: 1) { nodes { id } } }`, nil, &out); err != nil {
		return "", err
	}
	if len(out.DatabaseServers.Nodes) != 1 {
		return "", errors.New("there is no database server")
	}
	return out.DatabaseServers.Nodes[0].ID, nil
}

// survey has a server surveyed, and waits for it.
func (c *client) survey(ctx context.Context, server string) error {
	return c.do(ctx, `mutation($in: SurveyDatabaseServerInput!) { surveyDatabaseServer(input: $in) { databaseServer { id } } }`,
		vars{"in": vars{"id": server}}, nil)
}

// A socket is one graphql-transport-ws connection. It serves one subscription
// at a time, and answers pings all the time.
type socket struct {
	conn     *websocket.Conn
	writing  sync.Mutex
	messages chan message // closed when the connection is
	closed   chan struct{}
	err      error // why it closed; to be read after messages
}

const ackTimeout = 10 * time.Second

// A message is a frame of the protocol.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// socket connects and authenticates.
func (c *client) socket(ctx context.Context) (*socket, error) {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: ackTimeout}
	conn, res, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(c.base, "http")+"/graphql", nil)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	_ = res.Body.Close()
	s := &socket{conn: conn, messages: make(chan message), closed: make(chan struct{})}
	go s.read()
	auth, err := json.Marshal(vars{"Authorization": "Bearer " + c.token})
	if err == nil {
		err = s.write(message{Type: "connection_init", Payload: auth})
	}
	if err == nil {
		err = s.next(ctx, func(m message) (bool, error) { return m.Type == "connection_ack", nil })
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("open socket: %w", err)
	}
	return s, nil
}

func (s *socket) read() {
	defer close(s.messages)
	for {
		var m message
		if s.err = s.conn.ReadJSON(&m); s.err != nil {
			return
		}
		if m.Type == "ping" {
			if s.err = s.write(message{Type: "pong"}); s.err != nil {
				return
			}
			continue
		}
		select {
		case s.messages <- m:
		case <-s.closed:
			return
		}
	}
}

func (s *socket) write(m message) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.conn.WriteJSON(m)
}

func (s *socket) close() {
	close(s.closed)
	_ = s.conn.Close()
}

// next takes messages until seen says that it is enough.
func (s *socket) next(ctx context.Context, seen func(message) (bool, error)) error {
	for {
		select {
		case m, ok := <-s.messages:
			if !ok {
				return s.err
			}
			if enough, err := seen(m); enough || err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// succeeded follows a job to the end of its stream and tells when SUCCEEDED was
// seen, which is a little earlier.
func (s *socket) succeeded(ctx context.Context, job string) (time.Time, error) {
	payload, err := json.Marshal(vars{
		"query":     `subscription($id: ID!) { jobProgress(id: $id) { __typename ... on JobEvent { position kind state step percent error { message } } } }`,
		"variables": vars{"id": job},
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("encode subscription: %w", err)
	}
	if err := s.write(message{ID: job, Type: "subscribe", Payload: payload}); err != nil {
		return time.Time{}, fmt.Errorf("subscribe: %w", err)
	}
	var at time.Time
	err = s.next(ctx, func(m message) (bool, error) {
		switch {
		case m.ID != job:
			return false, nil
		case m.Type == "complete":
			return true, nil
		case m.Type != "next":
			return true, fmt.Errorf("the subscription answered %s: %s", m.Type, m.Payload)
		}
		var ev struct {
			Data struct{ JobProgress struct{ State string } } `json:"data"`
		}
		if err := json.Unmarshal(m.Payload, &ev); err != nil {
			return true, fmt.Errorf("decode event: %w", err)
		}
		switch ev.Data.JobProgress.State {
		case "SUCCEEDED":
			at = time.Now()
		case "FAILED", "CANCELED", "COMPENSATING", "STUCK":
			return true, fmt.Errorf("the job is not going to succeed: %s", m.Payload)
		}
		return false, nil
	})
	if err == nil && at.IsZero() {
		err = errors.New("the stream ended before the job did")
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("follow job: %w", err)
	}
	return at, nil
}
