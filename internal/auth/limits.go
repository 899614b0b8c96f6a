package auth

import (
	"context"
	"sync"

	"github.com/mpanel/mpanel/internal/actor"
)

// A limit is how often one flow is tried in TriesWithin: from one network for one
// account, 0 for any number, and from one network for all. There is none for an account
// alone: whoever knows an address could lock out the person it belongs to.
type limit struct {
	kind             string
	account, network int
}

// What people need, and a guesser does not get far with.
var (
	signUpLimit = limit{"sign-up", 3, 10}
	resetLimit  = limit{"password-reset", 5, 30}
	linkLimit   = limit{"link", 0, 100}
	mailLimit   = limit{"mail", 5, 30}
	inviteLimit = limit{"invitation", 50, 200}
	ownLimit    = limit{"own-password", 10, 100}
)

// tooOften is what count says of tries that are not of codes.
const tooOften = "That was tried too often"

// limited counts a try for an account, which may be an address, an id or nothing. well
// takes it back. Error: fault.RateLimited with retryAfterSeconds.
func (s *Service) limited(ctx context.Context, l limit, account string) (well func(), err error) {
	network := actor.RequestFrom(ctx).Network()
	if network == "" { // a command on the machine itself
		return func() {}, nil
	}
	limits := []Limit{{Key: l.kind + "//" + network, Max: l.network}}
	if l.account > 0 {
		limits = append(limits, Limit{Key: l.kind + "/" + account + "/" + network, Max: l.account})
	}
	well, err = s.count(ctx, limits, tooOften)
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(well), nil
}
