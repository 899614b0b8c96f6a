// Package limit counts how often somebody tries something, for all nodes together: in
// the panel's PostgreSQL, so that whoever is refused by one node is refused by each.
//
// What is counted, and of whom, is the flows' to say. What operations cost is package
// budget's, which each node has for itself.
package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

// keyLen is how much of a hash is kept, in bytes.
const keyLen = 16

// A Limiter is safe for concurrent use.
type Limiter struct {
	db  *store.DB
	key []byte
}

// New returns a Limiter. What it writes tells nobody without the box's key whom it is of.
func New(db *store.DB, box *secret.Box) *Limiter {
	return &Limiter{db: db, key: box.Key("rate limits")}
}

// keyOf is under which a kind's tries of somebody are counted.
func (l *Limiter) keyOf(kind, who string) []byte {
	mac := hmac.New(sha256.New, l.key)
	_, _ = fmt.Fprintf(mac, "%d:%s:%s", len(kind), kind, who)
	return mac.Sum(nil)[:keyLen]
}

// take moves the time at which all tries are back by what one try takes to come back,
// unless that is further away than a window: one statement, so that of those who try at
// the same moment no more are let through than there are tries. By PostgreSQL's clock,
// which all nodes have in common. $2 is the window and $3 a try, in microseconds. What
// it gives is how much too far it would be, or no row when a try was taken.
const take = `
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at),
taken AS (
	INSERT INTO rate_limits AS r (key, full_at) SELECT $1, at + $3 * interval '1 microsecond' FROM moment
	ON CONFLICT (key) DO UPDATE SET full_at = greatest(r.full_at, clock_timestamp()) + $3 * interval '1 microsecond'
		WHERE greatest(r.full_at, clock_timestamp()) + $3 * interval '1 microsecond' <= clock_timestamp() + $2 * interval '1 microsecond'
	RETURNING 1
)
SELECT coalesce((SELECT (extract(epoch FROM r.full_at - moment.at) * 1000000)::bigint + $3 - $2 FROM rate_limits AS r, moment WHERE r.key = $1), 0)
WHERE NOT EXISTS (SELECT FROM taken)`

// Take counts one try of a kind, of at most so many within the window; one comes back
// evenly after the window divided by most. Error: fault.RateLimited with
// retryAfterSeconds, and then nothing is counted.
func (l *Limiter) Take(ctx context.Context, kind, who string, most int, window time.Duration) error {
	each := window / time.Duration(most)
	var over int64
	err := l.db.Pool.QueryRow(ctx, take, l.keyOf(kind, who), (each * time.Duration(most)).Microseconds(), each.Microseconds()).Scan(&over)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return store.Wrap(err, "count a try of %s", kind)
	}
	f := fault.RateLimited.New("", "Too many tries; wait a while.")
	wait := time.Duration(max(over, 1)) * time.Microsecond
	f.Details = map[string]any{"retryAfterSeconds": int((wait + time.Second - 1) / time.Second)}
	return f
}

// Give takes back a try that turned out well. That it could not be is not worth an
// error: the try comes back by itself.
func (l *Limiter) Give(ctx context.Context, kind, who string, most int, window time.Duration) {
	each := window / time.Duration(most)
	_, _ = l.db.Pool.Exec(ctx, "UPDATE rate_limits SET full_at = full_at - $2 * interval '1 microsecond' WHERE key = $1", l.keyOf(kind, who), each.Microseconds())
}

// Purge forgets those who have all tries back.
func (l *Limiter) Purge(ctx context.Context) error {
	_, err := l.db.Pool.Exec(ctx, "DELETE FROM rate_limits WHERE full_at < clock_timestamp()")
	return store.Wrap(err, "forget old tries")
}
