package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/transport/httpstream"
)

// readOperation reads a request that has one operation, and refuses what no
// transport takes with an answer of our form. It is nil for a request that has none;
// on false the answer is written.
func (c *core) readOperation(w http.ResponseWriter, r *http.Request) (*received, bool) {
	switch {
	case r.Method == http.MethodPost:
		return c.readBody(w, r)
	case r.Method == http.MethodGet && websocket.IsWebSocketUpgrade(r), httpstream.IsAboutConnection(r):
		return nil, true
	case r.Method == http.MethodGet:
		return c.readQuery(w, r)
	}
	w.Header().Set("Allow", "GET, POST, PUT, DELETE, OPTIONS")
	c.refuse(w, r, http.StatusMethodNotAllowed, fault.Invalid, "Send operations by POST, or queries by GET.")
	return nil, false
}

// A received is the operation of a request.
type received struct {
	params graphql.RawParams
	key    string // of idempotency; that of a socket's upgrade is not meant by any operation on it
}

// bodies is memory for what is read, until it is decoded: streams go on for long after.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

type receivedKey struct{}

// receivedOf is the operation of the request that ctx is of; nil on a socket.
func receivedOf(ctx context.Context) *received {
	p, _ := ctx.Value(receivedKey{}).(*received)
	return p
}

// readQuery reads the operation of a GET's address.
func (c *core) readQuery(w http.ResponseWriter, r *http.Request) (*received, bool) {
	bad := func(message string) (*received, bool) {
		c.refuse(w, r, http.StatusBadRequest, fault.Invalid, message)
		return nil, false
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return bad("The query string is not well-formed.")
	}
	p := &received{}
	for name, to := range map[string]*map[string]any{"variables": &p.params.Variables, "extensions": &p.params.Extensions} {
		if v := values.Get(name); v != "" && decodeObject([]byte(v), to) != nil {
			return bad("The parameter " + name + " is not a JSON object.")
		}
	}
	p.params.Query, p.params.OperationName, p.params.Headers = values.Get("query"), values.Get("operationName"), r.Header
	if id := values.Get(documentID); id != "" {
		withDocumentID(&p.params, id)
	}
	if nothing(p.params) {
		return bad("There is no query.")
	}
	return p, true
}

// nothing tells whether there is no document and no name of one.
func nothing(p graphql.RawParams) bool {
	return p.Query == "" && p.Extensions[documentID] == nil && p.Extensions["persistedQuery"] == nil
}

// readBody reads a POST's body within its limit, and once. gqlgen's transports
// would repeat a malformed one, passwords and all, in their error. On false the
// answer is written.
func (c *core) readBody(w http.ResponseWriter, r *http.Request) (*received, bool) {
	if !isJSON(header(r, "Content-Type")) {
		c.refuse(w, r, http.StatusUnsupportedMediaType, fault.Invalid, "Send the operation as application/json.")
		return nil, false
	}
	body, _ := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body) // at most MaxBodyBytes are in it, and decoding keeps nothing of them
	body.Reset()
	p := &received{key: header(r, "Idempotency-Key")}
	from := r.Body
	if r.ContentLength < 0 || r.ContentLength > MaxBodyBytes { // net/http sees to it that there is no more than it says
		from = http.MaxBytesReader(w, r.Body, MaxBodyBytes)
	}
	_, err := body.ReadFrom(from)
	status, code, message := http.StatusBadRequest, fault.Invalid, ""
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		status, code, message = http.StatusRequestEntityTooLarge, fault.TooComplex, "A request has at most 64 KiB."
	case err != nil:
		message = "The request could not be read."
	case decodeOperation(body.Bytes(), &p.params) != nil:
		message = "The body is not a JSON object with query, variables and operationName."
	case nothing(p.params):
		message = "There is no query in the body."
	}
	if message != "" {
		c.refuse(w, r, status, code, message)
		return nil, false
	}
	p.params.Headers = r.Header
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
func (c *core) refuse(w http.ResponseWriter, r *http.Request, status int, code fault.Code, message string) {
	c.Refusals.WithLabelValues(reasonOfStatus(status)).Inc()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{
		"message":    message,
		"extensions": map[string]any{"code": code, "retryable": code.Retryable(), "requestId": actor.RequestFrom(r.Context()).ID},
	}}})
}
