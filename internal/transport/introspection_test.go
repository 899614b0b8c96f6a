package transport_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIntrospection_IsThereForTools(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	d := p.must("", `{ __schema { queryType { name } types { name description fields { name description args { name description } } enumValues { name description } } } }`, nil)
	require.Equal(t, "Query", at(d, "__schema", "queryType", "name"))
	for _, def := range p.schema.Types {
		if def.BuiltIn || strings.HasPrefix(def.Name, "__") {
			continue
		}
		require.NotEmpty(t, def.Description, def.Name)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			require.NotEmpty(t, f.Description, "%s.%s", def.Name, f.Name)
			for _, a := range f.Arguments {
				require.NotEmpty(t, a.Description, "%s.%s(%s)", def.Name, f.Name, a.Name)
			}
		}
		for _, v := range def.EnumValues {
			require.NotEmpty(t, v.Description, "%s.%s", def.Name, v.Name)
		}
	}
}

// The complexity limit does not see what the schema says of itself.
func TestIntrospection_TooDeep(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	nested := func(n int) string {
		return `{ __schema { types ` + strings.Repeat("{ fields { type ", n) + "{ name }" + strings.Repeat(" } }", n) + " } }"
	}
	require.Empty(t, p.post("", nested(2), nil).codes())
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post("", nested(3), nil).codes())
	require.Equal(t, []string{"TOO_COMPLEX"}, p.post("", `fragment T on __Type { fields { type { interfaces { possibleTypes { ...F } } } } }
		fragment F on __Type { name inputFields { name } }
		query { __type(name: "Query") { ... on __Type { ...T } } }`, nil).codes())
}
