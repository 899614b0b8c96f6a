package transport_test

import (
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// addInvitation makes the tenant's invitation, unless it is there.
func (p *panel) addInvitation(mark string, s tenant) {
	p.t.Helper()
	_, err := p.db.NewInsert().Model(&models.Invitation{
		ID: s.invitation, TokenHash: append(s.invitation.UUID[:], s.invitation.UUID[:]...), Email: "invited-" + mark + "@example.com", Name: "Invited " + mark,
		CustomerID: s.customer, CustomerRole: new(models.CustomerReadOnly), InvitedBy: s.user, ExpiresAt: time.Now().Add(time.Hour),
	}).On("CONFLICT DO NOTHING").Exec(p.t.Context())
	require.NoError(p.t, err)
}

// addSession makes a session that began now.
func (p *panel) addSession(id ident.SessionID, user ident.UserID, mark string) {
	p.t.Helper()
	now := time.Now()
	p.insert(&models.Session{
		ID: id, UserID: user, Seed: make([]byte, 32), RotatedAt: now, IP: "address " + mark, UserAgent: "agent " + mark, Device: "device " + mark,
		CreatedAt: now, LastSeenAt: now, ConfirmedAt: now, ExpiresAt: now.Add(time.Hour),
	})
}

// addDump makes the tenant's dump, unless it is there.
func (p *panel) addDump(mark string, s tenant) {
	p.t.Helper()
	_, err := p.db.NewInsert().Model(&models.DatabaseDump{
		ID: s.dump, DatabaseID: s.database, Origin: models.DumpExport, State: models.DumpReady, Format: new(models.DumpPlain), JobID: s.job,
		Node: new("node " + mark), File: new("file " + mark), SizeBytes: new(int64(1)), SHA256: make([]byte, 32), ExpiresAt: time.Now().Add(time.Hour),
	}).On("CONFLICT DO NOTHING").Exec(p.t.Context())
	require.NoError(p.t, err)
}

// withID adds one to what a tenant has.
func withID(ids map[string]string, kind, id string) map[string]string {
	out := maps.Clone(ids)
	out[kind] = id
	return out
}

// addServer registers a database server.
func (p *panel) addServer() ident.DatabaseServerID {
	p.t.Helper()
	id := ident.NewDatabaseServerID()
	p.insert(&models.DatabaseServer{ID: id, Name: "server-" + id.String(), Host: "db.example.com", Port: 5432, AdminUser: "admin", AdminPasswordSealed: testkit.Box(p.t).Seal(secret.New("admin"), "database_servers.admin_password/"+id.String()), SSLMode: "prefer", Reachable: true})
	return id
}

// host registers the host of this process.
func (p *panel) host() (id ident.ServerID) {
	p.t.Helper()
	require.NoError(p.t, p.fleet.RegisterHost(p.t.Context()))
	require.NoError(p.t, p.db.NewSelect().Model((*models.Server)(nil)).Column("id").Where("node = 'test'").Scan(p.t.Context(), &id))
	return id
}

// notify tells a user of something.
func (p *panel) notify(id ident.NotificationID, user ident.UserID, message, kind string, object uuid.UUID) {
	p.t.Helper()
	p.exec(`INSERT INTO notifications (id, user_id, level, kind, message, object_kind, object_id) VALUES (?, ?, 'INFO', 'job.succeeded', ?, ?, ?)`, id, user, message, kind, object)
}
