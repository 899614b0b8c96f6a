package auth_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	issuer   = "https://panel.example.com"
	password = "canary tin orbit valley"
)

// A world is a service on a fresh database, with what it logged and asked.
type world struct {
	*auth.Service
	t   *testing.T
	db  *store.DB
	log *buffer
	sql *tracer

	began   time.Time
	ahead   atomic.Int64 // how far the service's clock is ahead, in nanoseconds
	revoked *revoked
}

// now is the service's time.
func (w *world) now() time.Time { return w.began.Add(time.Duration(w.ahead.Load())) }

// wait lets so much time go by for the service.
func (w *world) wait(d time.Duration) { w.ahead.Add(int64(d)) }

// newWorld makes one; change may give it something of its own.
func newWorld(t *testing.T, change ...func(*auth.Config)) *world {
	t.Helper()
	w := &world{t: t, log: new(buffer), sql: new(tracer), began: time.Now().Truncate(time.Microsecond), revoked: new(revoked)} // the service's clock rests; see wait
	w.db = testkit.DB(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = w.sql })
	var err error
	c := auth.Config{
		DB: w.db, Box: testkit.Box(t), Issuer: issuer, HashConcurrency: 4, Now: w.now, Revoker: w.revoked,
		BaseURL: "https://panel.example.com:8443/", Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&c)
	}
	w.Service, err = auth.NewService(c)
	require.NoError(t, err)
	w.MakeCheap()
	return w
}

// another is a further node on the same database, whose sign-ins are counted; change
// may give it something of its own.
func (w *world) another(change ...func(*auth.Config)) *auth.Service {
	w.t.Helper()
	c := auth.Config{
		DB: w.db, Box: testkit.Box(w.t), Issuer: issuer, Now: w.now,
		Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	for _, f := range change {
		f(&c)
	}
	s, err := auth.NewService(c)
	require.NoError(w.t, err)
	s.MakeCheap()
	s.Unbounded()
	return s
}

// admin makes an owner of the installation.
func (w *world) admin(email string) *models.User {
	w.t.Helper()
	u, err := w.CreateAdmin(w.t.Context(), email, "Grace Hopper", secret.New(password))
	require.NoError(w.t, err)
	return u
}

// user makes somebody with one role with the provider, or none.
func (w *world) user(email string, role models.ProviderRole) *models.User {
	w.t.Helper()
	u := w.admin(email)
	u.ProviderRole = nil
	if role != "" {
		u.ProviderRole = &role
	}
	w.exec("UPDATE users SET provider_role = ? WHERE id = ?", u.ProviderRole, u.ID)
	return u
}

// customer makes a customer below parent, or at the top.
func (w *world) customer(name string, parent *models.Customer) *models.Customer {
	w.t.Helper()
	c := &models.Customer{ID: ident.NewCustomerID(), Name: name, Email: name + "@example.com", State: models.CustomerActive}
	above := ident.CustomerID{}
	if parent != nil {
		c.ParentID, above = parent.ID, parent.ID
	}
	_, err := w.db.NewInsert().Model(c).Exec(w.t.Context())
	require.NoError(w.t, err)
	w.exec(`INSERT INTO customer_tree (ancestor_id, customer_id, depth)
		SELECT ancestor_id, ?0::uuid, depth + 1 FROM customer_tree WHERE customer_id = ?1 UNION ALL SELECT ?0, ?0, 0`, c.ID, above)
	return c
}

// member gives a user a role; each membership is a second younger than the one before.
func (w *world) member(u *models.User, c *models.Customer, role models.CustomerRole) {
	w.t.Helper()
	w.exec(`INSERT INTO memberships (user_id, customer_id, role, created_at)
		SELECT ?::uuid, ?::uuid, ?, timestamptz '2026-12-01 12:00:00.123456Z' + count(*) * interval '1 second' FROM memberships`, u.ID, c.ID, role)
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

// as is a request of the user, through a token as every request.
func (w *world) as(u *models.User) context.Context {
	w.t.Helper()
	out, err := w.SignIn(w.t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(password)})
	require.NoError(w.t, err)
	who, err := w.Authenticate(w.t.Context(), out.AccessToken)
	require.NoError(w.t, err)
	return actor.With(w.t.Context(), who)
}

// A buffer takes the log of several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A tracer counts the statements that reach the server.
type tracer struct {
	mu         sync.Mutex
	statements []string
}

func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !strings.HasPrefix(d.SQL, "--") { // a ping
		t.statements = append(t.statements, d.SQL)
	}
	return ctx
}

func (t *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// during gives the statements of fn.
func (t *tracer) during(fn func()) []string {
	t.mu.Lock()
	t.statements = nil
	t.mu.Unlock()
	fn()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.statements
}

func fixed(at time.Time) func() time.Time { return func() time.Time { return at } }
