package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
)

func TestGraphiQL_WhenItIsServed(t *testing.T) {
	t.Parallel()
	for introspection, served := range map[string]map[config.GraphiQL]bool{
		"public":    {config.GraphiQLAuto: true, config.GraphiQLOn: true, config.GraphiQLOff: false},
		"signed-in": {config.GraphiQLAuto: true, config.GraphiQLOn: true, config.GraphiQLOff: false},
		"off":       {config.GraphiQLAuto: false, config.GraphiQLOn: true, config.GraphiQLOff: false},
	} {
		for setting, want := range served {
			got := graphiQL(config.Options{Introspection: introspection, GraphiQL: setting})
			require.Equal(t, want, got != nil, "introspection %s, GraphiQL %s", introspection, setting)
		}
	}
}
