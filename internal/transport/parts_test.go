package transport_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
)

// TestParts_Subscription reads Apollo's multipart protocol with another reader of parts.
func TestParts_Subscription(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	over, long := p.addTenant("over", ident.CustomerID{}, server), p.addTenant("long", ident.CustomerID{}, server)
	p.running(long, 0, 0)
	open := func(s tenant, query string) func() string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/graphql", bytes.NewReader(operation(query, vars{"id": s.job.Opaque()})))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9")
		req.Header.Set("Authorization", "Bearer "+s.token)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
		require.NoError(t, err)
		require.Equal(t, "multipart/mixed", kind)
		require.Equal(t, "1.0", params["subscriptionspec"])
		r := multipart.NewReader(res.Body, params["boundary"])
		return func() string {
			for {
				part, err := r.NextPart()
				if err != nil {
					require.ErrorIs(t, err, io.EOF)
					return ""
				}
				require.Equal(t, "application/json", part.Header.Get("Content-Type"))
				body, err := io.ReadAll(part)
				require.NoError(t, err)
				if string(body) != "{}" {
					return requestIDs.ReplaceAllString(string(body), `"requestId":"-"`)
				}
			}
		}
	}
	const kinds = `subscription($id: ID!) { jobProgress(id: $id) { ... on JobEvent { kind } } }`
	next := open(over, kinds)
	require.JSONEq(t, `{"payload":{"data":{"jobProgress":{"kind":"job.created"}}}}`, next())
	require.JSONEq(t, `{"payload":{"data":{"jobProgress":{"kind":"job.succeeded"}}}}`, next())
	require.Empty(t, next())

	next = open(over, `subscription { nothing }`)
	require.Contains(t, next(), `{"payload":{"errors":[{"message":"Cannot query field`)
	require.Empty(t, next())

	next = open(long, kinds)
	require.NotEmpty(t, next())
	require.NotEmpty(t, next())
	require.Equal(t, 1, p.live.Revoke(live.Principal{User: long.user}))
	require.JSONEq(t, `{"payload":null,"errors":[{"message":"Access was changed or taken back"}]}`, next())
	require.Empty(t, next())
}
