package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/agent/collect"
	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/tcp"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/models"
	"github.com/mpanel/mpanel/resolvers"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// origin is the one foreign page that may call.
const origin = "https://app.example.com"

// A panel is everything a node serves, without runners: jobs stay PENDING.
type panel struct {
	*httptest.Server
	t      *testing.T
	db     *store.DB
	auth   *auth.Service
	schema *ast.Schema
	graph  graph.Config
	sql    *testkit.Statements
	log    *buffer
	live   *live.Hub
	bus    *membus.Bus
	fleet  *fleet.Service
	feed   *jobs.Feed
	trail  *trail.Service
	inbox  *inbox.Service
	// servers are where the database servers are.
	servers nowhere
	// refusals counts what it is not asked to write.
	refusals *audit.Refusals

	sums   sync.Once
	summed []string // statements that sum the tables up

	mu     sync.Mutex
	actors map[string]*actor.Actor // by tokens that only tests have
	away   error                   // what authentication fails with
	hangs  bool                    // it waits as long as it may
	deaf   atomic.Bool             // to what is revoked
	looks  atomic.Int64            // at what those who are connected may do
	ahead  atomic.Int64            // how far the clock of sign-ins is ahead, in nanoseconds
}

// newPanel wires the parts as the real server does. change may break one.
func newPanel(t *testing.T, change ...func(*resolvers.Resolver)) *panel {
	t.Helper()
	return newPanelOf(t, transport.Config{}, live.Limits{}, change...)
}

// newPanelWith is newPanel with a transport that has something of its own.
func newPanelWith(t *testing.T, c transport.Config) *panel {
	t.Helper()
	return newPanelOf(t, c, live.Limits{})
}

// newLimitedPanel is newPanel with other limits of connections.
func newLimitedPanel(t *testing.T, limits live.Limits, change ...func(*resolvers.Resolver)) *panel {
	t.Helper()
	return newPanelOf(t, transport.Config{}, limits, change...)
}

func newPanelOf(t *testing.T, c transport.Config, limits live.Limits, change ...func(*resolvers.Resolver)) *panel {
	t.Helper()
	p := &panel{t: t, sql: new(testkit.Statements), log: new(buffer), actors: map[string]*actor.Actor{}}
	p.db = testkit.DB(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = p.sql })
	log := slog.New(slog.NewJSONHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	box, bus := testkit.Box(t), &membus.Bus{}
	p.bus = bus
	var err error
	var customers *customer.Service
	p.auth, err = auth.NewService(auth.Config{DB: p.db, Box: box, Issuer: "urn:mpanel:test", Now: p.now, Revoker: p, Log: log, Accounts: auth.AccountConfig{
		OpenCustomer: func(ctx context.Context, tx store.Tx, n auth.NewCustomer) (ident.CustomerID, error) {
			return customers.Open(ctx, tx, customer.CreateInput{Name: n.Name, Email: n.Email, Company: n.Company})
		},
	}})
	require.NoError(t, err)
	var registry *engine.Registry
	starter := engine.NewStarter(func() *engine.Registry { return registry }, silent{})
	p.servers = nowhere{new(atomic.Bool)}
	databases := database.NewService(p.db, box, starter, p.servers, uuid.New(), p.servers, slog.New(slog.DiscardHandler))
	customers = customer.NewService(p.db, starter, databases)
	dumps, err := database.NewDumpService(database.DumpConfig{
		Databases: databases, Tools: anyTools{}, Dir: t.TempDir(), Node: "test", Log: log,
		Get: func(context.Context, string) (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF },
	})
	require.NoError(t, err)
	p.fleet = fleet.NewService(fleet.Config{DB: p.db, Bus: bus, Node: "test", Version: "v1.2.3", Source: collect.New(collect.Config{}), Log: log})
	registry, err = engine.NewRegistry(slices.Concat(databases.Plans(), dumps.Plans(), customers.Plans())...)
	require.NoError(t, err)
	p.feed = jobs.NewFeed(p.db, bus, 0, log)
	p.trail = trail.NewService(trail.Config{DB: p.db, Bus: bus, Log: log})
	p.inbox = inbox.NewService(inbox.Config{DB: p.db, Bus: bus, Holders: auth.RolesWith, Log: log})
	r := &resolvers.Resolver{
		AuthService: p.auth, CustomerService: customers, DatabaseService: databases, DumpService: dumps,
		FleetService: p.fleet,
		JobService:   jobs.NewService(p.db, p.feed, starter),
		TrailService: p.trail,
		InboxService: p.inbox, SideBySide: store.SideBySide,
	}
	for _, f := range change {
		f(r)
	}
	p.graph = resolvers.Config(r)
	schema := executable(t, p.graph, p.db.Level)
	p.schema = schema.Schema()
	p.live = live.NewHub(live.Config{Limits: limits, Actors: p.actorsNow, Log: log})
	p.refusals = audit.NewRefusals(p.db, log)
	c.Refused = func(ctx context.Context, r transport.Refusal) {
		p.refusals.Record(ctx, audit.Refusal{Action: r.Field, Object: r.Object, Code: string(r.Code)})
	}
	here, err := httpapi.ParseProxies([]string{"127.0.0.1"}) // a test may say that it comes by TLS
	require.NoError(t, err)
	origins := httpapi.Origins("", []string{origin}, here)
	c.Schema, c.Authenticate, c.OriginAllowed, c.TakesIdempotencyKey, c.Live, c.Log = schema, p.authenticate, origins.Allow, resolvers.TakesIdempotencyKey, p.live, log
	api := httpapi.New(httpapi.Config{
		GraphQL: transport.New(c),
		Schema:  p.schema, Origins: origins, Metrics: prometheus.NewRegistry(), Log: log,
		Ready: func(context.Context) error { return nil }, SetupNeeded: p.auth.SetupNeeded,
	})
	p.Server = httptest.NewUnstartedServer(api)
	p.Config = httpapi.NewServer(context.Background(), api, log) // a test's context is over when it cleans up
	p.Listener = tcp.Listener(p.Listener)                        // as the panel's
	p.Start()
	t.Cleanup(p.Close)
	return p
}

// executable is what the server executes by; scripts/test runs all tests of this
// package once more with MPANEL_EXECUTOR=stock.
func executable(t *testing.T, c graph.Config, level executor.Level) graphql.ExecutableSchema {
	t.Helper()
	if stockExecutor() {
		return graph.NewExecutableSchema(c)
	}
	compiled, err := graph.NewExecutor(c, executor.Options{Level: level})
	require.NoError(t, err)
	return compiled
}

func stockExecutor() bool { return os.Getenv("MPANEL_EXECUTOR") == "stock" }

func (p *panel) authenticate(ctx context.Context, token string) (*actor.Actor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if p.away != nil {
		return nil, p.away
	}
	if a := p.actors[token]; a != nil {
		return a, nil
	}
	return p.auth.Authenticate(ctx, token)
}

// actorsNow is what the users of the tests' tokens and of sessions may do.
func (p *panel) actorsNow(ctx context.Context, who []actor.Identity) (map[actor.Identity]*actor.Actor, error) {
	defer p.looks.Add(1)
	out := map[actor.Identity]*actor.Actor{}
	found, err := p.auth.Actors(ctx, who)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, found)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.actors {
		if slices.Contains(who, a.Identity()) {
			out[a.Identity()] = a
		}
	}
	return out, p.away
}

func (p *panel) now() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }

// RevokeSession implements auth.Revoker.
func (p *panel) RevokeSession(id ident.SessionID) {
	if !p.deaf.Load() {
		p.live.Revoke(live.Principal{Session: id})
	}
}

// as gives a token for an actor that has a row in users.
func (p *panel) as(a *actor.Actor) string {
	p.t.Helper()
	if a.User.IsZero() {
		a.User = ident.NewUserID()
		p.insert(&models.User{ID: a.User, Email: a.User.String() + "@example.com", Name: "User", PasswordHash: "x"})
	}
	if a.Session.IsZero() && a.APIToken.IsZero() && a.Impersonation.IsZero() {
		a.Session = ident.NewSessionID()
		p.addSession(a.Session, a.User, "of a test")
	}
	token := "token-" + uuid.NewString()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.actors[token] = a
	return token
}

func allPermissions() []actor.Permission { return auth.ProviderPermissions(models.ProviderOwner) }

// staff is a token that holds everything.
func (p *panel) staff() string {
	p.t.Helper()
	id := ident.NewUserID()
	p.insert(&models.User{ID: id, Email: id.String() + "@example.com", Name: "User", PasswordHash: "x", ProviderRole: new(models.ProviderOwner)})
	return p.as(&actor.Actor{User: id, Provider: allPermissions()})
}

func (p *panel) insert(row any) {
	p.t.Helper()
	_, err := p.db.NewInsert().Model(row).Exec(p.t.Context())
	require.NoError(p.t, err)
}

func (p *panel) exec(query string, args ...any) {
	p.t.Helper()
	_, err := p.db.NewRaw(query, args...).Exec(p.t.Context())
	require.NoError(p.t, err)
}

func (p *panel) count(query string, args ...any) (n int) {
	p.t.Helper()
	require.NoError(p.t, p.db.NewRaw(query, args...).Scan(p.t.Context(), &n))
	return n
}

// A tenant is a customer with one of everything.
type tenant struct {
	user       ident.UserID
	customer   ident.CustomerID
	database   ident.DatabaseID
	job        ident.JobID
	token      string // its owner's
	login      ident.DatabaseUserID
	dump       ident.DatabaseDumpID
	finding    ident.DriftFindingID
	event      ident.AuditEventID
	session    ident.SessionID
	invitation ident.InvitationID
	apiToken   ident.APITokenID

	notification ident.NotificationID
}

// ids are all that the tenant has, of every kind.
func (s tenant) ids() map[string]string {
	return map[string]string{
		"user": s.user.Opaque(), "customer": s.customer.Opaque(), "database": s.database.Opaque(), "job": s.job.Opaque(), "databaseUser": s.login.Opaque(),
		"driftFinding": s.finding.Opaque(), "invitation": s.invitation.Opaque(),
		"databaseDump": s.dump.Opaque(), "auditEvent": s.event.Opaque(),
		"session": s.session.Opaque(), "apiToken": s.apiToken.Opaque(), "notification": s.notification.Opaque(),
	}
}

// addTenant makes a customer whose every text has the mark in it.
func (p *panel) addTenant(mark string, parent ident.CustomerID, server ident.DatabaseServerID) tenant {
	p.t.Helper()
	s := tenant{ident.NewUserID(), ident.NewCustomerID(), ident.NewDatabaseID(), ident.NewJobID(), "", ident.NewDatabaseUserID(), ident.NewDatabaseDumpID(), ident.NewDriftFindingID(), ident.NewAuditEventID(), ident.NewSessionID(), ident.NewInvitationID(), ident.NewAPITokenID(), ident.NewNotificationID()}
	p.insert(&models.User{ID: s.user, Email: mark + "@example.com", Name: "User " + mark, PasswordHash: "x"})
	p.insert(&models.Customer{ID: s.customer, ParentID: parent, Name: "Customer " + mark, Email: mark + "@example.com", Company: new("Company " + mark), State: models.CustomerActive})
	p.exec(`INSERT INTO customer_tree (ancestor_id, customer_id, depth)
		SELECT ancestor_id, ?0::uuid, depth + 1 FROM customer_tree WHERE customer_id = ?1 UNION ALL SELECT ?0::uuid, ?0::uuid, 0`, s.customer, parent)
	p.insert(&models.Quota{CustomerID: s.customer, Name: models.QuotaDatabases, Used: 1})
	p.insert(&models.Membership{UserID: s.user, CustomerID: s.customer, Role: models.CustomerOwner})
	name := strings.ReplaceAll(mark, "-", "_")
	p.insert(&models.Database{
		ID: s.database, CustomerID: s.customer, ServerID: server, Name: name, ExtName: "c_" + name, Username: "c_" + name,
		VerifierSealed: testkit.Box(p.t).Seal(secret.New("verifier"), "databases.verifier/"+s.database.String()), ConnectionLimit: 5, State: models.ResourceActive, Generation: 1, HoldsQuota: true,
	})
	p.insert(&models.DatabaseUser{
		ID: s.login, DatabaseID: s.database, ServerID: server, Name: "guest", Username: "u_" + name + "_guest", Rights: models.RightsReadOnly,
		VerifierSealed: testkit.Box(p.t).Seal(secret.New("verifier"), "database_users.verifier/"+s.login.String()), ConnectionLimit: 5, State: models.ResourceActive, Generation: 1,
	})
	p.insert(&models.Job{
		ID: s.job, Kind: database.KindCreate, PlanVersion: 1, CustomerID: s.customer, ResourceKind: ident.Database, ResourceID: s.database.UUID,
		TargetGeneration: 1, ActorUserID: s.user, State: models.JobSucceeded, EventSeq: 2, Percent: 100, WaitingFor: new("waits " + mark),
	})
	p.addDump(mark, s)
	p.addInvitation(mark, s)
	now := time.Now()
	p.insert(&models.APIToken{
		ID: s.apiToken, UserID: s.user, CustomerID: s.customer, Name: "token " + mark, Prefix: "mpt_TENANTAA", Hash: append(s.apiToken.UUID[:], s.apiToken.UUID[:]...),
		Permissions: []string{"DATABASES_READ"}, Pins: []string{s.database.UUID.String()}, CIDRs: []string{"203.0.113.0/24"}, LastUsedIP: new("address " + mark),
		CreatedAt: now, ExpiresAt: new(now.Add(time.Hour)), LastUsedAt: &now,
	})
	staff := ident.NewUserID()
	p.insert(&models.User{ID: staff, Email: staff.String() + "@example.com", Name: "Staff " + mark, PasswordHash: "x", ProviderRole: new(models.ProviderAdmin)})
	p.insert(&models.Impersonation{
		ID: ident.NewImpersonationID(), StaffID: staff, UserID: s.user, Reason: "the reason of " + mark, StartedAt: now, ExpiresAt: now.Add(time.Minute), EndedAt: &now,
	})
	p.addSession(s.session, s.user, mark)
	p.insert(&models.DriftFinding{
		ID: s.finding, ServerID: server, DatabaseID: s.database, CustomerID: s.customer, Kind: models.DriftDiffers, ObjectKind: models.ObjectRole,
		ExternalName: "c_" + name, Detail: "detail " + mark, Surveys: 1, Confirmed: true, JobID: s.job,
	})
	p.insert(&models.JobStep{JobID: s.job, Idx: 0, Name: "step " + mark, State: models.StepDone})
	p.insert(&models.JobEvent{JobID: s.job, Seq: 1, Kind: engine.EventCreated, State: models.JobPending, Message: new("event " + mark)})
	p.insert(&models.JobEvent{JobID: s.job, Seq: 2, Kind: engine.EventSucceeded, State: models.JobSucceeded, Percent: 100, Message: new("event " + mark)})
	p.exec(`INSERT INTO audit_entries (event_id, user_id, action, object_kind, object_id, customer_id, request_id, ip, user_agent, before, detail)
		VALUES (?0, ?1, 'customer.create', 'customer', ?2, ?2, ?3, ?3, ?3, jsonb_build_object('name', ?3::text), jsonb_build_object('name', ?3::text))`, s.event, s.user, s.customer, "audit "+mark)
	p.notify(s.notification, s.user, "notice "+mark, ident.Job, s.job.UUID)
	s.token = p.as(&actor.Actor{User: s.user, Grants: []actor.Grant{{Customer: s.customer, Permissions: auth.CustomerPermissions(models.CustomerOwner)}}})
	return s
}

// A reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
	Data   map[string]any
	Errors []replyError
}

type replyError struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

func (r reply) codes() (list []string) {
	for _, e := range r.Errors {
		list = append(list, fmt.Sprint(e.Extensions["code"]))
	}
	return list
}

// requestIDs is what may differ between answers that must be the same.
var requestIDs = regexp.MustCompile(`"requestId":"[0-9a-f]{24}"`)

// same is all of the answer but the request's id.
func (r reply) same() string {
	return fmt.Sprintf("%d %s %s", r.status, r.header.Get("Content-Type"), requestIDs.ReplaceAllString(r.body, `"requestId":"-"`))
}

// wellFormed checks what every error of the API has.
func (r reply) wellFormed(t *testing.T) {
	t.Helper()
	for _, e := range r.Errors {
		code := fault.Code(fmt.Sprint(e.Extensions["code"]))
		require.Contains(t, fault.Codes(), code, "%s", r.body)
		require.Equal(t, code.Retryable(), e.Extensions["retryable"], "%s", r.body)
		require.Equal(t, r.header.Get("X-Request-Id"), e.Extensions["requestId"], "%s", r.body)
		require.NotEmpty(t, e.Message)
	}
}

// do sends a request as it is.
func (p *panel) do(method, target, token, contentType string, body io.Reader, headers ...string) reply {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.URL+target, body)
	require.NoError(p.t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for h := range slices.Chunk(headers, 2) {
		req.Header.Set(h[0], h[1])
	}
	res, err := p.Client().Do(req)
	require.NoError(p.t, err)
	defer func() { _ = res.Body.Close() }()
	var b []byte
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") { // the first event counts
		for lines := bufio.NewScanner(res.Body); lines.Scan() && b == nil; {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
				b = []byte(data)
			}
		}
	} else {
		b, err = io.ReadAll(res.Body)
		require.NoError(p.t, err)
	}
	out := reply{status: res.StatusCode, header: res.Header, body: string(b)}
	_ = json.Unmarshal(b, &out)
	return out
}

type vars map[string]any

// post sends an operation, and of a stream gives the first event.
func (p *panel) post(token, query string, variables vars, headers ...string) reply {
	p.t.Helper()
	b, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(p.t, err)
	if strings.HasPrefix(query, "subscription") {
		headers = append(headers, "Accept", "text/event-stream")
	}
	return p.do(http.MethodPost, "/graphql", token, "application/json", bytes.NewReader(b), headers...)
}

// get is post for what must work.
func (p *panel) must(token, query string, variables vars, headers ...string) map[string]any {
	p.t.Helper()
	r := p.post(token, query, variables, headers...)
	require.Empty(p.t, r.Errors, "%s\n%s", query, r.body)
	require.Equal(p.t, http.StatusOK, r.status, r.body)
	return r.Data
}

// at goes down into an answer: names of fields and indexes of lists.
func at(v any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
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

// without is a copy of all permissions but one.
func without(p actor.Permission) (list []actor.Permission) {
	for _, have := range allPermissions() {
		if have != p {
			list = append(list, have)
		}
	}
	return list
}

const soon = 10 * time.Second

// silent is a node on which nothing runs.
type silent struct{}

func (silent) Wake(ident.JobID)   {}
func (silent) Cancel(ident.JobID) {}
