package transport_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/transport"
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

// Whatever depth an operation may have, what the schema says of itself has its own.
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

func TestIntrospection_ForWhom(t *testing.T) {
	t.Parallel()
	const schema, typename = `{ __schema { queryType { name } } }`, `{ __typename }`
	for who, tc := range map[transport.Introspection]struct{ signedIn, nobody bool }{
		"":                              {true, true},
		transport.IntrospectionPublic:   {true, true},
		transport.IntrospectionSignedIn: {true, false},
		transport.IntrospectionOff:      {false, false},
	} {
		p := newPanelWith(t, transport.Config{Introspection: who})
		for token, allowed := range map[string]bool{p.staff(): tc.signedIn, "": tc.nobody} {
			r := p.post(token, schema, nil)
			if allowed {
				require.Empty(t, r.Errors, r.body)
			} else {
				require.Equal(t, []string{"FORBIDDEN"}, r.codes(), r.body)
				require.NotContains(t, r.body, `"Query"`)
			}
			require.Empty(t, p.post(token, typename, nil).Errors)
		}
	}
}
