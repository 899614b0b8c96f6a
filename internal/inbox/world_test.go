package inbox_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A rig is an inbox that is running, and two customers, of which the first has the second.
type rig struct {
	*inbox.Service
	t            *testing.T
	db           *store.DB
	bus          *membus.Bus
	above, below ident.CustomerID
	names        map[ident.UserID]string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, db: testkit.DB(t), bus: &membus.Bus{}, above: ident.NewCustomerID(), below: ident.NewCustomerID(), names: map[ident.UserID]string{}}
	r.Service = r.node()
	r.exec("INSERT INTO customers (id, name, email) VALUES (?, 'above', 'a@b.c')", r.above)
	r.exec("INSERT INTO customers (id, parent_id, name, email) VALUES (?, ?, 'below', 'a@b.c')", r.below, r.above)
	r.exec("INSERT INTO customer_tree (ancestor_id, customer_id, depth) VALUES (?0, ?0, 0), (?1, ?1, 0), (?0, ?1, 1)", r.above, r.below)
	return r
}

// node is a further node of the panel, whose inbox runs until the test ends.
func (r *rig) node() *inbox.Service {
	r.t.Helper()
	s := inbox.NewService(inbox.Config{DB: r.db, Bus: r.bus, Holders: auth.RolesWith, Look: 30 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(context.WithoutCancel(r.t.Context()))
	var over sync.WaitGroup
	over.Go(func() { s.Run(ctx) })
	r.t.Cleanup(func() { stop(); over.Wait() })
	return s
}

func (r *rig) exec(query string, args ...any) {
	r.t.Helper()
	_, err := r.db.NewRaw(query, args...).Exec(r.t.Context())
	require.NoError(r.t, err, query)
}

// user is somebody with a role with the provider, unless that is empty.
func (r *rig) user(name string, role models.ProviderRole) ident.UserID {
	r.t.Helper()
	id := ident.NewUserID()
	r.names[id] = name
	r.exec("INSERT INTO users (id, email, name, password_hash, provider_role) VALUES (?, ?, ?, 'x', nullif(?, ''))", id, id.String()+"@example.com", name, role)
	return id
}

// member is somebody with a role in a customer.
func (r *rig) member(name string, of ident.CustomerID, role models.CustomerRole) ident.UserID {
	r.t.Helper()
	id := r.user(name, "")
	r.exec("INSERT INTO memberships (user_id, customer_id, role) VALUES (?, ?, ?)", id, of, role)
	return id
}

func (r *rig) job(of ident.CustomerID, by ident.UserID, state models.JobState) *models.Job {
	return &models.Job{ID: ident.NewJobID(), Kind: "thing.create", CustomerID: of, ActorUserID: by, State: state, ResourceKind: ident.Database, ResourceID: uuid.New()}
}

// tell tells of a job in a transaction of its own.
func (r *rig) tell(jobs ...*models.Job) {
	r.t.Helper()
	require.NoError(r.t, store.InTx(r.t.Context(), r.db, func(_ context.Context, tx store.Tx) error {
		for _, j := range jobs {
			if err := r.JobChanged(tx, j); err != nil {
				return err
			}
		}
		return nil
	}))
}

// rows are all notifications, in their order.
func (r *rig) rows() (list []*models.Notification) {
	r.t.Helper()
	require.NoError(r.t, r.db.NewSelect().Model(&list).Order("n.number").Scan(r.t.Context()))
	return list
}

// told are the names of those who were told of an object.
func (r *rig) told(object interface{ Bare() uuid.UUID }) (names []string) {
	r.t.Helper()
	for _, n := range r.rows() {
		if n.ObjectID == object.Bare() {
			names = append(names, r.names[n.UserID])
		}
	}
	return names
}

func as(ctx context.Context, user ident.UserID) context.Context {
	return actor.With(ctx, &actor.Actor{User: user, Session: ident.NewSessionID()})
}

// others are those who call in the user's name, and are not the user in person.
func others(ctx context.Context, user ident.UserID) map[string]context.Context {
	return map[string]context.Context{
		"an API token":        actor.With(ctx, &actor.Actor{User: user, APIToken: ident.NewAPITokenID()}),
		"without the factor":  actor.With(ctx, &actor.Actor{User: user, Session: ident.NewSessionID(), SecondFactorMissing: true}),
		"staff who act as it": actor.With(ctx, &actor.Actor{User: user, Impersonator: ident.NewUserID(), Impersonation: ident.NewImpersonationID()}),
	}
}

func next(t *testing.T, ch <-chan inbox.StreamItem) inbox.StreamItem {
	t.Helper()
	select {
	case item, ok := <-ch:
		require.True(t, ok, "the feed has ended")
		return item
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		return nil
	}
}

func began(t *testing.T, ch <-chan inbox.StreamItem) *models.Position {
	t.Helper()
	gap, ok := next(t, ch).(*feed.Gap)
	require.True(t, ok)
	return &gap.Position
}

func entry(t *testing.T, ch <-chan inbox.StreamItem) *inbox.Entry {
	t.Helper()
	item := next(t, ch)
	e, ok := item.(*inbox.Entry)
	require.True(t, ok, "%#v", item)
	return e
}
