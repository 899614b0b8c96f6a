package transport_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
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

const staffMark = "canary-provider"

func newWorld(t *testing.T) *world {
	t.Helper()
	p := newPanel(t)
	w := &world{panel: p, walk: fieldWalk{p.schema}, tenants: map[string]tenant{}, roles: rolesOfDocument(t)}
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() { stop(); running.Wait() })
	running.Go(func() { p.feed.Run(ctx) })
	running.Go(func() { p.trail.Run(ctx) })
	running.Go(func() { p.inbox.Run(ctx) })

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
	moved := []string{"database", "databaseUser", "databaseDump", "job", "driftFinding", "apiToken", "user", "session", "notification"}
	kinds := map[string]string{
		"user": ident.User, "customer": ident.Customer, "database": ident.Database, "job": ident.Job, "databaseUser": ident.DatabaseUser, "driftFinding": ident.DriftFinding,
		"invitation": ident.Invitation, "databaseDump": ident.DatabaseDump, "auditEvent": ident.AuditEvent, "session": ident.Session, "apiToken": ident.APIToken,
		"notification": ident.Notification,
	}
	for name, id := range s.ids() {
		o := object{kind: kinds[name], id: id, tenant: mark}
		if mark == "beside" && slices.Contains(moved, name) {
			o.tenant, o.beside = "alpha", true
		}
		if slices.Contains([]string{"user", "session", "apiToken", "notification"}, name) {
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
	invitation, finding, event, token, notification := ident.NewInvitationID(), ident.NewDriftFindingID(), ident.NewAuditEventID(), ident.NewAPITokenID(), ident.NewNotificationID()
	w.insert(&models.Invitation{
		ID: invitation, TokenHash: append(invitation.UUID[:], invitation.UUID[:]...), Email: "invited-" + staffMark + "@example.com", Name: staffMark,
		ProviderRole: new(models.ProviderSupport), InvitedBy: staff, ExpiresAt: time.Now().Add(time.Hour),
	})
	w.insert(&models.Job{ID: job, Kind: database.KindCreate, PlanVersion: 1, ResourceKind: ident.Database, ResourceID: uuid.New(), ActorUserID: staff, State: models.JobRunning, EventSeq: 0, WaitingFor: new(staffMark)})
	w.insert(&models.DriftFinding{ID: finding, ServerID: server, Kind: models.DriftOrphan, ObjectKind: models.ObjectRole, ExternalName: staffMark, Detail: staffMark, Surveys: 1, Confirmed: true, JobID: job})
	w.insert(&models.APIToken{ID: token, UserID: staff, Name: staffMark, Prefix: "mpt_PROVIDER", Hash: append(token.UUID[:], token.UUID[:]...), Permissions: []string{"SERVERS_READ"}, Pins: []string{}, CIDRs: []string{}, CreatedAt: time.Now()})
	w.exec("INSERT INTO audit_entries (event_id, user_id, action, ip, user_agent) VALUES (?, ?, 'x.y', ?2, ?2)", event, staff, staffMark)
	w.notify(notification, staff, staffMark, ident.Job, job.UUID)
	for kind, id := range map[string]string{
		ident.Notification: notification.Opaque(),
		ident.Session:      session.Opaque(), ident.User: staff.Opaque(), ident.APIToken: token.Opaque(), ident.Invitation: invitation.Opaque(), ident.DriftFinding: finding.Opaque(),
		ident.AuditEvent: event.Opaque(), ident.Job: job.Opaque(), ident.DatabaseServer: server.Opaque(), ident.Server: w.host().Opaque(),
	} {
		o := object{kind: kind, id: id}
		if kind == ident.Session || kind == ident.User || kind == ident.APIToken || kind == ident.Notification {
			o.owner = staff
		}
		w.objects = append(w.objects, o)
	}
	for _, s := range w.tenants { // what the staff did, whose names are not told
		w.exec("INSERT INTO audit_entries (user_id, impersonator_id, action, customer_id, ip, user_agent) VALUES (?, ?, 'x.y', ?, ?3, ?3)", s.user, staff, s.customer, staffMark)
	}
	w.exec("UPDATE jobs SET actor_user_id = ? WHERE id = ?", staff, w.tenants["beside"].job)
}
