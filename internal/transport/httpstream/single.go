package httpstream

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
)

// What the mode of a single connection has names for.
const (
	tokenHeader = "X-Graphql-Event-Stream-Token" //nolint:gosec // a name, as net/http writes it
	operationID = "operationId"
)

const (
	reservedFor  = 30 * time.Second // until the stream is opened
	mostReserved = 100              // of one user, and of nobody from one address; opened ones, too
	mostOfAll    = 100_000          // of everybody
	sweepEvery   = time.Second      // those that nobody used are removed
)

// Token is the one of the single connection that a request is about; "" for none.
func Token(r *http.Request) string {
	if t := r.Header.Get(tokenHeader); t != "" {
		return t
	}
	if r.URL.RawQuery == "" {
		return ""
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
	owner   string       // as ownerOf has it
	who     *actor.Actor // nil for nobody
	expires time.Time    // unless it is opened
	conn    *live.Conn   // nil until it is
}

// ownerOf is whose reservations are counted together.
func ownerOf(r *http.Request, who *actor.Actor) string {
	if who != nil {
		return "user " + who.User.String()
	}
	return "address " + actor.RequestFrom(r.Context()).Network()
}

// Reservations are those of one node. The zero value is ready for use.
type Reservations struct {
	mu      sync.Mutex
	byToken map[string]*reservation
	of      map[string][]string // tokens, by owner
	sweep   time.Time           // when those that nobody used are removed next
}

// reserve promises a connection; false when the owner has too many.
func (r *Reservations) reserve(owner string, who *actor.Actor) (token string, ok bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.After(r.sweep) {
		for t, v := range r.byToken {
			if v.conn == nil && now.After(v.expires) {
				r.remove(t)
			}
		}
		r.sweep = now.Add(sweepEvery)
	}
	if len(r.of[owner]) >= mostReserved || len(r.byToken) >= mostOfAll {
		return "", false
	}
	if r.byToken == nil {
		r.byToken, r.of = map[string]*reservation{}, map[string][]string{}
	}
	token = rand.Text()
	r.byToken[token] = &reservation{owner: owner, who: who, expires: now.Add(reservedFor)}
	r.of[owner] = append(r.of[owner], token)
	return token, true
}

// open gives the promised connection to the first who asks. Who has an access token
// must have the owner's.
func (r *Reservations) open(token string, by *actor.Actor, conn *live.Conn) (who *actor.Actor, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.byToken[token]
	switch {
	case v == nil, by != nil && !same(by, v.who):
		return nil, http.StatusNotFound
	case v.conn != nil:
		return nil, http.StatusConflict
	case time.Now().After(v.expires):
		r.remove(token)
		return nil, http.StatusNotFound
	}
	v.conn = conn
	return v.who, 0
}

// forget ends a reservation that conn was opened for.
func (r *Reservations) forget(token string, conn *live.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.byToken[token]; v != nil && v.conn == conn {
		r.remove(token)
	}
}

// remove has the lock held.
func (r *Reservations) remove(token string) {
	owner := r.byToken[token].owner
	delete(r.byToken, token)
	left := slices.DeleteFunc(r.of[owner], func(t string) bool { return t == token })
	if r.of[owner] = left; len(left) == 0 {
		delete(r.of, owner)
	}
}

// connOf is the open connection of a token, for its owner; nil for everybody else.
func (r *Reservations) connOf(token string, who *actor.Actor) *live.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.byToken[token]; v != nil && same(v.who, who) {
		return v.conn
	}
	return nil
}

func same(a, b *actor.Actor) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Identity() == b.Identity() // an API token of the user, or who acts as them, may less
}

// single answers what is about a single connection: PUT promises it, GET opens it,
// POST begins an operation on it, and DELETE ends one.
func (t *Transport) single(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	who, _ := actor.From(r.Context())
	token := Token(r)
	if r.Method == http.MethodPut {
		token, ok := t.Reservations.reserve(ownerOf(r, who), who)
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
		if t.open(w, r, s, func() (*actor.Actor, int) { return t.Reservations.open(token, who, s.conn) }) {
			s.wait(r)
			s.end()
			defer s.conn.Closed() // the token is free before
		}
		if s.conn != nil {
			t.Reservations.forget(token, s.conn)
		}
		return
	}
	conn := t.Reservations.connOf(token, who)
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
		op.Envelope = live.Quoted(id)
		// That it is accepted comes before its first answer: clients such as graphql-sse
		// listen for answers from then on.
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusAccepted)
		_ = http.NewResponseController(w).Flush()
		go op.Run(exec, &params)
	case errors.Is(err, live.ErrDuplicate):
		t.Refuse(w, r, http.StatusConflict, fault.Conflict, "An operation with this id is running.")
	case errors.Is(err, live.ErrTooManyOperations):
		t.Refuse(w, r, http.StatusTooManyRequests, fault.RateLimited, "Too many operations at once on this connection; complete some first.")
	default:
		t.Refuse(w, r, http.StatusNotFound, fault.NotFound, "There is no open stream with this token.")
	}
}
