package actor

import (
	"context"
	"time"
)

// A Keeper has a client keep a secret from one request to the next, out of the reach
// of the client's own scripts, as a browser does with a cookie. It serves one request.
type Keeper interface {
	// Kept is what the client sent; "" for nothing.
	Kept() string
	// Keep gives the client a secret, in the place of the one before, to be thrown away
	// at a time.
	Keep(secret string, until time.Time)
	// Forget has the client throw away what it keeps.
	Forget()
}

type keeperKey struct{}

// WithKeeper puts a request's keeper into its context.
func WithKeeper(ctx context.Context, k Keeper) context.Context {
	return context.WithValue(ctx, keeperKey{}, k)
}

// KeeperFrom reads the request's keeper; ok is false where a client cannot keep
// anything, such as on a WebSocket.
func KeeperFrom(ctx context.Context) (k Keeper, ok bool) {
	k, ok = ctx.Value(keeperKey{}).(Keeper)
	return k, ok
}
