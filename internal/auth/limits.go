package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
)

// Limits bound how often somebody tries something. A *limit.Limiter is one, for all nodes,
// and a *budget.Tries for one. Who is a network, or a hash of a network and an account: never an account
// alone, or else whoever knows an address could lock out the person it belongs to.
type Limits interface {
	// Take counts one try of a kind, of at most so many within the window. Error:
	// fault.RateLimited with retryAfterSeconds.
	Take(ctx context.Context, kind, who string, most int, window time.Duration) error
	// Give takes back a try that turned out well.
	Give(ctx context.Context, kind, who string, most int, window time.Duration)
}

// A limit is of one flow: tries from one network for one account, and from one network
// for all.
type limit struct {
	kind             string
	account, network int
	window           time.Duration
}

// What people need, and a guesser does not get far with.
var (
	signUpLimit = limit{kind: "sign-up", account: 3, network: 10, window: time.Hour}
	resetLimit  = limit{kind: "password-reset", account: 5, network: 30, window: 15 * time.Minute}
	linkLimit   = limit{kind: "link", account: 100, network: 100, window: 15 * time.Minute}
	mailLimit   = limit{kind: "mail", account: 5, network: 30, window: 15 * time.Minute}
	inviteLimit = limit{kind: "invitation", account: 50, network: 200, window: time.Hour}
	ownLimit    = limit{kind: "own-password", account: 10, network: 100, window: 15 * time.Minute}
)

// limited counts a try for an account, which may be an address, an id or nothing. well
// takes it back. Error: fault.RateLimited.
func (s *Service) limited(ctx context.Context, l limit, account string) (well func(), err error) {
	network := actor.RequestFrom(ctx).Network()
	if network == "" { // a command on the machine itself
		return func() {}, nil
	}
	hash := sha256.Sum256([]byte(network + "\x00" + account))
	both, limits := hex.EncodeToString(hash[:]), s.accounts.Limits
	if err := limits.Take(ctx, l.kind, both, l.account, l.window); err != nil {
		return nil, err
	}
	if err := limits.Take(ctx, l.kind+"-network", network, l.network, l.window); err != nil {
		limits.Give(ctx, l.kind, both, l.account, l.window)
		return nil, err
	}
	return func() {
		limits.Give(ctx, l.kind, both, l.account, l.window)
		limits.Give(ctx, l.kind+"-network", network, l.network, l.window)
	}, nil
}
