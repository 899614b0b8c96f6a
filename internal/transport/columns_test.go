package transport_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/ident"
)

// A page whose rows are asked for some columns alone is read with those alone; as
// edges it is read with all. Each field of each row must be the same in both, alone and
// with all others.
func TestColumns_ThoseThatAreAskedForAreRead(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(10)
	tenant := p.addTenant("columns", ident.CustomerID{}, p.addServer())
	tried := 0
	for _, token := range []string{p.staff(), tenant.token} {
		for _, edge := range []struct{ list, path string }{
			{"customers", "databases"}, {"customers", "memberships"}, {"customers", "children"},
			{"databases", "jobs"}, {"databases", "users"}, {"databases", "dumps"}, {"jobs", "children"},
		} {
			list := p.schema.Query.Fields.ForName(edge.list)
			parent := p.schema.Types[p.schema.Types[list.Type.Name()].Fields.ForName("nodes").Type.Name()]
			row := p.schema.Types[p.schema.Types[parent.Fields.ForName(edge.path).Type.Name()].Fields.ForName("nodes").Type.Name()]
			leaves := p.selections(row)
			for _, selection := range append(leaves, strings.Join(leaves, " "), "...on "+row.Name+"{"+leaves[0]+"} again: "+leaves[0]) {
				rows := p.must(token, fmt.Sprintf("{ list: %s(first: 20) { nodes { page: %s(first: 3) { nodes { %s } } } } }", edge.list, edge.path, selection), nil)
				edges := p.must(token, fmt.Sprintf("{ list: %s(first: 20) { nodes { page: %s(first: 3) { edges { node { %s } } } } } }", edge.list, edge.path, selection), nil)
				narrow, _ := at(rows, "list", "nodes").([]any)
				full, _ := at(edges, "list", "nodes").([]any)
				require.Len(t, narrow, len(full))
				for i := range full {
					want, _ := at(full[i], "page", "edges").([]any)
					got, _ := at(narrow[i], "page", "nodes").([]any)
					require.Len(t, got, len(want))
					for k := range want {
						tried++
						require.Equal(t, at(want[k], "node"), got[k], "%s.%s %s", edge.list, edge.path, selection)
					}
				}
			}
		}
	}
	for _, token := range []string{p.staff(), tenant.token} {
		for _, list := range []string{"customers", "databases", "jobs", "driftFindings", "databaseServers", "auditEvents"} {
			row := p.schema.Types[p.schema.Types[p.schema.Query.Fields.ForName(list).Type.Name()].Fields.ForName("nodes").Type.Name()]
			for _, selection := range p.selections(row) {
				rows := p.post(token, fmt.Sprintf("{ list: %s(first: 50) { nodes { %s } } }", list, selection), nil)
				edges := p.post(token, fmt.Sprintf("{ list: %s(first: 50) { edges { node { %s } } } }", list, selection), nil)
				want, _ := at(edges.Data, "list", "edges").([]any)
				got, _ := at(rows.Data, "list", "nodes").([]any)
				require.Len(t, got, len(want), "%s %s", list, selection)
				for i := range want {
					tried++
					require.Equal(t, at(want[i], "node"), got[i], "%s %s", list, selection)
				}
			}
		}
	}
	require.Greater(t, tried, 1000)
	// And they are read alone.
	list := p.asked(t, p.staff(), `query($n: Int) { databases(first: $n) { nodes { jobs(first: 2) { nodes { kind } } } } }`, 10)
	require.NotContains(t, list[len(list)-1], "lease_until")
	list = p.asked(t, p.staff(), `query($n: Int) { databases(first: $n) { nodes { jobs(first: 2) { nodes { kind error { message } } } } } }`, 10)
	require.NotContains(t, list[len(list)-1], "lease_until")
	require.Contains(t, list[len(list)-1], "error_message", "what its resolver looks at")
}

// selections are each field of a type alone, edges with what is below them.
func (p *panel) selections(row *ast.Definition) (list []string) {
	for _, f := range row.Fields {
		selection := fieldWalk{p.schema}.brief(f)
		switch {
		case strings.HasPrefix(f.Name, "__"):
			continue
		case !p.schema.Types[f.Type.Name()].IsLeafType():
			selection += fieldWalk{p.schema}.selection(f.Type)
		}
		list = append(list, selection)
	}
	return list
}

// A list is read without the columns that only its order looks at.
func TestColumns_OrderedByWhatIsNotSelected(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addTenant("a", zeroCustomer, p.addServer())
	for _, typ := range []string{"databases", "customers"} {
		order := p.schema.Types[p.schema.Query.Fields.ForName(typ).Arguments.ForName("order").Type.Name()]
		fields := p.schema.Types[order.Fields.ForName("field").Type.Name()].EnumValues
		require.NotEmpty(t, fields)
		for _, f := range fields {
			for _, selection := range []string{"nodes { id }", "totalCount", "edges { cursor }", "nodes { id } pageInfo { endCursor }"} {
				p.must(p.staff(), `{ `+typ+`(order: {field: `+f.Name+`, direction: DESC}) { `+selection+` } }`, nil)
			}
		}
	}
}
