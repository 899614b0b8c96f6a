package customer_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A world has reseller > shop > branch, and a foreign customer with a child
// of its own in every table.
type world struct {
	*customer.Service
	t                                             *testing.T
	db                                            *store.DB
	reseller, shop, branch, foreign, foreignChild *models.Customer
	users                                         atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := testkit.DB(t)
	w := &world{t: t, db: db}
	var registry *engine.Registry
	w.Service = customer.NewService(db, engine.NewStarter(func() *engine.Registry { return registry }, silent{}))
	var err error
	registry, err = engine.NewRegistry(w.Plans()...)
	require.NoError(t, err)
	w.reseller = w.create("Reseller", nil)
	w.shop = w.create("Shop", w.reseller)
	w.branch = w.create("Branch", w.shop)
	w.foreign = w.create("Foreign", nil)
	w.foreignChild = w.create("Foreign Child", w.foreign)
	return w
}

// create is staff's way, through the service.
func (w *world) create(name string, parent *models.Customer) *models.Customer {
	w.t.Helper()
	in := customer.CreateInput{Name: name, Email: "info@example.com"}
	if parent != nil {
		in.ParentID = &parent.ID
	}
	out, err := w.Create(w.staff(), in)
	require.NoError(w.t, err)
	return out.Customer
}

// as is a request of a fresh user with these roles.
func (w *world) as(provider []actor.Permission, grants ...actor.Grant) context.Context {
	w.t.Helper()
	who := &actor.Actor{User: ident.NewUserID(), Provider: provider, Grants: grants}
	_, err := w.db.NewInsert().Model(&models.User{
		ID: who.User, Email: fmt.Sprintf("user%d@example.com", w.users.Add(1)), Name: "User", PasswordHash: "x",
	}).Exec(w.t.Context())
	require.NoError(w.t, err)
	return actor.With(w.t.Context(), who)
}

func (w *world) staff() context.Context {
	return w.as(auth.ProviderPermissions(models.ProviderAdmin))
}

func grant(c *models.Customer, role models.CustomerRole) actor.Grant {
	return actor.Grant{Customer: c.ID, Permissions: auth.CustomerPermissions(role)}
}

func (w *world) member(c *models.Customer, role models.CustomerRole) context.Context {
	return w.as(nil, grant(c, role))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.db.NewRaw(query, args...).Exec(w.t.Context())
	require.NoError(w.t, err)
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.NewRaw(query, args...).Scan(w.t.Context(), &n))
	return n
}

func (w *world) archive(c *models.Customer) {
	w.t.Helper()
	_, err := w.Archive(w.staff(), customer.ArchiveInput{ID: c.ID})
	require.NoError(w.t, err)
}

// server is a row that databases can be on.
func (w *world) addDatabase(c *models.Customer) {
	w.t.Helper()
	w.exec(`INSERT INTO database_servers (id, name, host, port, admin_user, admin_password_sealed) VALUES (?, 's', 'h', 1, 'u', '')
		ON CONFLICT (name) DO NOTHING`, ident.NewDatabaseServerID())
	w.exec(`INSERT INTO databases (id, customer_id, server_id, name, ext_name, username, verifier_sealed, connection_limit, state)
		SELECT ?, ?, id, 'd', ?, 'd', '', 1, 'ACTIVE' FROM database_servers`, ident.NewDatabaseID(), c.ID, fmt.Sprintf("c%d_d", c.Number))
}

func names(list []*models.Customer) []string {
	out := make([]string, len(list))
	for i, c := range list {
		if c != nil {
			out[i] = c.Name
		}
	}
	return out
}

func (w *world) list(ctx context.Context, f *customer.Filter, o *customer.Order) []string {
	w.t.Helper()
	c, err := w.List(ctx, page.Args{First: new(100), WithTotal: true}, f, o)
	require.NoError(w.t, err)
	n, err := c.TotalCount(ctx)
	require.NoError(w.t, err)
	require.Len(w.t, c.Edges, n, "the total is of the same rows as the page")
	return names(c.Nodes())
}

func code(err error) fault.Code { return fault.CodeOf(err) }

// silent is a node on which nothing runs.
type silent struct{}

func (silent) Wake(ident.JobID)   {}
func (silent) Cancel(ident.JobID) {}
