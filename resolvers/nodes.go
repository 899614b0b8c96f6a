package resolvers

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// A key names any object.
type key struct {
	kind string
	id   uuid.UUID
}

// nodes finds objects of any kind, in the order of their keys and with one
// query for each kind; nil for what is missing and for what is not the caller's.
func (r *Resolver) nodes(ctx context.Context, keys []key) ([]ident.Node, error) {
	ids := map[string][]uuid.UUID{}
	for _, k := range keys {
		ids[k.kind] = append(ids[k.kind], k.id)
	}
	reads := make([]func(context.Context) error, 0, len(ids))
	byKind := make([]map[key]ident.Node, 0, len(ids))
	for kind, list := range ids {
		found := map[key]ident.Node{}
		byKind = append(byKind, found)
		reads = append(reads, func(ctx context.Context) error { return r.findKind(ctx, kind, list, found) })
	}
	if err := r.SideBySide(ctx, reads...); err != nil {
		return nil, err
	}
	all := map[key]ident.Node{}
	for _, found := range byKind {
		maps.Copy(all, found)
	}
	out := make([]ident.Node, len(keys))
	for i, k := range keys {
		out[i] = all[k]
	}
	return out, nil
}

func (r *Resolver) findKind(ctx context.Context, kind string, ids []uuid.UUID, found map[key]ident.Node) error {
	switch kind {
	case ident.Customer:
		rows, err := r.CustomerService.FindAll(ctx, typed(ids, ident.CustomerIDOf), actor.CustomersRead)
		return keep(found, kind, rows, err)
	case ident.User:
		rows, err := r.AuthService.FindUsers(ctx, typed(ids, ident.UserIDOf))
		return keep(found, kind, rows, err)
	case ident.Invitation:
		rows, err := r.AuthService.FindInvitations(ctx, typed(ids, ident.InvitationIDOf))
		return keep(found, kind, rows, err)
	case ident.Session:
		rows, err := r.AuthService.FindSessions(ctx, typed(ids, ident.SessionIDOf))
		return keep(found, kind, rows, err)
	case ident.APIToken:
		rows, err := r.AuthService.FindAPITokens(ctx, typed(ids, ident.APITokenIDOf))
		return keep(found, kind, rows, err)
	case ident.Database:
		rows, err := r.DatabaseService.FindAll(ctx, typed(ids, ident.DatabaseIDOf))
		return keep(found, kind, rows, err)
	case ident.DatabaseUser:
		rows, err := r.DatabaseService.FindUsers(ctx, typed(ids, ident.DatabaseUserIDOf))
		return keep(found, kind, rows, err)
	case ident.DatabaseDump:
		rows, err := r.DumpService.FindDumps(ctx, typed(ids, ident.DatabaseDumpIDOf))
		return keep(found, kind, rows, err)
	case ident.DatabaseServer:
		rows, err := r.DatabaseService.FindServers(ctx, typed(ids, ident.DatabaseServerIDOf))
		return keep(found, kind, rows, err)
	case ident.Server:
		rows, err := r.FleetService.FindAll(ctx, typed(ids, ident.ServerIDOf))
		return keep(found, kind, rows, err)
	case ident.DriftFinding:
		rows, err := r.DatabaseService.FindFindings(ctx, typed(ids, ident.DriftFindingIDOf))
		return keep(found, kind, rows, err)
	case ident.Job:
		rows, err := r.JobService.FindAll(ctx, typed(ids, ident.JobIDOf))
		return keep(found, kind, rows, err)
	case ident.AuditEvent:
		rows, err := r.TrailService.FindAll(ctx, typed(ids, ident.AuditEventIDOf))
		return keep(found, kind, rows, err)
	case ident.Notification:
		rows, err := r.InboxService.FindAll(ctx, typed(ids, ident.NotificationIDOf))
		return keep(found, kind, rows, err)
	}
	return nil // an id that was never ours
}

func typed[T any](ids []uuid.UUID, of func(uuid.UUID) T) []T {
	out := make([]T, len(ids))
	for i, id := range ids {
		out[i] = of(id)
	}
	return out
}

func keep[K interface {
	comparable
	Bare() uuid.UUID
}, N ident.Node](found map[key]ident.Node, kind string, rows map[K]N, err error) error {
	for id, row := range rows {
		found[key{kind, id.Bare()}] = row
	}
	return err
}

func parseKeys(ids []string) ([]key, error) {
	if len(ids) > page.MaxSize {
		return nil, fault.Invalid.New("ids", "At most %d ids at once.", page.MaxSize)
	}
	keys := make([]key, len(ids))
	for i, s := range ids {
		keys[i].kind, keys[i].id, _ = ident.Parse(s)
	}
	return keys, nil
}

func resources(jobs []*models.Job) []key {
	keys := make([]key, len(jobs))
	for i, j := range jobs {
		keys[i] = key{j.ResourceKind, j.ResourceID}
	}
	return keys
}

func objects(entries []*models.AuditEntry) []key {
	keys := make([]key, len(entries))
	for i, e := range entries {
		keys[i] = key{e.ObjectKind, e.ObjectID}
	}
	return keys
}

func subjects(notifications []*models.Notification) []key {
	keys := make([]key, len(notifications))
	for i, n := range notifications {
		keys[i] = key{n.ObjectKind, n.ObjectID}
	}
	return keys
}

// opaque is nil for an id of nothing.
func opaque(id interface {
	IsZero() bool
	Opaque() string
}) *string {
	if id.IsZero() {
		return nil
	}
	text := id.Opaque()
	return &text
}

// spread looks up what each row points to, in one call of find.
func spread[T any, K comparable, V any](rows []T, of func(T) K, find func([]K) (map[K]V, error)) ([]V, error) {
	ids := make([]K, len(rows))
	for i, row := range rows {
		ids[i] = of(row)
	}
	found, err := find(ids)
	if err != nil {
		return nil, err
	}
	out := make([]V, len(rows))
	for i, id := range ids {
		out[i] = found[id]
	}
	return out, nil
}

// each derives a value from every row alone.
func each[T, V any](rows []T, of func(T) V) []V {
	out := make([]V, len(rows))
	for i, row := range rows {
		out[i] = of(row)
	}
	return out
}

func (r *Resolver) node(ctx context.Context, id string) (ident.Node, error) {
	found, err := r.nodesByID(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (r *Resolver) nodesByID(ctx context.Context, ids []string) ([]ident.Node, error) {
	keys, err := parseKeys(ids)
	if err != nil {
		return nil, err
	}
	return r.nodes(ctx, keys)
}

func (r *Resolver) permissions(ctx context.Context, viewers []*auth.Viewer, customer *string) ([][]actor.Permission, error) {
	var in *ident.CustomerID
	if customer != nil {
		id := ident.ParseCustomerID(*customer)
		in = &id
	}
	out := make([][]actor.Permission, len(viewers))
	for i, v := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.AuthService.Permissions(ctx, v, in); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) sessions(ctx context.Context, viewers []*auth.Viewer) ([][]*models.Session, error) {
	out := make([][]*models.Session, len(viewers))
	for i := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.AuthService.Sessions(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) viewerCustomers(ctx context.Context, viewers []*auth.Viewer, a page.Args) ([]*customer.Connection, error) {
	out := make([]*customer.Connection, len(viewers))
	for i := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.CustomerService.List(ctx, a, nil, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) notifications(ctx context.Context, viewers []*auth.Viewer, a page.Args, f *inbox.Filter) ([]*inbox.Connection, error) {
	out := make([]*inbox.Connection, len(viewers))
	for i := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.InboxService.List(ctx, a, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) unreadNotifications(ctx context.Context, lists []*inbox.Connection) ([]int, error) {
	out := make([]int, len(lists))
	for i := range lists { // of one viewer
		var err error
		if out[i], err = r.InboxService.Unread(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) apiTokens(ctx context.Context, viewers []*auth.Viewer) ([][]*models.APIToken, error) {
	out := make([][]*models.APIToken, len(viewers))
	for i := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.AuthService.APITokens(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) impersonations(ctx context.Context, viewers []*auth.Viewer) ([][]*models.Impersonation, error) {
	out := make([][]*models.Impersonation, len(viewers))
	for i := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.AuthService.Impersonations(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Resolver) impersonatedBy(ctx context.Context, viewers []*auth.Viewer) ([]*models.User, error) {
	out := make([]*models.User, len(viewers))
	for i := range viewers { // an operation has one viewer
		var err error
		if out[i], err = r.AuthService.ImpersonatedBy(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// customersOfMembers finds customers for their members: who may see a member may see of
// whom, also an API token that may not see customers otherwise.
func (r *Resolver) customersOfMembers(ctx context.Context, ids []ident.CustomerID) (map[ident.CustomerID]*models.Customer, error) {
	found, err := r.CustomerService.FindAll(ctx, ids, actor.CustomersRead)
	if err != nil || !slices.ContainsFunc(ids, func(id ident.CustomerID) bool { return found[id] == nil }) {
		return found, err
	}
	more, err := r.CustomerService.FindAll(ctx, ids, actor.UsersRead)
	maps.Copy(found, more)
	return found, err
}
