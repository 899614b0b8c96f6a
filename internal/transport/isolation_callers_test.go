package transport_test

import (
	"slices"
	"strings"
	"sync"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// A caller is somebody who asks: with a role, a token, or as somebody else.
type caller struct {
	name     string
	token    string
	user     ident.UserID
	own      tenant                        // whose things are the caller's own
	provider []actor.Permission            // held for everybody
	grants   map[string][]actor.Permission // by tenant
	nobody   bool                          // not signed in, or with a token that is over
	apiToken bool
	acting   bool
	pinned   bool
	closed   bool // a WebSocket with its token is closed

	mu     sync.Mutex
	socket *socket
	once   sync.Once
	hides  []string // see hidden
}

// addUser makes somebody who has roles in tenants or with the provider, and signs them in.
func (w *world) addUser(name string, provider *models.ProviderRole, roles map[string]models.CustomerRole) *caller {
	w.t.Helper()
	id, slug := ident.NewUserID(), strings.ToLower(strings.ReplaceAll(name, " ", "-"))
	w.insert(&models.User{ID: id, Email: slug + "@example.com", Name: "User " + slug, PasswordHash: w.hash, ProviderRole: provider})
	c := &caller{name: name, user: id, own: w.tenants["alpha"], grants: map[string][]actor.Permission{}}
	for mark, role := range roles {
		w.insert(&models.Membership{UserID: id, CustomerID: w.tenants[mark].customer, Role: role})
		c.grants[mark] = w.roles["customer "+string(role)]
		if len(roles) == 1 {
			c.own = w.tenants[mark]
		}
	}
	if provider != nil {
		c.provider = w.roles["provider "+string(*provider)]
	}
	c.token, _ = w.signIn(slug + "@example.com")
	w.callers = append(w.callers, c)
	if len(roles) < 2 { // who is in several is seen from several
		o := object{kind: ident.User, id: id.Opaque(), owner: id}
		for mark := range roles {
			o.tenant = mark
		}
		w.objects = append(w.objects, o)
	}
	return c
}

// addOwner is the caller that a tenant's own user is.
func (w *world) addOwner(mark string) *caller {
	w.t.Helper()
	s := w.tenants[mark]
	c := &caller{name: "OWNER of " + mark, user: s.user, own: s, grants: map[string][]actor.Permission{mark: w.roles["customer OWNER"]}}
	c.token, _ = w.signIn("canary-" + mark + "@example.com")
	w.callers = append(w.callers, c)
	return c
}

// addToken makes an API token of a caller's with one permission.
func (w *world) addToken(name string, of *caller, p actor.Permission, only string, pinned bool) *caller {
	w.t.Helper()
	in := vars{"permissions": []string{string(p)}}
	c := &caller{name: "token " + name + " " + string(p), user: of.user, own: of.own, apiToken: true, pinned: pinned, grants: map[string][]actor.Permission{}}
	if slices.Contains(of.provider, p) {
		c.provider = []actor.Permission{p}
	}
	for mark, held := range of.grants {
		if slices.Contains(held, p) && (only == "" || only == mark) {
			c.grants[mark] = []actor.Permission{p}
		}
	}
	if only != "" {
		in["customerId"] = w.tenants[only].customer.Opaque()
	}
	if pinned {
		in["objectIds"] = []string{of.own.database.Opaque()}
	}
	c.token, _ = w.apiToken(of.token, in)
	w.callers = append(w.callers, c)
	return c
}

func (w *world) addCallers() {
	w.t.Helper()
	w.callers = append(w.callers, &caller{name: "nobody", nobody: true, own: w.tenants["alpha"]})
	var boss *caller
	for _, role := range []models.ProviderRole{models.ProviderOwner, models.ProviderAdmin, models.ProviderSupport, models.ProviderBilling} {
		c := w.addUser(staffMark+" "+string(role), new(role), nil)
		if boss == nil {
			boss = c
		}
	}
	owner := w.addOwner("alpha")
	for _, role := range []models.CustomerRole{models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
		w.addUser("canary-alpha "+string(role), nil, map[string]models.CustomerRole{"alpha": role})
	}
	w.addOwner("bravo") // below somebody
	w.addUser("canary-bravo DEVELOPER", nil, map[string]models.CustomerRole{"bravo": models.CustomerDeveloper})
	w.addOwner("reseller")
	both := w.addUser("both OWNER", nil, map[string]models.CustomerRole{"alpha": models.CustomerOwner, "charlie": models.CustomerOwner})

	for _, p := range w.roles["provider OWNER"] {
		switch p {
		case actor.UsersWrite, actor.UsersImpersonate:
			continue // no token has these
		case actor.ServersRead, actor.ServersWrite:
			w.addToken("of the provider's owner", boss, p, "", false)
			continue
		case actor.DatabasesRead, actor.DatabasesWrite, actor.JobsRead, actor.JobsWrite:
			w.addToken("pinned, of alpha's owner", owner, p, "", true)
		default: // says nothing of a single database
		}
		w.addToken("of the provider's owner", boss, p, "", false)
		w.addToken("of alpha's owner", owner, p, "", false)
		w.addToken("for alpha, of who is in charlie too,", both, p, "alpha", false)
	}
	acting := &caller{name: "root as alpha's owner", user: owner.user, own: owner.own, acting: true, grants: map[string][]actor.Permission{"alpha": slices.DeleteFunc(slices.Clone(owner.grants["alpha"]), func(p actor.Permission) bool { return p == actor.UsersWrite })}}
	root, _ := w.signIn("root@example.com")
	acting.token = w.acting(root, owner.user, 60)
	w.callers = append(w.callers, acting)

	// Those whose tokens are left over.
	removed := w.addUser("removed OWNER", nil, map[string]models.CustomerRole{"alpha": models.CustomerOwner})
	w.addToken("of a removed member", removed, actor.DatabasesRead, "", false).grants = nil
	w.must(owner.token, `mutation($u: ID!, $c: ID!) { removeMember(input: {userId: $u, customerId: $c}) { ok } }`, vars{"u": removed.user.Opaque(), "c": owner.own.customer.Opaque()})
	removed.grants = nil
	w.objects = slices.DeleteFunc(w.objects, func(o object) bool { return o.owner == removed.user }) // whom the audit tells of
	disabled := w.addUser("disabled OWNER", nil, map[string]models.CustomerRole{"alpha": models.CustomerOwner})
	for _, c := range []*caller{disabled, w.addToken("of a disabled user", disabled, actor.DatabasesRead, "", false)} {
		c.nobody, c.closed, c.grants = true, true, nil
	}
	w.must(boss.token, `mutation($id: ID!) { disableUser(input: {id: $id}) { user { id } } }`, vars{"id": disabled.user.Opaque()})
	w.ahead.Store(int64(auth.MaxActorAge)) // nobody is known from before
}
