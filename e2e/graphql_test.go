//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A client speaks GraphQL over plain HTTP, as somebody.
type client struct {
	in    *installation
	url   string
	token string       // "" for nobody
	http  *http.Client // nil is the default one
}

func (s *server) client(token string) *client {
	return &client{in: s.installation, url: s.url, token: token}
}

// at is the same caller at another server of the installation.
func (c *client) at(s *server) *client { return s.client(c.token) }

type vars = map[string]any

// A gqlError is an error as docs/errors.md has it.
type gqlError struct {
	Message    string
	Path       []any
	Extensions struct {
		Code, Field, RequestID string
		Retryable              bool
		Used, Max              *int64
	}
}

func (e gqlError) String() string {
	return fmt.Sprintf("%s %s: %s", e.Extensions.Code, e.Extensions.Field, e.Message)
}

// An answer is what came back.
type answer struct {
	Status int             `json:"-"`
	Header http.Header     `json:"-"`
	Body   []byte          `json:"-"`
	Data   json.RawMessage `json:"data"`
	Errors []gqlError      `json:"errors"`
}

// code is that of the one error, "" without any.
func (a answer) code() string {
	switch len(a.Errors) {
	case 0:
		return ""
	case 1:
		return a.Errors[0].Extensions.Code
	}
	return fmt.Sprint(a.Errors)
}

// handedOut finds the passwords in an answer, to be looked for later.
var handedOut = regexp.MustCompile(`"password":"([^"]+)"`)

// send sends one operation. An error means that no complete answer came.
func (c *client) send(ctx context.Context, header http.Header, query string, v vars) (answer, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	maps.Copy(req.Header, header)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := cmp.Or(c.http, http.DefaultClient).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{Status: res.StatusCode, Header: res.Header}
	if a.Body, err = io.ReadAll(res.Body); err != nil {
		return a, err
	}
	for _, m := range handedOut.FindAllSubmatch(a.Body, -1) {
		c.in.keepSecret(string(m[1]))
	}
	if err := json.Unmarshal(a.Body, &a); err != nil {
		return a, fmt.Errorf("status %d: %w: %s", a.Status, err, a.Body)
	}
	if len(a.Errors) > 0 {
		var said struct{ Errors json.RawMessage }
		if err := json.Unmarshal(a.Body, &said); err != nil {
			return a, err
		}
		c.in.tell(said.Errors)
	}
	return a, nil
}

// do sends one operation that must be answered, with errors or without.
func (c *client) do(t *testing.T, query string, v vars) answer {
	t.Helper()
	return c.with(t, nil, query, v)
}

// with is do with further headers.
func (c *client) with(t *testing.T, header http.Header, query string, v vars) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	a, err := c.send(ctx, header, query, v)
	require.NoError(t, err)
	return a
}

// data reads an answer that must be without errors.
func data[T any](t *testing.T, a answer) T {
	t.Helper()
	require.Empty(t, a.Errors, "%s", a.Body)
	var v T
	require.NoError(t, json.Unmarshal(a.Data, &v), "%s", a.Body)
	return v
}

// key is the header that makes a mutation idempotent.
func key(k string) http.Header { return http.Header{"Idempotency-Key": {k}} }
