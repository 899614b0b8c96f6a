package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	gqltransport "github.com/99designs/gqlgen/graphql/handler/transport"
)

// NewWithGqlgensPost is New with the transport that ours stands for.
func NewWithGqlgensPost(c Config) http.Handler {
	core := newCore(c)
	core.post = gqlgensPost{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		core.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), bodyKey{}, body)))
	})
}

type bodyKey struct{}

type gqlgensPost struct{ gqltransport.POST }

func (g gqlgensPost) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	body, _ := r.Context().Value(bodyKey{}).([]byte)
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.POST.Do(w, r, exec)
}

// Enter takes points of an admission, as a caller's query of that cost does.
func (a *Admission) Enter(ctx context.Context, caller string, cost int) (leave func(), err error) {
	return a.enter(ctx, caller, cost)
}

// What bounds the wait for an admission.
const (
	AdmissionWait     = admissionWait
	MaxAdmissionQueue = maxAdmissionQueue
	MaxAdmissionLine  = maxAdmissionLine
)

// Coerced tells whether variables are taken as they came.
var Coerced = coerced

// CallerOf is whose line a query waits in.
var CallerOf = callerOf
