package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
)

// TriesWithin is the time in which tries are counted.
const TriesWithin = 15 * time.Minute

// How many wrong codes there may be in TriesWithin. Five come from one network for one
// account. Whoever knows the password can use them up, and its owner elsewhere still gets
// in; codes that are tried from many places have an end, too, long before one of them
// fits by chance.
const (
	MaxTries          = 5  // for one account, from one network
	MaxTriesOfAccount = 20 // for one account, from anywhere
	MaxTriesOfNetwork = 50 // for all accounts, from one network
)

// A Limit bounds how often something is tried.
type Limit struct {
	Key    string // what is tried, and by whom
	Max    int
	Within time.Duration // 0 is TriesWithin
}

func (l Limit) within() time.Duration { return cmp.Or(l.Within, TriesWithin) }

// Tries count what is tried, on all nodes together.
type Tries interface {
	// Take counts a try at a time under the key, unless Max are counted already: then
	// it counts nothing and tells how long until there is room.
	Take(ctx context.Context, l Limit, at time.Time) (wait time.Duration, err error)
	// Return takes a try back that was counted at the time.
	Return(ctx context.Context, l Limit, at time.Time) error
}

// limitsOf are those of a code for the user, the one that is used up first at the
// front: what it refuses does not count for the others.
func limitsOf(ctx context.Context, user ident.UserID) []Limit {
	id, network := user.String(), actor.RequestFrom(ctx).Network()
	return []Limit{
		{Key: "code/" + id + "/" + network, Max: MaxTries}, {Key: "code/" + id, Max: MaxTriesOfAccount}, {Key: "code//" + network, Max: MaxTriesOfNetwork},
	}
}

// try counts a try before it is known whether it is good; good takes it back. Error:
// fault.RateLimited with retryAfterSeconds.
func (s *Service) try(ctx context.Context, user ident.UserID) (good func(), err error) {
	return s.count(ctx, limitsOf(ctx, user), "Too many wrong codes or passwords")
}

// count counts a try against all of the limits, or none. what is the error's, without
// the time.
func (s *Service) count(ctx context.Context, limits []Limit, what string) (good func(), err error) {
	at := s.now().Truncate(time.Microsecond)
	for i, l := range limits {
		wait, err := s.tries.Take(ctx, l, at)
		if err != nil {
			return nil, err
		}
		if wait > 0 {
			s.untry(ctx, limits[:i], at)
			f := fault.RateLimited.New("", "%s; try again in %d minutes.", what, int(math.Ceil(wait.Minutes())))
			f.Details = map[string]any{"retryAfterSeconds": int(math.Ceil(wait.Seconds()))}
			return nil, f
		}
	}
	return func() { s.untry(ctx, limits, at) }, nil
}

func (s *Service) untry(ctx context.Context, limits []Limit, at time.Time) {
	for _, l := range limits {
		if err := s.tries.Return(context.WithoutCancel(ctx), l, at); err != nil {
			s.log.WarnContext(ctx, "a try was not taken back", "error", err)
		}
	}
}

// tableTries keep them in the panel's database, by a hash of what is tried: without the
// key nobody learns from the table whose addresses are tried. Nodes with another key, as
// there are while the panel's secret key is changed, count apart.
type tableTries struct {
	db  *store.DB
	key []byte
}

func (t tableTries) keyOf(l Limit) string {
	mac := hmac.New(sha256.New, t.key)
	_, _ = mac.Write([]byte(l.Key)) // never fails
	return hex.EncodeToString(mac.Sum(nil)[:tryKeyLen])
}

const tryKeyLen = 16 // of the hash, in bytes

// Within one statement, so that of any number at the same time Max are counted.
const takeTry = `
INSERT INTO tries AS t (key, times, expires_at) VALUES ($1::text, ARRAY[$2::timestamptz], $2::timestamptz + $4::interval)
ON CONFLICT (key) DO UPDATE SET expires_at = EXCLUDED.expires_at,
	times = ARRAY(SELECT x FROM unnest(t.times) AS x WHERE x > $2::timestamptz - $4::interval) || EXCLUDED.times
WHERE (SELECT count(*) FROM unnest(t.times) AS x WHERE x > $2::timestamptz - $4::interval) < $3::int
RETURNING true`

const nextTry = `SELECT min(x) FROM tries, unnest(times) AS x WHERE key = $1::text AND x > $2::timestamptz - $3::interval`

// Take implements Tries.
func (t tableTries) Take(ctx context.Context, l Limit, at time.Time) (time.Duration, error) {
	var taken bool
	err := t.db.Pool.QueryRow(ctx, takeTry, t.keyOf(l), at, l.Max, l.within()).Scan(&taken)
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return 0, store.Wrap(err, "count a try")
	}
	var oldest *time.Time
	if err := t.db.Pool.QueryRow(ctx, nextTry, t.keyOf(l), at, l.within()).Scan(&oldest); err != nil {
		return 0, store.Wrap(err, "look for the next try")
	}
	if oldest == nil { // it went a moment ago
		return time.Second, nil
	}
	return max(time.Second, oldest.Add(l.within()).Sub(at)), nil
}

// Return implements Tries.
func (t tableTries) Return(ctx context.Context, l Limit, at time.Time) error {
	// Of several at the same time one goes.
	_, err := t.db.Pool.Exec(ctx, `UPDATE tries SET times = times[:array_position(times, $2::timestamptz) - 1] || times[array_position(times, $2::timestamptz) + 1:]
		WHERE key = $1::text AND $2::timestamptz = ANY (times)`, t.keyOf(l), at)
	return store.Wrap(err, "take a try back")
}

// PurgeTries removes those that count for nothing any more.
func (s *Service) PurgeTries(ctx context.Context) error {
	_, err := s.db.NewDelete().Table("tries").Where("expires_at < ? OR times = '{}'", s.now()).Exec(ctx)
	return store.Wrap(err, "purge tries")
}
