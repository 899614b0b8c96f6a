package certs

import (
	"context"
	"crypto/tls"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/store"
)

// orderLock is a number of our own for pg_advisory_lock: one node at a time makes the
// account and orders a certificate that nobody has yet. Renewals need no lock: nodes
// begin them at random times within an hour and look at the cache first.
const orderLock = 0x6d70616e656c03

const (
	// orderTime bounds an order, as autocert does.
	orderTime = 5 * time.Minute
	// turnEvery is how often a node asks whether it is its turn.
	turnEvery = 250 * time.Millisecond
	// unlockTime bounds giving a turn back; the end of the session does it anyway.
	unlockTime = 5 * time.Second
)

// turn waits until no other node orders a certificate; done lets the next one. It has
// a session of its own, whose end ends the turn: with its node, or, where that is cut
// off, once it has been idle for longer than an order takes.
func (c *Cache) turn(ctx context.Context) (done func(), err error) {
	cfg := c.db.Pool.Config().ConnConfig.Copy()
	cfg.RuntimeParams = maps.Clone(cfg.RuntimeParams)
	cfg.RuntimeParams["idle_session_timeout"] = strconv.Itoa(int((orderTime + time.Minute).Milliseconds()))
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, store.Wrap(err, "connect, to order a certificate")
	}
	done = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
		defer cancel()
		_ = conn.Close(ctx)
	}
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for {
		var held bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", orderLock).Scan(&held)
		if err == nil && held {
			return done, nil
		}
		if err != nil {
			done()
			return nil, store.Wrap(err, "wait for other nodes to order a certificate")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			done()
			return nil, ctx.Err()
		}
	}
}

// turns are a node's own: what is not known yet is asked for by one handshake at a time.
type turns struct {
	mu    sync.RWMutex
	known map[string][]*tls.Certificate // by name; one for each kind of client
	one   chan struct{}                 // of those that may order
}

func newTurns() *turns {
	return &turns{known: map[string][]*tls.Certificate{}, one: make(chan struct{}, 1)}
}

// has tells whether the name has a certificate that suits a client.
func (t *turns) has(hello *tls.ClientHelloInfo) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.ContainsFunc(t.known[nameOf(hello)], func(c *tls.Certificate) bool { return hello.SupportsCertificate(c) == nil })
}

// keep notes a certificate that was given.
func (t *turns) keep(hello *tls.ClientHelloInfo, c *tls.Certificate) {
	if t.has(hello) || hello.SupportsCertificate(c) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name := nameOf(hello)
	t.known[name] = append(t.known[name], c)
}

// nameOf is the name that a client asks for; names are ASCII there.
func nameOf(hello *tls.ClientHelloInfo) string { return strings.ToLower(hello.ServerName) }

// isQuestion tells whether the authority asks by TLS whether a name is ours.
func isQuestion(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == challengeProto
}

// certificate is the manager's, which orders one where there is none; of all nodes and
// handshakes one at a time.
func (a *acmeSource) certificate(ctx context.Context, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if isQuestion(hello) || a.turns.has(hello) || a.manager.HostPolicy(ctx, nameOf(hello)) != nil {
		return a.manager.GetCertificate(hello)
	}
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	select {
	case a.turns.one <- struct{}{}:
		defer func() { <-a.turns.one }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if a.turns.has(hello) { // of the one before
		return a.manager.GetCertificate(hello)
	}
	done, err := a.cache.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	c, err := a.manager.GetCertificate(hello) // which looks into the cache first
	if err == nil {
		a.turns.keep(hello, c)
	}
	return c, err
}
