// Package torture serves the torture schema: resolvers that fail, panic, give
// null where none may be, too few results, or things of no known type. What they
// do depends on nothing but ids, so that two executors must answer alike.
package torture

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

type roleKey struct{}

// WithRole gives the caller a role.
func WithRole(ctx context.Context, r model.Role) context.Context {
	return context.WithValue(ctx, roleKey{}, r)
}

// Config is the schema's.
func Config() graph.Config {
	rank := map[model.Role]int{"": 0, model.RoleUser: 1, model.RoleAdmin: 2, model.RoleRoot: 3}
	return graph.Config{Resolvers: root{}, Directives: graph.DirectiveRoot{
		Auth: func(ctx context.Context, _ any, next graphql.Resolver, role model.Role) (any, error) {
			have, _ := ctx.Value(roleKey{}).(model.Role)
			switch {
			case rank[have] >= rank[role]:
				return next(ctx)
			case role == model.RoleRoot && have == model.RoleAdmin:
				return nil, nil // null in the place of an error
			}
			if role == model.RoleRoot { // with an error that gqlgen writes into
				return nil, fmt.Errorf("wrapped: %w", &gqlerror.Error{Message: "needs more", Extensions: map[string]any{"role": role}})
			}
			return nil, fmt.Errorf("needs %s", role)
		},
		Upper: func(ctx context.Context, obj any, next graphql.Resolver) (any, error) {
			v, err := next(ctx)
			if err != nil {
				return nil, err
			}
			if u, ok := obj.(*model.User); ok && u.N%13 == 0 {
				return 13, nil // of another type than it should be
			}
			switch s := v.(type) {
			case string:
				return strings.ToUpper(s), nil
			case *string:
				if s != nil {
					return new(strings.ToUpper(*s)), nil
				}
			}
			return nil, nil
		},
		AtMost: func(ctx context.Context, _ any, next graphql.Resolver, n int) (any, error) {
			v, err := next(ctx)
			if p, ok := v.(*int); ok && p != nil && *p > n {
				return nil, fmt.Errorf("at most %d", n)
			}
			return v, err
		},
		Note: func(ctx context.Context, _ any, next graphql.Resolver, _ string) (any, error) { return next(ctx) },
	}}
}

var errBad = errors.New("resolver failed")

// each runs f for every parent and collects the errors of each.
func each[P, R any](in []*P, f func(*P) (R, error)) ([]R, error) {
	out, errs, bad := make([]R, len(in)), make(graphql.BatchErrorList, len(in)), false
	for i, p := range in {
		if p == nil { // gqlgen gives null elements to batch resolvers
			continue
		}
		out[i], errs[i] = f(p)
		bad = bad || errs[i] != nil
	}
	if bad {
		return out, errs
	}
	return out, nil
}

type root struct{}

func (root) Query() graph.QueryResolver               { return query{} }
func (root) Mutation() graph.MutationResolver         { return mutation{} }
func (root) Subscription() graph.SubscriptionResolver { return subscription{} }
func (root) User() graph.UserResolver                 { return userResolver{} }
func (root) Post() graph.PostResolver                 { return postResolver{} }
func (root) Comment() graph.CommentResolver           { return commentResolver{} }

type query struct{}

func (query) User(_ context.Context, id string) (*model.User, error) {
	switch n := number("q", id); {
	case n%5 == 0:
		return nil, errBad
	case n%7 == 0:
		return nil, nil
	}
	return user(id), nil
}

func (query) Users(_ context.Context, n int) ([]*model.User, error) {
	var list []*model.User
	for i := range n {
		list = append(list, user(strconv.Itoa(i)))
	}
	if n == 5 {
		list[2] = nil
	}
	return list, nil
}

func (query) MaybeUsers(_ context.Context, n *int) ([]*model.User, error) {
	if n == nil {
		return nil, nil
	}
	list := []*model.User{}
	for i := range *n {
		list = append(list, user(fmt.Sprint("m", i)))
		if i%3 == 1 {
			list[i] = nil
		}
	}
	return list, nil
}

func (query) Node(_ context.Context, id string) (model.Node, error) { return node(id), nil }

func (query) Search(_ context.Context, q string) ([]model.Search, error) {
	list := found(q, 6)
	list[3] = nil
	return list, nil
}

func (query) Me(context.Context) (*model.User, error)       { return user("me"), nil }
func (query) Count(context.Context) (int, error)            { return 42, nil }
func (query) Fail(context.Context) (*string, error)         { return nil, errBad }
func (query) FailReq(context.Context) (*model.User, error)  { return nil, errBad }
func (query) Panics(context.Context) ([]*model.User, error) { panic("root") }
func (query) Admin(context.Context) (*model.User, error)    { return user("root"), nil }
func (query) Tag(context.Context) (*model.Tag, error) {
	return &model.Tag{Label: "t", Weight: 0.1}, nil
}
func (query) Shout(_ context.Context, x string) (string, error) { return x, nil }

func (query) Things(_ context.Context, q string) ([]model.Thing, error) {
	return []model.Thing{post(q), &model.Comment{ID: q, Text: "t", N: number("c", q)}, post(q + "2")}, nil
}

// Echo tells what its arguments are.
func (query) Echo(_ context.Context, x *string, n *int, roles []model.Role, f *model.PostFilter, grid [][]int, big *model.BigInt) (string, error) {
	filter := "-"
	if f != nil {
		filter = fmt.Sprint("{", shown(f.Title), " ", shown(f.Min), " ", f.Roles, "}")
	}
	return fmt.Sprint(shown(x), " ", shown(n), " ", roles, " ", filter, " ", grid, " ", shown(big)), nil
}

func shown[T any](v *T) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(*v)
}

// Wait waits for the end of the context.
func (query) Wait(ctx context.Context) (*model.User, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type mutation struct{}

func (mutation) Add(_ context.Context, x int) (int, error) {
	if x == 3 {
		return 0, errBad
	}
	return x + 1, nil
}

func (mutation) Rename(_ context.Context, id string, name *string) (*model.User, error) {
	u := user(id)
	u.Name = name
	return u, nil
}

func (mutation) Boom(context.Context) (*model.User, error) { return nil, nil }

type subscription struct{}

func (subscription) Ticks(_ context.Context, id string) (<-chan *model.User, error) {
	if number("t", id)%6 == 0 {
		return nil, errBad
	}
	return events(user(id+"1"), user(id+"2")), nil
}

func (subscription) Maybe(_ context.Context, id string) (<-chan *model.User, error) {
	return events(user(id+"1"), nil), nil
}

func (subscription) Secret(context.Context) (<-chan *model.User, error) {
	return events(user("secret")), nil
}
func (subscription) Panics(context.Context) (<-chan *model.User, error) { panic("stream") }
func (subscription) Count(context.Context) (<-chan int, error)          { return events(1, 2), nil }

func events[T any](list ...T) <-chan T {
	c := make(chan T, len(list))
	for _, v := range list {
		c <- v
	}
	close(c)
	return c
}
