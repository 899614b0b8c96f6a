package auth

import (
	"crypto/sha256"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

const (
	// MaxActorAge is how long a request may be answered by roles that were read for
	// an earlier one with the same token: what is taken away is gone within it.
	MaxActorAge = time.Second

	maxRecent = 10_000 // tokens; some hundred bytes each
)

// recent are the tokens that came last. What was found out of one does not change,
// but for whether it is over; what its user may do is read again.
type recent struct {
	tokens *lru.Cache[[sha256.Size]byte, known]
}

// A known is what a good token says, and who its user was a moment ago.
type known struct {
	user    ident.UserID
	session ident.SessionID
	id      string // the token's own
	expires time.Time
	actor   *actor.Actor
	read    time.Time // before it was; the roles are no older

	// Of an API token, in the place of a session:
	apiToken ident.APITokenID
	networks []netip.Prefix // from which it may come; none is everywhere
	used     time.Time      // when its use was last noted

	// Of an impersonation, in the place of a session:
	impersonation ident.ImpersonationID
}

func newRecent() recent {
	tokens, err := lru.New[[sha256.Size]byte, known](maxRecent)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return recent{tokens}
}

// token gives what is known of one that is not over.
func (r recent) token(token string, now time.Time) (known, bool) {
	k, ok := r.tokens.Get(hashOf(token))
	return k, ok && now.Before(k.expires.Add(clockSkew))
}

func (r recent) keep(token string, k known) { r.tokens.Add(hashOf(token), k) }

// forget has what is known of some tokens found out anew.
func (r recent) forget(which func(known) bool) {
	for _, hash := range r.tokens.Keys() {
		if k, ok := r.tokens.Peek(hash); ok && which(k) {
			r.tokens.Remove(hash)
		}
	}
}

// hashOf is what a token is known by: a dump of the memory has no tokens. Those of ours
// are hashed where they are.
func hashOf(token string) [sha256.Size]byte {
	var own [1 << 10]byte
	if len(token) > len(own) {
		return sha256.Sum256([]byte(token))
	}
	return sha256.Sum256(own[:copy(own[:], token)])
}

// fresh tells whether the roles are good enough for a request that came now. A clock
// that was set back makes nothing younger.
func (k known) fresh(now time.Time) bool {
	age := now.Sub(k.read)
	return k.actor != nil && age >= 0 && age < MaxActorAge
}
