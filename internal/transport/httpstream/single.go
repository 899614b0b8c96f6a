package httpstream

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
)

// What the mode of a single connection has names for.
const (
	tokenHeader = "X-GraphQL-Event-Stream-Token" //nolint:gosec // a name
	operationID = "operationId"
)

const (
	reservedFor     = 30 * time.Second // until the stream is opened
	maxReservations = 10_000
)

// Token is the one of the single connection that a request is about; "" for none.
func Token(r *http.Request) string {
	if t := r.Header.Get(tokenHeader); t != "" {
		return t
	}
	return r.URL.Query().Get("token")
}

// IsAboutConnection tells whether a request is about a single connection and has no
// operation of its own.
func IsAboutConnection(r *http.Request) bool {
	switch r.Method {
	case http.MethodPut, http.MethodDelete:
		return true
	case http.MethodGet:
		return Token(r) != "" && formOf(r) == &events
	}
	return false
}

// A reservation is a single connection: it is promised first, then opened, and has
// the operations of other requests.
type reservation struct {
	who     *actor.Actor // nil for nobody
	expires time.Time    // unless it is opened
	conn    *live.Conn   // nil until it is
}

// Reservations are those of one node. The zero value is ready for use.
type Reservations struct {
	mu      sync.Mutex
	byToken map[string]*reservation
}

// reserve promises a connection; false when there are too many promises.
func (r *Reservations) reserve(who *actor.Actor) (token string, ok bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, v := range r.byToken {
		if len(r.byToken) < maxReservations {
			break
		}
		if v.conn == nil && now.After(v.expires) {
			delete(r.byToken, t)
		}
	}
	if len(r.byToken) >= maxReservations {
		return "", false
	}
	if r.byToken == nil {
		r.byToken = map[string]*reservation{}
	}
	token = rand.Text()
	r.byToken[token] = &reservation{who: who, expires: now.Add(reservedFor)}
	return token, true
}

// open gives the promised connection to the first who asks.
func (r *Reservations) open(token string, conn *live.Conn) (who *actor.Actor, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.byToken[token]
	switch {
	case v == nil, v.conn == nil && time.Now().After(v.expires):
		return nil, http.StatusNotFound
	case v.conn != nil:
		return nil, http.StatusConflict
	}
	v.conn = conn
	return v.who, 0
}

func (r *Reservations) forget(token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byToken, token)
}

// of is the open connection of a token, for its owner; nil for everybody else.
func (r *Reservations) of(token string, who *actor.Actor) *live.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.byToken[token]
	if v == nil || (v.who == nil) != (who == nil) || who != nil && who.User != v.who.User {
		return nil
	}
	return v.conn
}

// single answers what is about a single connection: PUT promises it, GET opens it,
// POST begins an operation on it, and DELETE ends one.
func (t *Transport) single(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	who, _ := actor.From(r.Context())
	token := Token(r)
	if r.Method == http.MethodPut {
		token, ok := t.Reservations.reserve(who)
		if !ok {
			w.Header().Set("Retry-After", "30")
			t.Refuse(w, r, http.StatusTooManyRequests, fault.RateLimited, "There are too many connections; try again later.")
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(token)) // the client may be gone
		return
	}
	if r.Method == http.MethodGet {
		s := newStream(w, &shared)
		if t.open(w, r, s, func() (*actor.Actor, int) { return t.Reservations.open(token, s.conn) }) {
			s.wait(r)
			t.Reservations.forget(token)
			s.end()
			s.conn.Closed()
		}
		return
	}
	conn := t.Reservations.of(token, who)
	if conn == nil {
		t.Refuse(w, r, http.StatusNotFound, fault.NotFound, "There is no open stream with this token.")
		return
	}
	if r.Method == http.MethodDelete {
		conn.Stop(r.URL.Query().Get(operationID))
		w.WriteHeader(http.StatusOK)
		return
	}
	params := *t.Received(r) // what runs is not over with this request
	id, _ := params.Extensions[operationID].(string)
	if id == "" || len(id) > 255 {
		t.Refuse(w, r, http.StatusBadRequest, fault.Invalid, "extensions.operationId has 1 to 255 bytes.")
		return
	}
	switch op, err := conn.Begin(id); {
	case err == nil:
		op.Envelope = quoted(id)
		go op.Run(exec, &params)
		w.WriteHeader(http.StatusAccepted)
	case errors.Is(err, live.ErrDuplicate):
		t.Refuse(w, r, http.StatusConflict, fault.Conflict, "An operation with this id is running.")
	case errors.Is(err, live.ErrTooManyOperations):
		t.Refuse(w, r, http.StatusTooManyRequests, fault.RateLimited, "Too many operations at once on this connection; complete some first.")
	default:
		t.Refuse(w, r, http.StatusNotFound, fault.NotFound, "There is no open stream with this token.")
	}
}
