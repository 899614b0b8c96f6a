package transport_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

const impersonate = `mutation($in: ImpersonateInput!) { impersonate(input: $in) { accessToken expiresAt impersonation { staffName reason startedAt expiresAt endedAt } } }`

// acting gives a token by which staff act as a user.
func (p *panel) acting(staff string, user ident.UserID, minutes int) string {
	p.t.Helper()
	d := p.must(staff, impersonate, vars{"in": vars{"userId": user.Opaque(), "reason": "ticket 4711: no backups", "minutes": minutes}})
	token, _ := at(d, "impersonate", "accessToken").(string)
	require.NotEmpty(p.t, token)
	return token
}

// secretNames are fields that show a secret once, or are a way in.
var secretNames = []string{"password", "credentials", "secret", "token", "accessToken", "refreshToken", "url", "uri", "otpauth", "recoveryCodes", "code", "codes", "key", "privateKey", "qr", "svg"}

// showsSecret tells whether anything that a mutation of the schema answers with is a secret.
func showsSecret(s *ast.Schema, t *ast.Type, seen map[string]bool) bool {
	def := s.Types[t.Name()]
	if seen[def.Name] || def.Kind == ast.Enum || def.Kind == ast.Scalar {
		return false
	}
	seen[def.Name] = true
	return slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool {
		// Rows have no secrets; only what payloads have beside them is looked at deeper.
		inner := s.Types[f.Type.Name()]
		return slices.Contains(secretNames, f.Name) ||
			slices.ContainsFunc(secretNames, func(n string) bool { return strings.HasSuffix(strings.ToLower(f.Name), strings.ToLower(n)) }) ||
			inner.Kind == ast.Object && !slices.Contains(inner.Interfaces, "Node") && showsSecret(s, f.Type, seen)
	})
}

// F24: staff who act as a user do what needs one of the user's permissions, and nothing
// that is the user's own or shows a secret: for each mutation of the schema.
func TestImpersonation_F24_NothingOfTheUsersOwn(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	b := p.addTenant("tenant-b", ident.CustomerID{}, server)
	p.person("grace@example.com")
	staff, _ := p.signIn("grace@example.com")
	token := p.acting(staff, b.user, 60)
	d := fieldWalk{p.schema}
	refused, allowed, secrets := 0, 0, 0
	for _, f := range rootFields(p.schema) {
		need, ok := requires(f.FieldDefinition)
		if f.operation != "mutation" || !ok || f.Name == "endImpersonation" {
			continue
		}
		shows := showsSecret(p.schema, f.Type, map[string]bool{})
		if shows {
			secrets++
		}
		held := !slices.ContainsFunc(need, func(n actor.Permission) bool {
			return n == actor.UsersWrite || !slices.Contains(auth.CustomerPermissions(models.CustomerOwner), n)
		})
		r := p.post(token, d.operation(f), nil)
		r.wellFormed(t)
		if shows || len(need) == 0 || !held || f.Directives.ForName("stepUp") != nil {
			refused++
			require.Equal(t, []string{"FORBIDDEN"}, r.codes(), "%s: %s", f, r.body)
			continue
		}
		allowed++
		require.NotContains(t, r.codes(), "FORBIDDEN", "%s: %s", f, r.body)
	}
	t.Logf("%d mutations refused, %d of which show a secret, %d allowed", refused, secrets, allowed)
	require.GreaterOrEqual(t, secrets, 9)
	require.Greater(t, allowed, 10)

	view := p.must(token, `{ viewer { user { id } impersonatedBy { email } permissions customers { nodes { id } } } databases { nodes { name } } }`, nil)
	require.Equal(t, b.user.Opaque(), at(view, "viewer", "user", "id"))
	require.Equal(t, "grace@example.com", at(view, "viewer", "impersonatedBy", "email"))
	require.NotContains(t, at(view, "viewer", "permissions"), "USERS_WRITE")
	require.Equal(t, "tenant_b", at(view, "databases", "nodes", 0, "name"))
	require.Nil(t, at(p.must(b.token, `{ viewer { impersonatedBy { id } } }`, nil), "viewer", "impersonatedBy"))
	p.must(token, `mutation($id: ID!) { setDatabaseDriftPolicy(input: {id: $id, policy: REPORT}) { database { id } } }`, vars{"id": b.database.Opaque()})
	require.NotContains(t, p.log.String(), token)

	// The user sees it.
	seen := p.must(b.token, `{ viewer { impersonations { staffName reason endedAt } } }`, nil)
	require.Equal(t, map[string]any{"staffName": "Grace Hopper", "reason": "ticket 4711: no backups", "endedAt": nil}, at(seen, "viewer", "impersonations", 0))
	require.Equal(t, 1, p.count("SELECT count(*) FROM audit_entries WHERE action = 'user.impersonate' AND detail->>'reason' LIKE 'ticket%'"))
}

// F24: only some staff, only as somebody who is no staff, and with a reason.
func TestImpersonation_F24_WhoAndAsWhom(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	boss, colleague := p.person("grace@example.com"), p.person("ada@example.com")
	staff, _ := p.signIn(boss.Email)
	ask := func(by string, in vars) reply {
		all := vars{"userId": b.user.Opaque(), "reason": "ticket 4711: no backups", "minutes": 5}
		maps.Copy(all, in)
		return p.post(by, impersonate, vars{"in": all})
	}
	for name, tc := range map[string]struct {
		in   vars
		code string
	}{
		"nobody": {vars{"userId": ident.NewUserID().Opaque()}, "NOT_FOUND"}, "garbage": {vars{"userId": "x"}, "NOT_FOUND"},
		"staff": {vars{"userId": colleague.ID.Opaque()}, "FORBIDDEN"}, "oneself": {vars{"userId": boss.ID.Opaque()}, "FORBIDDEN"},
		"nine characters": {vars{"reason": "123456789"}, "INVALID"}, "501 characters": {vars{"reason": strings.Repeat("x", 501)}, "INVALID"},
		"a line break": {vars{"reason": "ticket 4711\r\nX: y"}, "INVALID"}, "no time": {vars{"minutes": 0}, "INVALID"}, "61 minutes": {vars{"minutes": 61}, "INVALID"}, "less than none": {vars{"minutes": -5}, "INVALID"},
	} {
		require.Equal(t, []string{tc.code}, ask(staff, tc.in).codes(), name)
	}
	for _, role := range []models.ProviderRole{models.ProviderSupport, models.ProviderBilling} {
		p.exec("UPDATE users SET provider_role = ? WHERE id = ?", role, colleague.ID)
		token, _ := p.signIn(colleague.Email)
		require.Equal(t, []string{"FORBIDDEN"}, ask(token, nil).codes(), role)
	}
	require.Equal(t, []string{"FORBIDDEN"}, ask(b.token, nil).codes())
	acting := p.acting(staff, b.user, 5)
	require.Equal(t, []string{"FORBIDDEN"}, ask(acting, nil).codes(), "and not by one who acts already")
	require.Equal(t, []string{"INVALID"}, p.post(staff, `mutation { endImpersonation { impersonation { reason } } }`, nil).codes())
	p.exec("UPDATE users SET disabled_at = now() WHERE id = ?", b.user)
	require.Equal(t, []string{"CONFLICT"}, ask(staff, nil).codes())
}

// F24, S24: it ends in its time, when it is ended, with the session that it began in and
// with the staff's right to it, on HTTP and on what is open, also when the message is lost.
func TestImpersonation_F24_EndsEverywhere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		deaf bool
		end  func(p *panel, staff, acting string)
	}{
		"ended": {false, func(p *panel, _, acting string) {
			p.must(acting, `mutation { endImpersonation { impersonation { endedAt } } }`, nil)
		}},
		"ended, unheard": {true, func(p *panel, _, acting string) {
			p.must(acting, `mutation { endImpersonation { impersonation { endedAt } } }`, nil)
		}},
		"its time":             {true, func(p *panel, _, _ string) { p.ahead.Store(int64(10*time.Minute + time.Second)) }},
		"the staff's sign-out": {true, func(p *panel, staff, _ string) { p.must(staff, `mutation { signOut { ok } }`, nil) }},
		"the staff's demotion": {true, func(p *panel, _, _ string) {
			p.exec("UPDATE users SET provider_role = 'SUPPORT' WHERE email = 'grace@example.com'")
		}},
		"the staff is disabled": {true, func(p *panel, _, _ string) {
			p.exec("UPDATE users SET disabled_at = now() WHERE email = 'grace@example.com'")
		}},
		"the user is disabled": {true, func(p *panel, _, _ string) {
			p.exec("UPDATE users SET disabled_at = now() WHERE email = 'tenant-b@example.com'")
		}},
		"the user becomes staff": {true, func(p *panel, _, _ string) {
			p.exec("UPDATE users SET provider_role = 'BILLING' WHERE email = 'tenant-b@example.com'")
		}},
		"the user's role is taken": {true, func(p *panel, _, _ string) { p.exec("DELETE FROM memberships") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPanel(t)
			b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
			p.running(b, 0, 0)
			p.person("grace@example.com")
			staff, _ := p.signIn("grace@example.com")
			acting := p.acting(staff, b.user, 10)
			conn, beside := p.open(t, acting), p.open(t, b.token)
			follow(t, conn, "1", b.job)
			require.Equal(t, "next", receive(t, conn).Type)
			p.deaf.Store(tc.deaf)
			began := time.Now()
			tc.end(p, staff, acting)
			require.Equal(t, 4403, closing(t, conn))
			require.Less(t, time.Since(began), 3*time.Second)
			code := "UNAUTHENTICATED"
			if name == "the user's role is taken" {
				code = "FORBIDDEN"
			}
			require.Eventually(t, func() bool {
				return fmt.Sprint(p.post(acting, `{ databases { totalCount } }`, nil).codes()) == "["+code+"]"
			}, soon, 20*time.Millisecond)
			send(t, beside, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", nil)})
			require.Equal(t, "next", receive(t, beside).Type, "the user is not disturbed")
		})
	}
}

// Whoever acts as a user pays for it themselves, and cannot go on with the user's session.
func TestImpersonation_ItsTokenIsNoOther(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	p.person("grace@example.com")
	staff, cookie := p.signIn("grace@example.com")
	acting := p.acting(staff, b.user, 60)
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post("", refresh, nil, "Cookie", cookie.Name+"="+acting).codes())
	r := p.post(acting, refresh, nil, "Cookie", cookie.Name+"="+cookie.Value)
	require.Equal(t, "grace@example.com", at(r.Data, "refreshSession", "viewer", "user", "email"), "the cookie is the staff's own")
	p.ahead.Store(int64(59 * time.Minute))
	p.must(acting, `{ viewer { user { id } } }`, nil)
	p.ahead.Store(int64(time.Hour + 11*time.Second))
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(acting, `{ viewer { user { id } } }`, nil).codes())
}
