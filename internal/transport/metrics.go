package transport

import (
	"github.com/prometheus/client_golang/prometheus"
)

// NewDurations is for how long queries and mutations take, over every wire.
func NewDurations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mpanel_graphql_execution_seconds", Help: "Seconds that queries and mutations took to be executed.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"operation"})
}
