package app

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/testkit"
)

// Each way to execute the graph answers, and says so in the metrics.
func TestPanel_Executors(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for name, tc := range map[string]struct {
		executor config.Executor
		shadow   int
		series   []string
		missing  string
	}{
		"the default": {"", 0, []string{`mpanel_graphql_operations_total{executor="compiled"} 2`, `mpanel_graphql_operations_total{executor="stock"} 1`}, "compared"},
		"compiled":    {config.ExecutorCompiled, 0, []string{`mpanel_graphql_operations_total{executor="compiled"} 2`}, "compared"},
		"stock":       {config.ExecutorStock, 0, nil, "mpanel_graphql_operations"},
		"compiled, compared": {
			config.ExecutorCompiled, 1,
			[]string{"mpanel_graphql_queries_compared_total 3", "mpanel_graphql_queries_different_total 0"}, "nothing else",
		},
		"stock, compared": {
			config.ExecutorStock, 2,
			[]string{"mpanel_graphql_queries_compared_total 1", "mpanel_graphql_queries_different_total 0"}, "nothing else",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := newPanel(t.Context(), &stores{db: db, box: testkit.Box(t)}, config.Options{
				DataDir: t.TempDir(), BaseURL: "http://panel.test", Executor: tc.executor, ExecutorShadow: tc.shadow,
			}, fast(name, nil), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			t.Cleanup(p.close)
			srv := httptest.NewServer(p.api)
			t.Cleanup(srv.Close)
			for _, query := range []string{`{ __typename }`, `{ viewer { user { email } } }`, `{ __schema { queryType { name } } }`} {
				body := bytes.NewBufferString(`{"query": "` + query + `"}`)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/graphql", body)
				require.NoError(t, err)
				req.Header.Set("Content-Type", "application/json")
				answer := ask(t, req)
				require.Contains(t, answer, `"data"`, query)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/metrics", nil)
			require.NoError(t, err)
			metrics := ask(t, req)
			for _, s := range tc.series {
				require.Contains(t, metrics, s+"\n")
			}
			require.NotContains(t, metrics, tc.missing)
		})
	}
}

func ask(t *testing.T, req *http.Request) string {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}
