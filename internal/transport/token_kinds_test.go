package transport_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// F19, case 11, 31: each kind of token opens its own door and no other, over every wire.
func TestTokens_Case31_EachOpensItsOwnDoorOnly(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	fresh := newPanel(t)
	kinds := map[string]string{"set-up": mustSetUp(t, p), "another installation's set-up": mustSetUp(t, fresh)}
	p.person("grace@example.com")
	access, cookie := p.signIn("grace@example.com")
	kinds["access"], kinds["refresh"] = access, cookie.Value
	r := p.do(http.MethodPut, "/graphql", access, "", nil, "X-GraphQL-Event-Stream-Token", "")
	require.Equal(t, http.StatusCreated, r.status, r.body)
	kinds["stream"] = strings.TrimSpace(r.body)
	fresh.person("ada@example.com")
	kinds["another installation's access"], _ = fresh.signIn("ada@example.com")
	_, foreign := fresh.signIn("ada@example.com")
	kinds["another installation's refresh"] = foreign.Value
	kinds["a session's id"] = uuid.NewString()
	kinds["in two lines"] = access + "\r\nX-Admin: 1"

	doors := map[string]func(token string) bool{
		"access": func(token string) bool { // the header cannot have two lines at all
			return !strings.ContainsAny(token, "\r\n") && len(p.post(token, `{ viewer { user { id } } }`, nil).Errors) == 0
		},
		"access on a socket": func(token string) bool {
			conn := p.dial(t, nil)
			send(t, conn, frame{Type: "connection_init", Payload: initPayload(token)})
			var f frame
			return conn.ReadJSON(&f) == nil && f.Type == "connection_ack"
		},
		"refresh": func(token string) bool {
			return !strings.ContainsAny(token, "\r\n") && len(p.post("", refresh, nil, "Cookie", cookie.Name+"="+token).Errors) == 0
		},
		"set-up": func(token string) bool {
			return len(p.post("", `mutation($t: String!) { setUp(input: {token: $t, email: "eve@example.com", name: "Eve", password: "canary tin orbit valley"}) { accessToken } }`, vars{"t": token}).Errors) == 0
		},
	}
	opens := map[string]string{"access": "access", "access on a socket": "access", "refresh": "refresh"}
	for door, open := range doors {
		for kind, token := range kinds {
			require.Equal(t, opens[door] == kind, open(token), "%s token at the door for %s", kind, door)
		}
	}
	require.Equal(t, 1, p.count("SELECT count(*) FROM users"))
}

func mustSetUp(t *testing.T, p *panel) string {
	t.Helper()
	token, needed, err := p.auth.SetupToken(t.Context())
	require.NoError(t, err)
	require.True(t, needed)
	return token.Reveal()
}
