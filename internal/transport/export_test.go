package transport

import (
	"bytes"
	"io"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	gqltransport "github.com/99designs/gqlgen/graphql/handler/transport"
)

// NewWithGqlgensPost is New with the transport that ours stands for.
func NewWithGqlgensPost(c Config) http.Handler { return c.handler(gqlgensPost{}) }

type gqlgensPost struct{ gqltransport.POST }

func (g gqlgensPost) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	r.Body = io.NopCloser(bytes.NewReader(receivedOf(r.Context()).body.Bytes()))
	g.POST.Do(w, r, exec)
}
