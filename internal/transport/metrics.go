package transport

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
)

// NewDurations is for how long queries and mutations take, over every wire.
func NewDurations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mpanel_graphql_execution_seconds", Help: "Seconds that queries and mutations took to be executed.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"operation"})
}

// timed is finish, and notes how long it took; what a stream's events wait for is no
// matter of its.
func (c Config) timed(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	began := time.Now()
	response := finish(ctx, next)
	// Of what is refused there is no operation.
	if op := graphql.GetOperationContext(ctx).Operation; response != nil && op != nil && op.Operation != ast.Subscription {
		c.Durations.WithLabelValues(string(op.Operation)).Observe(time.Since(began).Seconds())
	}
	return response
}
