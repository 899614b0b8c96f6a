package transport

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// NewDurations is for how long queries and mutations take, over every wire.
func NewDurations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mpanel_graphql_execution_seconds", Help: "Seconds that queries and mutations took to be executed.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"operation"})
}

// Why an operation or a request is refused, beside what its document is refused for.
const (
	reasonCost         = "cost"
	reasonRateLimited  = "rate_limited"
	reasonDocuments    = "documents" // not of the list
	reasonNotPersisted = "not_persisted"
	reasonBody         = "body"
	reasonBodySize     = "body_size"
	reasonContentType  = "content_type"
	reasonMethod       = "method" // or a transport that cannot do it
	reasonOrigin       = "origin"
	reasonStream       = "stream" // no such one, or used already
	reasonConnections  = "connections"
	reasonUnavailable  = "unavailable"
)

// reasons are all that there are: what clients send is no label.
var reasons = []string{
	document.ReasonTokens, document.ReasonOperations, document.ReasonFragments, document.ReasonFields, document.ReasonAliases,
	document.ReasonDirectives, document.ReasonListItems, document.ReasonDepth, document.ReasonIntrospectionDepth, document.ReasonReach,
	document.ReasonMerging, document.ReasonIntrospection, document.ReasonInvalid,
	reasonCost, reasonRateLimited, reasonDocuments, reasonNotPersisted, reasonBody, reasonBodySize, reasonContentType, reasonMethod,
	reasonOrigin, reasonStream, reasonConnections, reasonUnavailable,
}

// NewRefusals is for what is refused before it is executed, over every wire.
func NewRefusals() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mpanel_graphql_refused_total", Help: "Operations and requests that were refused before they were executed, by the limit or what else was wrong.",
	}, []string{"reason"})
	for _, reason := range reasons {
		c.WithLabelValues(reason) // a series that is not there tells nothing
	}
	return c
}

// reasonOf is why an operation was refused.
func reasonOf(errs gqlerror.List) string {
	if reason := document.Reason(errs); reason != "" {
		return reason
	}
	switch code := fault.CodeOf(errs); {
	case code == fault.RateLimited:
		return reasonRateLimited
	case code == fault.TooComplex:
		return reasonCost
	case code == fault.Forbidden:
		return reasonDocuments
	case code == fault.NotFound:
		return reasonNotPersisted
	}
	return document.ReasonInvalid
}

// reasonOfStatus is why a request was refused that no operation was taken of.
func reasonOfStatus(status int) string {
	switch status {
	case http.StatusForbidden:
		return reasonOrigin
	case http.StatusNotFound, http.StatusConflict:
		return reasonStream
	case http.StatusMethodNotAllowed, http.StatusNotAcceptable:
		return reasonMethod
	case http.StatusRequestEntityTooLarge:
		return reasonBodySize
	case http.StatusUnsupportedMediaType:
		return reasonContentType
	case http.StatusTooManyRequests:
		return reasonConnections
	case http.StatusServiceUnavailable:
		return reasonUnavailable
	}
	return reasonBody
}
