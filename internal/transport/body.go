package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// readOperation refuses what no transport takes, with an answer of our form. On
// false the answer is written. Only a POST's operation is read here.
func readOperation(w http.ResponseWriter, r *http.Request) (*posted, bool) {
	switch {
	case r.Method == http.MethodPost:
		return readBody(w, r)
	case r.Method == http.MethodGet && r.Header.Get("Upgrade") != "":
		return nil, true
	case r.Method == http.MethodGet:
		return nil, readQuery(w, r)
	}
	w.Header().Set("Allow", "GET, POST, OPTIONS")
	refuse(w, r, http.StatusMethodNotAllowed, fault.Invalid, "Send operations by POST, or queries by GET.")
	return nil, false
}

// readQuery checks a GET: anybody's page can make a browser send one, so it
// must not change anything.
func readQuery(w http.ResponseWriter, r *http.Request) bool {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, r, http.StatusBadRequest, fault.Invalid, "The query string is not well-formed.")
		return false
	}
	for _, name := range []string{"variables", "extensions"} {
		var object map[string]any
		if v := values.Get(name); v != "" && json.Unmarshal([]byte(v), &object) != nil {
			refuse(w, r, http.StatusBadRequest, fault.Invalid, "The parameter "+name+" is not a JSON object.")
			return false
		}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: values.Get("query")}, document.SignedIn.Tokens)
	if err != nil || doc == nil {
		return true // the executor says what is wrong
	}
	if op := doc.Operations.ForName(values.Get("operationName")); op != nil && op.Operation != ast.Query {
		w.Header().Set("Allow", "POST")
		refuse(w, r, http.StatusMethodNotAllowed, fault.Invalid, "Only queries can be sent by GET.")
		return false
	}
	return true
}

// A posted is the operation of a POST. Its body is pooled, and must not be used
// once it is released.
type posted struct {
	params graphql.RawParams
	key    string // of idempotency; that of a socket's upgrade is not meant by any operation on it
	body   *bytes.Buffer
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (p *posted) release() {
	p.body.Reset()
	bodies.Put(p.body) // at most MaxBodyBytes were in it
}

type postedKey struct{}

// postedOf is the operation of the POST that ctx is of; nil of anything else.
func postedOf(ctx context.Context) *posted {
	p, _ := ctx.Value(postedKey{}).(*posted)
	return p
}

// readBody reads a POST's body within its limit, and once. gqlgen's transports
// would repeat a malformed one, passwords and all, in their error. On false the
// answer is written.
func readBody(w http.ResponseWriter, r *http.Request) (*posted, bool) {
	if !isJSON(r.Header.Get("Content-Type")) {
		refuse(w, r, http.StatusUnsupportedMediaType, fault.Invalid, "Send the operation as application/json.")
		return nil, false
	}
	start := graphql.Now()
	body, _ := bodies.Get().(*bytes.Buffer)
	p := &posted{key: r.Header.Get("Idempotency-Key"), body: body}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	status, code, message := 0, fault.Invalid, ""
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		status, code, message = http.StatusRequestEntityTooLarge, fault.TooComplex, "A request has at most 64 KiB."
	} else if err != nil {
		status, message = http.StatusBadRequest, "The request could not be read."
	} else if decodeOperation(body.Bytes(), &p.params) != nil {
		status, message = http.StatusBadRequest, "The body is not a JSON object with query, variables and operationName."
	}
	if status != 0 {
		p.release()
		refuse(w, r, status, code, message)
		return nil, false
	}
	p.params.Headers = r.Header
	p.params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") { // gqlgen's SSE reads for itself
		r.Body = io.NopCloser(bytes.NewReader(body.Bytes()))
	}
	return p, true
}

func isJSON(contentType string) bool {
	if contentType == mediaJSON { // as nearly everybody writes it
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == mediaJSON
}

// refuse answers before there is an operation.
func refuse(w http.ResponseWriter, r *http.Request, status int, code fault.Code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{
		"message":    message,
		"extensions": map[string]any{"code": code, "retryable": code.Retryable(), "requestId": actor.RequestFrom(r.Context()).ID},
	}}})
}
