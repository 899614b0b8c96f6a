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
