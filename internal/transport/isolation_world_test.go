package transport_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// A world is one panel with several tenants, and everybody who may ask: alpha and
// charlie have nothing to do with each other; bravo is below reseller, and child below
// bravo; beside is a second database with all that hangs on it, of alpha's own.
type world struct {
	*panel
	walk    fieldWalk
	tenants map[string]tenant
	objects []object
	callers []*caller
	roles   map[string][]actor.Permission // of docs/permissions.md
	hash    models.PasswordHash           // of the one password

	operations, leaks, oracles atomic.Int64
}

// below are the tenants that a role in one reaches.
var below = map[string][]string{
	"alpha": {"alpha"}, "bravo": {"bravo", "child"}, "child": {"child"}, "charlie": {"charlie"}, "reseller": {"reseller", "bravo", "child"}, "beside": {"beside"},
}

// An object is something that has an id. Its tenant is the one whose roles reach it:
// what is beside belongs to alpha, and is not what alpha's tokens are pinned to.
type object struct {
	kind, id, tenant string // tenant is "" of the provider's
	beside           bool
	owner            ident.UserID // of a session, an API token and of a user, who it is
}

func (o object) String() string {
	return fmt.Sprintf("%s of %s", o.kind, map[bool]string{true: "beside", false: cmp.Or(o.tenant, "the provider")}[o.beside])
}

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

// holds tells whether the caller holds it anywhere.
func (c *caller) holds(p actor.Permission) bool {
	if slices.Contains(c.provider, p) {
		return true
	}
	for _, held := range c.grants {
		if slices.Contains(held, p) {
			return true
		}
	}
	return false
}

// holdsIn tells whether the caller holds it for a tenant; "" is the provider.
func (c *caller) holdsIn(p actor.Permission, tenant string) bool {
	if slices.Contains(c.provider, p) {
		return true
	}
	for root, held := range c.grants {
		if slices.Contains(held, p) && slices.Contains(below[root], tenant) {
			return true
		}
	}
	return false
}

// reaches tells whether the caller has anything to do with a tenant.
func (c *caller) reaches(tenant string) bool {
	for root, held := range c.grants {
		if len(held) > 0 && slices.Contains(below[root], tenant) {
			return true
		}
	}
	return len(c.provider) > 0
}

// readBy is with which permission objects of a kind are seen.
var readBy = map[string]actor.Permission{
	ident.Customer: actor.CustomersRead, ident.User: actor.UsersRead, ident.Invitation: actor.UsersRead, ident.APIToken: actor.UsersRead,
	ident.Database: actor.DatabasesRead, ident.DatabaseUser: actor.DatabasesRead, ident.DatabaseDump: actor.DatabasesRead,
	ident.Job: actor.JobsRead, ident.DriftFinding: actor.JobsRead, ident.AuditEvent: actor.AuditRead,
	ident.DatabaseServer: actor.ServersRead, ident.Server: actor.ServersRead,
}

// sees tells whether the caller finds an object by its id. It is what node must say.
func (c *caller) sees(o object) bool {
	own := o.owner == c.user && !c.user.IsZero() && !c.nobody
	switch o.kind {
	case ident.Session:
		return own && !c.apiToken && !c.acting
	case ident.User:
		if own {
			return true
		}
	case ident.APIToken:
		if own && !c.apiToken {
			return true
		}
	}
	return !c.nobody && c.holdsIn(readBy[o.kind], o.tenant) && (!c.pinned || !o.beside)
}

// expected tells what a root field with a policy is worth to the caller: "" when it is
// executed, and the code of the refusal otherwise.
func (c *caller) expected(p policy) string {
	switch {
	case p.who == "public":
		return ""
	case c.nobody:
		return "UNAUTHENTICATED"
	case c.apiToken && (p.who == "own" || p.who == "acting" || p.fresh):
		return "FORBIDDEN"
	case c.acting && (p.who == "own" || p.inPerson || p.fresh):
		return "FORBIDDEN"
	case p.needs != "" && !c.holds(p.needs):
		return "FORBIDDEN"
	case p.staff && !slices.Contains(c.provider, p.needs):
		return "FORBIDDEN"
	}
	return ""
}

const staffMark = "canary-provider"

// hidden are texts and ids that no answer to the caller may have in it.
func (w *world) hidden(c *caller) []string {
	c.once.Do(func() {
		for mark := range below {
			switch {
			case mark == "beside" && (c.pinned || !c.reaches("alpha")), mark != "beside" && !c.reaches(mark):
				c.hides = append(c.hides, "canary-"+mark, "canary_"+mark)
			}
		}
		if len(c.provider) == 0 {
			c.hides = append(c.hides, staffMark)
		}
		c.hides = slices.DeleteFunc(c.hides, func(text string) bool { // of the caller itself
			return strings.HasPrefix(c.name, text)
		})
		for _, o := range w.objects {
			if c.sees(o) || (o.kind == ident.Customer || o.kind == ident.User) && c.reaches(o.tenant) { // also seen with what hangs on them
				continue
			}
			_, id, _ := ident.Parse(o.id)
			c.hides = append(c.hides, o.id, id.String())
		}
	})
	return c.hides
}

func newWorld(t *testing.T) *world {
	t.Helper()
	p := newPanel(t)
	w := &world{panel: p, walk: fieldWalk{p.schema}, tenants: map[string]tenant{}, roles: rolesOfDocument(t)}
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() { stop(); running.Wait() })
	running.Go(func() { p.feed.Run(ctx) })
	running.Go(func() { p.trail.Run(ctx) })

	p.person("root@example.com")
	require.NoError(t, p.db.NewRaw("SELECT password_hash FROM users").Scan(t.Context(), &w.hash))
	server := p.addServer()
	parents := map[string]string{"bravo": "reseller", "child": "bravo"}
	for _, mark := range []string{"alpha", "charlie", "reseller", "bravo", "child"} {
		w.tenants[mark] = p.addTenant("canary-"+mark, w.tenants[parents[mark]].customer, server)
	}
	w.tenants["beside"] = p.beside("canary-beside", w.tenants["alpha"], server)
	p.exec("UPDATE users SET password_hash = ? WHERE password_hash = 'x'", w.hash)
	for mark, s := range w.tenants {
		p.running(s, 0, 0)
		w.addTenantObjects(mark, s)
	}
	w.addProviderObjects(server)
	w.addCallers()
	return w
}

func (w *world) addTenantObjects(mark string, s tenant) {
	moved := []string{"database", "databaseUser", "databaseDump", "job", "driftFinding", "apiToken", "user", "session"}
	kinds := map[string]string{
		"user": ident.User, "customer": ident.Customer, "database": ident.Database, "job": ident.Job, "databaseUser": ident.DatabaseUser, "driftFinding": ident.DriftFinding,
		"invitation": ident.Invitation, "databaseDump": ident.DatabaseDump, "auditEvent": ident.AuditEvent, "session": ident.Session, "apiToken": ident.APIToken,
	}
	for name, id := range s.ids() {
		o := object{kind: kinds[name], id: id, tenant: mark}
		if mark == "beside" && slices.Contains(moved, name) {
			o.tenant, o.beside = "alpha", true
		}
		if slices.Contains([]string{"user", "session", "apiToken"}, name) {
			o.owner = s.user
		}
		w.objects = append(w.objects, o)
	}
}

// addProviderObjects makes what belongs to no customer, and what the staff did for some.
func (w *world) addProviderObjects(server ident.DatabaseServerID) {
	w.t.Helper()
	staff, session, job := ident.NewUserID(), ident.NewSessionID(), ident.NewJobID()
	w.insert(&models.User{ID: staff, Email: staffMark + "@example.com", Name: staffMark, PasswordHash: "x", ProviderRole: new(models.ProviderAdmin)})
	w.addSession(session, staff, staffMark)
	invitation, finding, event, token := ident.NewInvitationID(), ident.NewDriftFindingID(), ident.NewAuditEventID(), ident.NewAPITokenID()
	w.insert(&models.Invitation{
		ID: invitation, TokenHash: append(invitation.UUID[:], invitation.UUID[:]...), Email: "invited-" + staffMark + "@example.com", Name: staffMark,
		ProviderRole: new(models.ProviderSupport), InvitedBy: staff, ExpiresAt: time.Now().Add(time.Hour),
	})
	w.insert(&models.Job{ID: job, Kind: database.KindCreate, PlanVersion: 1, ResourceKind: ident.Database, ResourceID: uuid.New(), ActorUserID: staff, State: models.JobRunning, EventSeq: 0, WaitingFor: new(staffMark)})
	w.insert(&models.DriftFinding{ID: finding, ServerID: server, Kind: models.DriftOrphan, ObjectKind: models.ObjectRole, ExternalName: staffMark, Detail: staffMark, Surveys: 1, Confirmed: true, JobID: job})
	w.insert(&models.APIToken{ID: token, UserID: staff, Name: staffMark, Prefix: "mpt_PROVIDER", Hash: append(token.UUID[:], token.UUID[:]...), Permissions: []string{"SERVERS_READ"}, Pins: []string{}, CIDRs: []string{}, CreatedAt: time.Now()})
	w.exec("INSERT INTO audit_entries (event_id, user_id, action, ip, user_agent) VALUES (?, ?, 'x.y', ?2, ?2)", event, staff, staffMark)
	for kind, id := range map[string]string{
		ident.Session: session.Opaque(), ident.User: staff.Opaque(), ident.APIToken: token.Opaque(), ident.Invitation: invitation.Opaque(), ident.DriftFinding: finding.Opaque(),
		ident.AuditEvent: event.Opaque(), ident.Job: job.Opaque(), ident.DatabaseServer: server.Opaque(), ident.Server: w.host().Opaque(),
	} {
		o := object{kind: kind, id: id}
		if kind == ident.Session || kind == ident.User || kind == ident.APIToken {
			o.owner = staff
		}
		w.objects = append(w.objects, o)
	}
	for _, s := range w.tenants { // what the staff did, whose names are not told
		w.exec("INSERT INTO audit_entries (user_id, impersonator_id, action, customer_id, ip, user_agent) VALUES (?, ?, 'x.y', ?, ?3, ?3)", s.user, staff, s.customer, staffMark)
	}
	w.exec("UPDATE jobs SET actor_user_id = ? WHERE id = ?", staff, w.tenants["beside"].job)
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
		for o.tenant = range roles {
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
