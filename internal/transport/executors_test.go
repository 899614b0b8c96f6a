package transport_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/ident"
)

// Random queries of staff, of tenants and of nobody, over real rows: both
// executors give the same answer to the byte, and the same errors.
func TestExecutors_AnswerAlike(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(8)
	server := p.addServer()
	reseller := p.addTenant("reseller", ident.CustomerID{}, server)
	tenants := []tenant{reseller, p.addTenant("below", reseller.customer, server), p.addTenant("other", ident.CustomerID{}, server)}
	compiled, err := graph.NewExecutor(p.graph, executor.Options{Level: p.db.Level})
	require.NoError(t, err)
	stock, ours := gqlexecutor.New(graph.NewExecutableSchema(p.graph)), gqlexecutor.New(compiled)

	callers := []*actor.Actor{nil, {User: reseller.user}, {User: reseller.user, Provider: allPermissions()}}
	for _, s := range tenants {
		who, err := p.authenticate(t.Context(), s.token)
		require.NoError(t, err)
		callers = append(callers, who)
	}
	n, seed := 2000, uint64(1)
	if s := os.Getenv("EXECUTOR_OPERATIONS"); s != "" {
		n, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	if s := os.Getenv("SEED"); s != "" {
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	o := &difftest.Operations{Rand: rand.New(rand.NewPCG(seed, 0)), Schema: p.schema, MaxDepth: 6}
	o.Argument = p.randomArgument(o, tenants)
	figures, features := difftest.Figures{}, difftest.Features{}
	for tried := 0; figures.Operations < n; tried++ {
		require.Less(t, tried, 20*n, "hardly anything is valid")
		document, variables := o.Next(ast.Query)
		ctx := t.Context()
		if who := callers[o.Rand.IntN(len(callers))]; who != nil {
			ctx = actor.With(ctx, who)
		}
		want := difftest.Run(ctx, stock, document, variables)
		if want.Invalid != nil {
			continue
		}
		got := difftest.Run(ctx, ours, document, variables)
		figures.Note(want)
		features.Note(want, p.schema, variables)
		if !difftest.Equal(t, want, got, document, variables) {
			t.Fatalf("seed %d, operation %d", seed, figures.Operations)
		}
	}
	planned, fallen := compiled.Counts()
	t.Logf("%+v, %d planned", figures, planned)
	require.Zero(t, fallen)
	var unasked []string // of mutations, which the tests of each compare
	for name, d := range p.schema.Types {
		if strings.HasSuffix(name, "Payload") || name == "DatabaseCredentials" || name == "Preview" || name == "Mutation" || name == "Subscription" {
			for _, f := range d.Fields {
				unasked = append(unasked, name+"."+f.Name)
			}
		}
	}
	if n >= 2000 { // fewer have not everything in them
		require.Empty(t, features.Missing(p.schema, unasked), "the operations had no such thing in them")
	}
	require.Greater(t, figures.Bytes, 150*n, "answers have something in them")
	require.Greater(t, figures.Failed, n/20)
}

// randomArgument makes arguments of the panel's schema: ids of several tenants
// and of nothing, small pages, filters and orders.
func (p *panel) randomArgument(o *difftest.Operations, tenants []tenant) func(string, string, *ast.ArgumentDefinition) string {
	r := o.Rand
	ids := []string{"nothing", ident.NewDatabaseID().Opaque(), ident.Opaque(ident.DatabaseServer, uuid.New())}
	for _, s := range tenants {
		for _, kind := range slices.Sorted(maps.Keys(s.ids())) {
			ids = append(ids, s.ids()[kind])
		}
	}
	var value func(t *ast.Type) string
	value = func(t *ast.Type) string {
		if t.Elem != nil {
			return "[" + value(t.Elem) + ", " + value(t.Elem) + "]"
		}
		def := p.schema.Types[t.Name()]
		switch {
		case def.Kind == ast.Enum:
			return def.EnumValues[r.IntN(len(def.EnumValues))].Name
		case def.Kind == ast.InputObject:
			fields := ""
			for _, f := range def.Fields {
				if f.Type.NonNull && f.DefaultValue == nil || r.IntN(3) == 0 {
					fields += f.Name + ": " + value(f.Type) + " "
				}
			}
			return "{" + fields + "}"
		}
		switch t.Name() {
		case "ID":
			return strconv.Quote(ids[r.IntN(len(ids))])
		case "Int":
			return strconv.Itoa(r.IntN(6))
		case "Boolean":
			return strconv.FormatBool(r.IntN(2) == 0)
		case "BigInt":
			return fmt.Sprintf(`"%d"`, r.IntN(100))
		}
		return `"sample"`
	}
	return func(_, _ string, arg *ast.ArgumentDefinition) string {
		if t := arg.Type.Name(); t == "Cursor" || t == "StreamPosition" {
			if r.IntN(10) > 0 {
				return ""
			}
		}
		if arg.Type.String() == "ID!" && r.IntN(2) == 0 {
			return o.Variable("ID!", ids[r.IntN(len(ids))])
		}
		return value(arg.Type)
	}
}
