package auth

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// How long sessions live, unless Config says otherwise.
const (
	DefaultSessionIdle     = 14 * 24 * time.Hour // without a sign of life
	DefaultSessionLifetime = 30 * 24 * time.Hour // whatever is done
)

// Bounds of how long sessions live. They are seen once a minute at most, so that less
// than a few minutes would end those that are in use.
const (
	MinSessionIdle     = 5 * time.Minute
	MaxSessionLifetime = 366 * 24 * time.Hour
)

// MaxSessions is how many sessions a user has; another one ends the one that was not
// seen for the longest time.
const MaxSessions = 100

// SessionRetention is how long a session that is over is kept.
const SessionRetention = 30 * 24 * time.Hour

// maxUserAgent bounds what is kept of a client's name for itself, in bytes.
const maxUserAgent = 256

// A Revoker closes what is open of a session, an API token or an impersonation, on every
// node and at once. Without one, connections end when their node looks for what ended.
type Revoker interface {
	RevokeSession(id ident.SessionID)
	RevokeAPIToken(id ident.APITokenID)
	RevokeImpersonation(id ident.ImpersonationID)
}

// newSession is one that begins now.
func (s *Service) newSession(ctx context.Context, user ident.UserID) *models.Session {
	now, from := s.now(), actor.RequestFrom(ctx)
	agent := readable(from.UserAgent, maxUserAgent)
	row := &models.Session{
		ID: ident.NewSessionID(), UserID: user, Seed: make([]byte, seedLen), RotatedAt: now, IP: from.IP, UserAgent: agent,
		Device: deviceOf(agent), CreatedAt: now, LastSeenAt: now, ConfirmedAt: now, ExpiresAt: now.Add(s.lifetime),
	}
	_, _ = rand.Read(row.Seed) // never fails since Go 1.24
	return row
}

// beginSession writes a session, and ends the oldest of a user who has too many.
func (s *Service) beginSession(tx store.Tx, row *models.Session) {
	tx.Queue(tx.NewInsert().Model(row), func(err error) error { return store.Wrap(err, "insert session of user %s", row.UserID) })
	others := tx.NewSelect().Model((*models.Session)(nil)).Column("se.id").Where("se.user_id = ?", row.UserID).
		Where("se.ended_at IS NULL").OrderExpr("se.last_seen_at DESC, se.id DESC").Offset(MaxSessions)
	tx.Queue(ending(tx, row.CreatedAt, models.SessionSuperseded).Where("se.id IN (?)", others),
		func(err error) error { return store.Wrap(err, "end old sessions of user %s", row.UserID) })
}

// ending is the update that ends sessions.
func ending(db bun.IDB, at time.Time, why models.SessionEnd) *bun.UpdateQuery {
	return db.NewUpdate().Model((*models.Session)(nil)).Set("ended_at = ?", at).Set("end_reason = ?", why).Where("se.ended_at IS NULL")
}

// living are the sessions that are not over.
func (s *Service) living(q bun.QueryBuilder) bun.QueryBuilder {
	now := s.now()
	return q.Where("se.ended_at IS NULL").Where("se.expires_at > ?", now).Where("se.last_seen_at > ?", now.Add(-s.idle))
}

// lives tells the same of a row.
func (s *Service) lives(row *models.Session) bool {
	now := s.now()
	return row.EndedAt == nil && now.Before(row.ExpiresAt) && now.Sub(row.LastSeenAt) < s.idle
}

// endSessions ends the user's sessions but for except, which may be the zero id, in
// tx, and tells how many lived. Their tokens and connections end with the commit: here
// and by the Revoker at once, everywhere within MaxActorAge. Whatever takes a user's
// rights away calls it.
func (s *Service) endSessions(ctx context.Context, tx store.Tx, user ident.UserID, except ident.SessionID, why models.SessionEnd) (int, error) {
	return s.end(ctx, tx, why, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Where("se.user_id = ?", user).Where("se.id IS DISTINCT FROM ?", except)
	})
}

// end ends those of the living sessions that which picks.
func (s *Service) end(ctx context.Context, tx store.Tx, why models.SessionEnd, which func(*bun.UpdateQuery) *bun.UpdateQuery) (int, error) {
	var rows []*models.Session
	q := which(ending(tx, s.now(), why)).ApplyQueryBuilder(s.living).Returning("se.id")
	if err := q.Scan(ctx, &rows); err != nil {
		return 0, store.Wrap(err, "end sessions")
	}
	ids := make([]ident.SessionID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	if len(ids) > 0 {
		tx.AfterCommit(func() { s.ended(ids) })
	}
	return len(ids), nil
}

// endSession ends one of the user's.
func (s *Service) endSession(ctx context.Context, tx store.Tx, id ident.SessionID, user ident.UserID, why models.SessionEnd) (int, error) {
	return s.end(ctx, tx, why, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Where("se.id = ?", id).Where("se.user_id = ?", user)
	})
}

// ended hurries up what happens anyway once sessions ended.
func (s *Service) ended(ids []ident.SessionID) {
	s.recent.forget(func(k known) bool { return slices.Contains(ids, k.session) })
	if s.revoker == nil {
		return
	}
	for _, id := range ids {
		s.revoker.RevokeSession(id)
	}
}

// SignOutPayload tells that the session is over.
type SignOutPayload struct{ OK bool }

// SignOut ends the caller's session. Errors: fault.Invalid for a caller without one.
func (s *Service) SignOut(ctx context.Context) (*SignOutPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if who.Session.IsZero() {
		return nil, fault.Invalid.New("", "Only a session can be signed out of; an API token is revoked.")
	}
	err = idempotency.Once(ctx, s.db, "signOut", nil, func(ctx context.Context, tx store.Tx) (struct{}, error) {
		if _, err := s.endSession(ctx, tx, who.Session, who.User, models.SessionSignedOut); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, audit.Record(ctx, tx, audit.Entry{Action: "session.sign_out", Kind: ident.Session, Object: who.Session.Bare()})
	}, func(context.Context, store.Tx, struct{}) error { return nil })
	if err != nil {
		return nil, err
	}
	if k, ok := actor.KeeperFrom(ctx); ok {
		k.Forget()
	}
	return &SignOutPayload{OK: true}, nil
}

// RevokeSessionInput is one session, or all but the caller's own.
type RevokeSessionInput struct {
	ID  *ident.SessionID
	All bool
}

// RevokeSessionPayload tells how many ended.
type RevokeSessionPayload struct{ Revoked int }

// RevokeSession ends one of the caller's sessions, or all but the one that the caller
// is in. Errors: fault.Invalid unless it is either; fault.NotFound for one that is
// over, not the caller's or not there; fault.Forbidden for an API token; with all as
// StepUp.
func (s *Service) RevokeSession(ctx context.Context, in RevokeSessionInput) (*RevokeSessionPayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	if in.All == (in.ID != nil) {
		return nil, fault.Invalid.New("id", "Give the id of one session, or all: true.")
	}
	if in.All {
		if err := s.StepUp(ctx); err != nil {
			return nil, err
		}
	}
	out := &RevokeSessionPayload{}
	err = idempotency.Once(ctx, s.db, "revokeSession", in, func(ctx context.Context, tx store.Tx) (int, error) {
		entry := audit.Entry{Action: "session.revoke", Kind: ident.Session}
		if in.All {
			if out.Revoked, err = s.endSessions(ctx, tx, who.User, who.Session, models.SessionRevoked); err != nil {
				return 0, err
			}
			entry.Action, entry.Kind, entry.Object = "session.revoke_all", ident.User, who.User.Bare()
			entry.Detail = map[string]any{"sessions": out.Revoked}
			return out.Revoked, audit.Record(ctx, tx, entry)
		}
		entry.Object = in.ID.Bare()
		out.Revoked, err = s.endSession(ctx, tx, *in.ID, who.User, models.SessionRevoked)
		if err == nil && out.Revoked == 0 {
			err = store.NotFound("id")
		}
		if err != nil {
			return 0, err
		}
		return out.Revoked, audit.Record(ctx, tx, entry)
	}, func(_ context.Context, _ store.Tx, revoked int) error {
		out.Revoked = revoked
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Sessions are the caller's that are not over, those seen last first; none for an API
// token and for the staff who act as somebody else, whom they do not concern.
func (s *Service) Sessions(ctx context.Context) ([]*models.Session, error) {
	who, err := s.inSession(ctx)
	switch {
	case fault.CodeOf(err) == fault.Forbidden:
		return nil, nil
	case err != nil:
		return nil, err
	}
	now := s.now()
	return sessionsOfUser.Read(ctx, s.db, nil, "", []ident.UserID{who.User}, now, now.Add(-s.idle))
}

// sessionsOfUser are those that live, as living has it.
var sessionsOfUser = &store.Keyed[ident.UserID, models.Session]{
	Name: "read sessions", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.ExcludeColumn("seed").Where("se.user_id = ANY ($1)").Where("se.ended_at IS NULL").Where("se.expires_at > $2").Where("se.last_seen_at > $3").
			OrderExpr("se.last_seen_at DESC, se.id DESC").Limit(MaxSessions)
	},
}

// FindSessions returns those of the sessions that are the caller's own and not over, as
// Sessions has them.
func (s *Service) FindSessions(ctx context.Context, ids []ident.SessionID) (map[ident.SessionID]*models.Session, error) {
	who, err := s.inSession(ctx)
	switch {
	case fault.CodeOf(err) == fault.Forbidden:
		return nil, nil //nolint:nilnil // none
	case err != nil:
		return nil, err
	}
	now := s.now()
	rows, err := ownSessions.Read(ctx, s.db, nil, "", ids, who.User, now, now.Add(-s.idle))
	if err != nil {
		return nil, err
	}
	found := make(map[ident.SessionID]*models.Session, len(rows))
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, nil
}

// ownSessions are those of the user $2 that live, as living has it.
var ownSessions = &store.Keyed[ident.SessionID, models.Session]{
	Name: "find sessions", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.ExcludeColumn("seed").Where("se.id = ANY ($1)").Where("se.user_id = $2").
			Where("se.ended_at IS NULL").Where("se.expires_at > $3").Where("se.last_seen_at > $4")
	},
}

// AreCurrent tells which of the sessions the caller is in.
func (s *Service) AreCurrent(ctx context.Context, rows []*models.Session) ([]bool, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(rows))
	for i, row := range rows {
		out[i] = row.ID == who.Session
	}
	return out, nil
}

// PurgeSessions removes those that were over SessionRetention ago.
func (s *Service) PurgeSessions(ctx context.Context) error {
	before := s.now().Add(-SessionRetention)
	_, err := s.db.NewDelete().Model((*models.Session)(nil)).
		Where("se.ended_at < ? OR se.expires_at < ? OR se.last_seen_at < ?", before, before, before.Add(-s.idle)).Exec(ctx)
	return store.Wrap(err, "purge sessions")
}

// readable is a text of a client's without what a database or a page cannot show, cut
// to so many bytes.
func readable(text string, most int) string {
	if !clean(text) {
		text = strings.Map(func(r rune) rune {
			if r == utf8.RuneError || !clean(string(r)) {
				return '?'
			}
			return r
		}, text)
	}
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
