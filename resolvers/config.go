package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/page"
)

// Config is the executable schema's configuration.
func Config(r *Resolver) graph.Config {
	return graph.Config{
		Resolvers:  r,
		Directives: graph.DirectiveRoot{Auth: authorize, StepUp: r.stepUp, Idempotent: idempotent},
	}
}

// authorize is @auth. The actor is known already; for which customers it holds
// a permission is decided by store.Visible.
func authorize(ctx context.Context, obj any, next graphql.Resolver, requires []actor.Permission, impersonators *bool) (any, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.InPerson() {
		if err := notInPerson(ctx, who, requires, impersonators); err != nil {
			return nil, err
		}
	}
	if who.SecondFactorMissing && obj == nil && !slices.Contains(enrolling, graphql.GetFieldContext(ctx).Field.Name) {
		return nil, fault.SecondFactorRequired.New("", "Your role needs a second factor: set up an authenticator app with beginTotp and confirmTotp first.")
	}
	for _, p := range requires {
		if who.Holds(p) {
			continue
		}
		if obj != nil { // an edge: null, never a reason to lose its parent
			return nil, nil
		}
		return nil, fault.Forbidden.New("", "This needs the permission %s.", p)
	}
	return next(ctx)
}

// notInPerson refuses those who are not the user in person what is the user's own: each
// mutation that needs no permission, so that a new one is closed to them, and to staff
// who act as the user also what shows a secret.
func notInPerson(ctx context.Context, who *actor.Actor, requires []actor.Permission, impersonators *bool) error {
	if f := graphql.GetFieldContext(ctx); f == nil || f.Object != "Mutation" {
		return nil
	}
	own := len(requires) == 0
	if who.APIToken.IsZero() && impersonators != nil {
		own = !*impersonators
	}
	switch {
	case !own:
		return nil
	case !who.APIToken.IsZero():
		return fault.Forbidden.New("", "Only the user can do this, signed in with the password: an API token cannot.")
	}
	return fault.Forbidden.New("", "Only the user can do this, and nobody who acts as the user.")
}

// notIdempotent are mutations of callers who are nobody yet: no one's key; and those
// with codes that are used or shown once.
var notIdempotent = []string{
	"setUp", "signIn", "refreshSession", "signUp", "verifyEmail", "requestPasswordReset", "resetPassword", "acceptInvitation",
	"confirmIdentity", "beginTotp", "confirmTotp", "disableTotp", "newRecoveryCodes",
}

// enrolling is what is left to those whose role needs a second factor that they do not
// have yet.
var enrolling = []string{"viewer", "beginTotp", "confirmTotp", "confirmIdentity", "signOut", "revokeSession", "rateLimit"}

// stepUp is @stepUp.
func (r *Resolver) stepUp(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if err := r.AuthService.StepUp(ctx); err != nil {
		return nil, err
	}
	return next(ctx)
}

// idempotent is @idempotent.
func idempotent(ctx context.Context, _ any, next graphql.Resolver, key string) (any, error) {
	f := graphql.GetFieldContext(ctx)
	if f.Object != "Mutation" || slices.Contains(notIdempotent, f.Field.Name) {
		return nil, fault.Invalid.New("", "@idempotent is for mutations other than those that sign in or have to do with codes.")
	}
	ctx, err := idempotency.WithKey(ctx, key)
	if err != nil {
		return nil, err
	}
	return next(ctx)
}

// TakesIdempotencyKey tells whether a mutation's field can be made idempotent.
func TakesIdempotencyKey(field string) bool { return !slices.Contains(notIdempotent, field) }

// args are a connection's arguments; the total is counted when it is selected.
func args(ctx context.Context, first *int, after *string, last *int, before *string) page.Args {
	a := page.Args{First: first, After: after, Last: last, Before: before, RowsAlone: true, Fields: []string{}}
	note := func(f *ast.Field, selections ast.SelectionSet) {
		switch f.Name {
		case "totalCount":
			a.WithTotal = true
		case "edges", "pageInfo":
			a.RowsAlone, a.Fields = false, nil
		case "nodes":
			if a.Fields != nil {
				a.Fields = rowFields(f.Definition.Type.Name(), selections, a.Fields)
			}
		}
	}
	selected := graphql.GetFieldContext(ctx).Field.Selections
	if slices.ContainsFunc(selected, isConditional) {
		for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
			note(f.Field, f.Selections)
		}
		return a
	}
	for _, s := range selected {
		if f, ok := s.(*ast.Field); ok {
			note(f, f.SelectionSet)
		}
	}
	return a
}

// isConditional tells whether it is not plain to see which fields a selection is.
func isConditional(s ast.Selection) bool {
	f, ok := s.(*ast.Field)
	return !ok || len(f.Directives) > 0
}

// rowFields adds the fields that are selected of rows of a type, in the form of
// page.Args; nil when there is a fragment on another type.
func rowFields(row string, selections ast.SelectionSet, fields []string) []string {
	for _, s := range selections {
		var within ast.SelectionSet
		on := row
		switch s := s.(type) {
		case *ast.Field:
			name := s.Name
			if len(s.SelectionSet) > 0 || s.Definition.Directives.ForName("goField") != nil {
				name += "()"
			}
			if name != "__typename" && !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		case *ast.InlineFragment:
			within = s.SelectionSet
			if s.TypeCondition != "" {
				on = s.TypeCondition
			}
		case *ast.FragmentSpread:
			on, within = s.Definition.TypeCondition, s.Definition.SelectionSet
		}
		if on != row {
			return nil
		}
		if fields = rowFields(row, within, fields); fields == nil {
			return nil
		}
	}
	return fields
}
