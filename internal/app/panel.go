package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/agent/collect"
	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/database/pgdump"
	"github.com/mpanel/mpanel/internal/database/pgprov"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/models"
	"github.com/mpanel/mpanel/resolvers"
	"github.com/mpanel/mpanel/web"
	"github.com/mpanel/mpanel/web/graphiql"
)

// A panel is one node's parts, wired.
type panel struct {
	stores    *stores
	keys      *keys.Ring
	auth      *auth.Service
	customers *customer.Service
	databases *database.Service
	dumps     *database.DumpService
	fleet     *fleet.Service
	dialer    *pgprov.Dialer
	registry  *engine.Registry
	engine    *engine.Engine
	chores    *jobs.Chores
	feed      *jobs.Feed
	jobs      *jobs.Service
	live      *live.Hub
	sealer    *seal.Sealer
	refusals  *audit.Refusals
	trail     *trail.Service
	inbox     *inbox.Service
	bus       bus
	api       *httpapi.API
	metrics   *prometheus.Registry
	mails     *mails
}

// newPanel wires the parts; run has the node's id, and for tests more, such as a
// bus that is not the one within this process.
func newPanel(ctx context.Context, s *stores, o config.Options, run engine.Config, log *slog.Logger) (_ *panel, err error) {
	ring, err := s.ring(ctx, log)
	if err != nil {
		return nil, err
	}
	installation, err := s.installation(ctx)
	if err != nil {
		return nil, err
	}
	cluster, err := s.cluster(ctx)
	if err != nil {
		return nil, err
	}
	p := &panel{stores: s, keys: ring, dialer: pgprov.NewDialer(cluster, log), bus: bus{Bus: run.Bus}}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.mails, err = openMails(s, o, log); err != nil {
		return nil, err
	}
	if p.auth, err = s.auth(ctx, o, p.accountConfig(o), late{p}, log); err != nil {
		return nil, err
	}
	if run.Bus == nil {
		if p.bus, err = openBus(o, s.box, installation, run.Node, log); err != nil {
			return nil, err
		}
	}
	tools := pgdump.New()
	// The plans need the domains, and the domains start plans.
	starter := engine.NewStarter(func() *engine.Registry { return p.registry }, late{p})
	p.databases = database.NewService(s.db, s.box, starter, pgdump.Inspecting(p.dialer, tools), installation, s.access, log)
	p.dumps, err = database.NewDumpService(database.DumpConfig{
		Databases: p.databases, Tools: tools, Dir: dumpFolder(o.DataDir, run.Node), Node: run.Node,
		BaseURL: o.BaseURL, AdvertiseURL: o.AdvertiseURL, Get: fromPeer, Log: log,
	})
	if err != nil {
		return nil, err
	}
	p.fleet = fleet.NewService(fleet.Config{DB: s.db, Bus: p.bus, Node: run.Node, Version: Version, Source: collect.New(collect.Config{}), Log: log})
	p.customers = customer.NewService(s.db, starter, p.databases)
	if p.registry, err = engine.NewRegistry(slices.Concat(p.databases.Plans(), p.dumps.Plans(), p.customers.Plans())...); err != nil {
		return nil, err
	}
	p.inbox = inbox.NewService(inbox.Config{DB: s.db, Bus: p.bus, Holders: auth.RolesWith, Log: log})
	run.Tell = p.inbox.JobChanged
	run.DB, run.Bus, run.Registry, run.Log = s.db, p.bus, p.registry, log
	if p.engine, err = engine.New(run); err != nil {
		return nil, err
	}
	every := cmp.Or(o.SurveyInterval, database.SurveyEvery)
	if o.CostBudget < 0 || o.CostBudget > budget.Max {
		return nil, fmt.Errorf("the cost budget %d is not between 0 and %d", o.CostBudget, budget.Max)
	}
	if every < database.MinSurveyEvery || every > database.MaxSurveyEvery {
		return nil, fmt.Errorf("the survey interval %v is not between %v and %v", every, database.MinSurveyEvery, database.MaxSurveyEvery)
	}
	p.metrics = newMetrics(s.db, p.engine.Busy)
	p.metrics.MustRegister(mailing{s.db, p.mails.sender})
	p.bus.register(p.metrics)
	chores := []jobs.Chore{
		{Name: "check-database-servers", Every: database.CheckEvery, Do: p.databases.CheckServers},
		{Name: "survey-database-servers", Every: database.SurveyLookEvery(every), Do: func(ctx context.Context) error { return p.databases.SurveyServers(ctx, every) }},
		{Name: "measure-database-servers", Every: time.Minute, Do: p.databases.MeasureServers},
		{Name: "enforce-size-quotas", Every: database.EnforceEvery, Do: p.enforceQuotas(log)},
		{Name: "retire-database-logins", Every: database.RetireEvery, Do: p.databases.RetireLogins},
		{Name: "sync-database-access", Every: database.SyncAccessEvery, Do: p.databases.SyncAccess},
		{Name: "purge-sessions", Every: time.Hour, Do: p.auth.PurgeSessions},
		{Name: "purge-tries", Every: time.Hour, Do: p.auth.PurgeTries},
		{Name: "tidy-encryption-keys", Every: keys.TidyEvery, Do: ring.Tidy},
		{Name: "purge-answers", Every: time.Minute, Do: func(ctx context.Context) error { return idempotency.PurgeAnswers(ctx, s.db) }},
		{Name: "purge-idempotency-keys", Every: time.Hour, Do: func(ctx context.Context) error { return idempotency.Purge(ctx, s.db) }},
		{Name: "purge-mails", Every: time.Hour, Do: func(ctx context.Context) error { return notify.Purge(ctx, s.db) }},
		{Name: "purge-notifications", Every: time.Hour, Do: p.inbox.Purge},
		{Name: "purge-links", Every: 5 * time.Minute, Do: func(ctx context.Context) error { return auth.PurgeLinks(ctx, s.db) }},
	}
	if p.chores, err = jobs.NewChores(s.db, run.Node, chores, log); err != nil {
		return nil, err
	}
	p.feed = jobs.NewFeed(s.db, p.bus, jobs.LookEvery, log)
	p.jobs = jobs.NewService(s.db, p.feed, starter)
	p.live = live.NewHub(live.Config{Actors: p.auth.Actors, Bus: p.bus, Log: log})
	p.metrics.MustRegister(p.live)
	p.refusals = audit.NewRefusals(s.db, log)
	p.trail = trail.NewService(trail.Config{DB: s.db, Bus: p.bus, Log: log})
	p.sealer = newSealer(s, o, installation.String(), run.Node, p.bus, log)
	if p.api, err = p.newAPI(o, log); err != nil {
		return nil, err
	}
	return p, nil
}

// newSchema joins the graph to the parts, and to what executes it.
func (p *panel) newSchema(o config.Options, log *slog.Logger) (graphql.ExecutableSchema, error) {
	c := resolvers.Config(&resolvers.Resolver{
		AuthService: p.auth, CustomerService: p.customers, DatabaseService: p.databases,
		DumpService: p.dumps, FleetService: p.fleet, JobService: p.jobs, TrailService: p.trail, InboxService: p.inbox,
		SideBySide: store.SideBySide,
	})
	stock := graph.NewExecutableSchema(c)
	if o.Executor == config.ExecutorStock && o.ExecutorShadow <= 0 {
		return stock, nil
	}
	compiled, err := graph.NewExecutor(c, executor.Options{Level: p.stores.db.Level})
	if err != nil {
		return nil, err
	}
	p.metrics.MustRegister(operations{compiled})
	if o.ExecutorShadow <= 0 {
		return compiled, nil
	}
	answers, other := graphql.ExecutableSchema(compiled), stock
	if o.Executor == config.ExecutorStock {
		answers, other = stock, compiled
	}
	shadow := executor.NewShadow(answers, other, o.ExecutorShadow, func(ctx context.Context, d executor.Difference) {
		log.WarnContext(ctx, "the executors answered a query differently", "query_sha256", d.Query, "operation_name", d.Name, "data", d.Data, "errors", d.Errors, "panic", d.Panic)
	})
	p.metrics.MustRegister(comparisons{shadow})
	return shadow, nil
}

func (p *panel) newAPI(o config.Options, log *slog.Logger) (*httpapi.API, error) {
	schema, err := p.newSchema(o, log)
	if err != nil {
		return nil, err
	}
	documents, err := trustedDocuments(o)
	if err != nil {
		return nil, err
	}
	admission := transport.NewAdmission(transport.PointsAtOnce * runtime.GOMAXPROCS(0))
	p.metrics.MustRegister(admissions(admission)...)
	proxies, err := httpapi.ParseProxies(o.TrustedProxies)
	if err != nil {
		return nil, err
	}
	origins := httpapi.Origins(o.BaseURL, o.AllowedOrigins, proxies)
	durations := transport.NewDurations()
	refusals := transport.NewRefusals()
	p.metrics.MustRegister(durations, refusals)
	return httpapi.New(httpapi.Config{
		GraphQL: transport.New(transport.Config{
			Schema: schema, Authenticate: p.auth.Authenticate, Refused: p.refused, OriginAllowed: origins.Allow, SecureCookies: strings.HasPrefix(o.BaseURL, "https://"),
			TakesIdempotencyKey: resolvers.TakesIdempotencyKey, Live: p.live, Log: log,
			Budget: budget.New(o.CostBudget), AnonymousBudget: budget.New((o.CostBudget + 9) / 10), Documents: documents,
			Introspection: transport.Introspection(o.Introspection), Admission: admission, Durations: durations, Refusals: refusals,
		}),
		Schema:   published(schema.Schema(), o),
		GraphiQL: graphiQL(o),
		Web:      web.Files(),
		Origins:  origins,
		Proxies:  proxies,
		Ready: func(ctx context.Context) error {
			if err := p.stores.db.PingContext(ctx); err != nil {
				return fmt.Errorf("the panel's database does not answer: %w", err)
			}
			return nil
		},
		SetupNeeded: p.auth.SetupNeeded,
		Files:       files{p.dumps},
		Mailbox:     p.mails.page(),
		Audit:       auditExports{p.trail, p.refusals}, Authenticate: p.auth.Authenticate,
		Metrics: p.metrics,
		Log:     log,
	}), nil
}

// refused writes what somebody may not do into the audit.
func (p *panel) refused(ctx context.Context, r transport.Refusal) {
	p.refusals.Record(ctx, audit.Refusal{Action: r.Field, Object: r.Object, Code: string(r.Code)})
}

// published is the schema as anybody may read it; nil when not everybody may.
func published(schema *ast.Schema, o config.Options) *ast.Schema {
	if transport.Introspection(o.Introspection) != transport.IntrospectionPublic {
		return nil
	}
	return schema
}

// graphiQL are its pages; nil when they are not served. Without introspection they
// are of little use, so they have to be asked for then.
func graphiQL(o config.Options) fs.FS {
	off := transport.Introspection(o.Introspection) == transport.IntrospectionOff
	if o.GraphiQL == config.GraphiQLOff || off && o.GraphiQL != config.GraphiQLOn {
		return nil
	}
	return graphiql.Files()
}

// trustedDocuments reads the list of documents, if there is one, and where nothing else
// is executed what the panel's own pages send.
func trustedDocuments(o config.Options) (*transport.Documents, error) {
	only := o.Documents == config.DocumentsTrusted
	var pages, list []byte
	var err error
	if only {
		if pages, err = web.Documents(); err != nil {
			return nil, err
		}
	}
	if o.TrustedDocs != "" {
		if list, err = os.ReadFile(o.TrustedDocs); err != nil {
			return nil, fmt.Errorf("read trusted documents: %w", err)
		}
	}
	return transport.NewDocuments(only, pages, list)
}

// enforceQuotas tells of quotas that came to another level, and closes and opens
// what the size quotas hold.
func (p *panel) enforceQuotas(log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		crossings, err := p.customers.NoteLevels(ctx, p.quotaChanged)
		for _, c := range crossings {
			level := slog.LevelInfo
			if c.Level != models.QuotaNormal {
				level = slog.LevelWarn
			}
			log.Log(ctx, level, "quota came to another level", "customer_id", c.CustomerID.Opaque(), "quota", c.Name,
				"before", c.Before, "level", c.Level, "used", c.Used, "max", c.Max)
		}
		return errors.Join(err, p.databases.EnforceSizeQuotas(ctx))
	}
}

// quotaChanged notifies of a quota that came to another level.
func (p *panel) quotaChanged(tx store.Tx, c customer.Crossing) {
	p.inbox.QuotaChanged(tx, inbox.QuotaLevel(c))
}

// late is what comes after those who need it: the engine, whose jobs they start, and
// the connections, which they end.
type late struct{ *panel }

func (l late) Wake(id ident.JobID)   { l.engine.Wake(id) }
func (l late) Cancel(id ident.JobID) { l.engine.Cancel(id) }

func (l late) RevokeSession(id ident.SessionID)   { l.live.Revoke(live.Principal{Session: id}) }
func (l late) RevokeAPIToken(id ident.APITokenID) { l.live.Revoke(live.Principal{APIToken: id}) }

func (l late) RevokeImpersonation(id ident.ImpersonationID) {
	l.live.Revoke(live.Principal{Impersonation: id})
}

// close ends what a panel keeps open.
func (p *panel) close() {
	p.bus.close()
	p.dialer.Close()
	p.mails.close()
}
