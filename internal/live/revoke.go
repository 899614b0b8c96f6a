package live

import (
	"context"
	"slices"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// A Principal is whose connections are meant: those of a user, of a session, those
// that were opened with a token or by an impersonation, those of whoever holds something of a customer, or
// of several of these at once. The zero value means nobody.
type Principal struct {
	User     ident.UserID
	Session  ident.SessionID
	APIToken ident.APITokenID
	Token    string // the access token's id
	Customer ident.CustomerID

	Impersonation ident.ImpersonationID
}

func (p Principal) covers(who *actor.Actor) bool {
	switch {
	case who == nil, p == Principal{},
		!p.User.IsZero() && p.User != who.User,
		!p.Session.IsZero() && p.Session != who.Session,
		!p.APIToken.IsZero() && p.APIToken != who.APIToken,
		!p.Impersonation.IsZero() && p.Impersonation != who.Impersonation,
		p.Token != "" && p.Token != who.Token:
		return false
	}
	return p.Customer.IsZero() || slices.ContainsFunc(who.Grants, func(g actor.Grant) bool { return g.Customer == p.Customer })
}

// RevocationTopic is where revocations are published, each as a Principal.
const RevocationTopic = "revocation"

// Revoke ends the connections of a principal, with all that runs on them, on every
// node, and tells how many they were on this one. Nodes that the bus does not reach
// find out by looking: see Config.Actors.
func (h *Hub) Revoke(p Principal) int {
	n := h.revoke(p)
	if h.bus != nil && p != (Principal{}) {
		h.bus.Publish(RevocationTopic, p)
	}
	return n
}

func (h *Hub) revoke(p Principal) (n int) {
	for _, c := range h.all() {
		if p.covers(c.actor()) {
			c.Close(Revoked)
			n++
		}
	}
	return n
}

// Follow carries out what other nodes revoke, until ctx ends. It is called once, when
// there is a Config.Bus.
func (h *Hub) Follow(ctx context.Context) {
	revocations, end := h.bus.Subscribe(RevocationTopic)
	defer end()
	for {
		select {
		case m := <-revocations:
			if p, ok := m.(Principal); ok {
				h.revoke(p)
			}
		case <-ctx.Done():
			return
		}
	}
}
