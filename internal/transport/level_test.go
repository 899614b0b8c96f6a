package transport_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/models"
)

type panicking struct{ graph.ResolverRoot }

type panickingJob struct{ graph.JobResolver }

func (p panicking) Job() graph.JobResolver { return panickingJob{p.ResolverRoot.Job()} }

func (panickingJob) Customer(context.Context, []*models.Job) ([]*models.Customer, error) {
	panic("a mistake of ours")
}

// A resolver that panics beside others which read in one batch fails alone, and
// nobody waits for it.
func TestLevel_OnePanics(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("a", zeroCustomer, p.addServer())
	broken := p.graph
	broken.Resolvers = panicking{broken.Resolvers}
	h := transport.New(transport.Config{
		Schema: executable(t, broken, p.db.Level), Authenticate: p.authenticate, OriginAllowed: func(*http.Request) bool { return true },
		TakesIdempotencyKey: func(string) bool { return false }, Log: slog.New(slog.DiscardHandler),
	})
	w := serve(t, h, a.token, "", body(`{ jobs { nodes { kind customer { name } steps { name } resource { id } } } }`))
	var got struct {
		Data struct {
			Jobs struct {
				Nodes []struct {
					Kind     string
					Customer *struct{ Name string }
					Resource *struct{ ID string }
				}
			}
		}
		Errors []struct{ Path []any }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), w.Body)
	require.NotEmpty(t, got.Data.Jobs.Nodes, w.Body)
	require.Len(t, got.Errors, len(got.Data.Jobs.Nodes))
	for i, n := range got.Data.Jobs.Nodes {
		require.Nil(t, n.Customer, "it panicked")
		require.Equal(t, []any{"jobs", "nodes", float64(i), "customer"}, got.Errors[i].Path)
		require.NotNil(t, n.Resource, "read in the same batch")
	}
}
