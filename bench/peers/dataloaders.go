package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	gqltransport "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vikstrous/dataloadgen"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
	"github.com/mpanel/mpanel/resolvers"
)

// loadWait is how long a dataloader waits for more keys.
const loadWait = time.Millisecond

// newDataloaders serves the panel's graph in the way of gqlgen's handbook: its own
// executor and transport, and a dataloader for each edge that the operations use.
// Who calls is found out as in the panel.
func newDataloaders(ctx context.Context, url, key string) (http.Handler, error) {
	db, err := store.Open(ctx, secret.New(url))
	if err != nil {
		return nil, err
	}
	box, err := secret.NewBox(secret.New(key))
	if err != nil {
		return nil, err
	}
	var installation models.Installation
	if err := db.NewSelect().Model(&installation).Column("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the installation's id: %w", err)
	}
	log := slog.New(slog.DiscardHandler)
	users, err := auth.NewService(auth.Config{DB: db, Box: box, Issuer: "urn:mpanel:" + installation.ID.String(), Log: log})
	if err != nil {
		return nil, err
	}
	databases := database.NewService(db, box, nil, nil, installation.ID, nil, log)
	r := &resolvers.Resolver{
		AuthService: users, DatabaseService: databases, CustomerService: customer.NewService(db, nil, databases), JobService: jobs.NewService(db, nil, nil), SideBySide: store.SideBySide,
	}
	c := resolvers.Config(r)
	c.Resolvers = root{r}
	srv := handler.New(graph.NewExecutableSchema(c))
	srv.AddTransport(gqltransport.POST{})
	srv.SetQueryCache(lru.New[*ast.QueryDocument](100))
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		who, err := users.Authenticate(req.Context(), token)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		ctx := context.WithValue(actor.With(req.Context(), who), loadersKey{}, newLoaders(r))
		srv.ServeHTTP(w, req.WithContext(ctx))
	}), nil
}

// root puts loaders in front of the resolvers of what is below lists.
type root struct{ *resolvers.Resolver }

func (r root) Customer() graph.CustomerResolver { return customerEdges{r.Resolver.Customer()} }
func (r root) Database() graph.DatabaseResolver { return databaseEdges{r.Resolver.Database()} }
func (r root) Membership() graph.MembershipResolver {
	return membershipEdges{r.Resolver.Membership()}
}

type (
	customerEdges   struct{ graph.CustomerResolver }
	databaseEdges   struct{ graph.DatabaseResolver }
	membershipEdges struct{ graph.MembershipResolver }
)

// A pageOf is a parent and the arguments of its edge, as JSON.
type pageOf[P any] struct {
	parent P
	args   string
}

type loaders struct {
	databases *dataloadgen.Loader[pageOf[*models.Customer], *page.Connection[*models.Database]]
	jobs      *dataloadgen.Loader[pageOf[*models.Database], *page.Connection[*models.Job]]
	logins    *dataloadgen.Loader[pageOf[*models.Database], *page.Connection[*models.DatabaseUser]]
	hosts     *dataloadgen.Loader[*models.Database, string]
	users     *dataloadgen.Loader[*models.Membership, *models.User]
}

type loadersKey struct{}

func loadersOf(ctx context.Context) *loaders {
	l, _ := ctx.Value(loadersKey{}).(*loaders)
	return l
}

func newLoaders(r *resolvers.Resolver) *loaders {
	return &loaders{
		databases: pages(r.Customer().Databases), jobs: pages(r.Database().Jobs), logins: pages(r.Database().Users),
		hosts: single(r.Database().Host), users: single(r.Membership().User),
	}
}

type arguments struct {
	First, Last   *int
	After, Before *string
}

type edge[P, C any] = func(ctx context.Context, parents []P, first *int, after *string, last *int, before *string) ([]*page.Connection[C], error)

// pages loads pages, those with the same arguments together.
func pages[P comparable, C any](find edge[P, C]) *dataloadgen.Loader[pageOf[P], *page.Connection[C]] {
	return dataloadgen.NewLoader(func(ctx context.Context, keys []pageOf[P]) ([]*page.Connection[C], []error) {
		out := make([]*page.Connection[C], len(keys))
		groups := map[string][]int{}
		for i, k := range keys {
			groups[k.args] = append(groups[k.args], i)
		}
		for text, places := range groups {
			var a arguments
			if err := json.Unmarshal([]byte(text), &a); err != nil {
				return nil, []error{err}
			}
			parents := make([]P, len(places))
			for i, place := range places {
				parents[i] = keys[place].parent
			}
			found, err := find(ctx, parents, a.First, a.After, a.Last, a.Before)
			if err != nil {
				return nil, []error{err}
			}
			for i, place := range places {
				out[place] = found[i]
			}
		}
		return out, nil
	}, dataloadgen.WithWait(loadWait))
}

func single[P comparable, V any](find func(context.Context, []P) ([]V, error)) *dataloadgen.Loader[P, V] {
	return dataloadgen.NewLoader(func(ctx context.Context, keys []P) ([]V, []error) {
		found, err := find(ctx, keys)
		if err != nil {
			return nil, []error{err}
		}
		return found, nil
	}, dataloadgen.WithWait(loadWait))
}

// load asks for the pages of all parents at once.
func load[P comparable, C any](ctx context.Context, l *dataloadgen.Loader[pageOf[P], *page.Connection[C]], parents []P, a arguments) ([]*page.Connection[C], error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	keys := make([]pageOf[P], len(parents))
	for i, p := range parents {
		keys[i] = pageOf[P]{p, string(text)}
	}
	return l.LoadAll(ctx, keys)
}

func (customerEdges) Databases(ctx context.Context, objs []*models.Customer, first *int, after *string, last *int, before *string) ([]*page.Connection[*models.Database], error) {
	return load(ctx, loadersOf(ctx).databases, objs, arguments{first, last, after, before})
}

func (databaseEdges) Jobs(ctx context.Context, objs []*models.Database, first *int, after *string, last *int, before *string) ([]*page.Connection[*models.Job], error) {
	return load(ctx, loadersOf(ctx).jobs, objs, arguments{first, last, after, before})
}

func (databaseEdges) Users(ctx context.Context, objs []*models.Database, first *int, after *string, last *int, before *string) ([]*page.Connection[*models.DatabaseUser], error) {
	return load(ctx, loadersOf(ctx).logins, objs, arguments{first, last, after, before})
}

func (databaseEdges) Host(ctx context.Context, objs []*models.Database) ([]string, error) {
	return loadersOf(ctx).hosts.LoadAll(ctx, objs)
}

func (membershipEdges) User(ctx context.Context, objs []*models.Membership) ([]*models.User, error) {
	return loadersOf(ctx).users.LoadAll(ctx, objs)
}
