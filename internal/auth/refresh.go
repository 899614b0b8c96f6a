package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// RefreshGrace is how long the refresh token before the newest one is answered with
// the newest: two windows of a browser ask at the same time, and answers get lost.
const RefreshGrace = 10 * time.Second

// What a refresh token consists of, in bytes: a version, the session, the generation
// and their authentication.
const (
	refreshV1  = 1
	seedLen    = 32
	refreshLen = 1 + 16 + 8 + sha256.Size
)

// refreshToken is a session's of one generation, always the same. Nobody makes it with
// the panel's key alone, nor with the session's row.
func (s *Service) refreshToken(row *models.Session, generation int64) []byte {
	return refreshTokenUnder(s.refreshKeys[0], row, generation)
}

func refreshTokenUnder(key []byte, row *models.Session, generation int64) []byte {
	token := append(make([]byte, 0, refreshLen), refreshV1)
	token = append(token, row.ID.UUID[:]...)
	token = binary.BigEndian.AppendUint64(token, uint64(generation)) // #nosec G115 -- it is never negative
	mac := hmac.New(sha256.New, key)
	mac.Write(row.Seed)
	mac.Write(token)
	return mac.Sum(token)
}

// isRefreshToken tells whether a token is the session's of that generation, under this
// node's key or, while the secret key is changed, another one's.
func (s *Service) isRefreshToken(token []byte, row *models.Session, generation int64) bool {
	return slices.ContainsFunc(s.refreshKeys, func(key []byte) bool { return hmac.Equal(token, refreshTokenUnder(key, row, generation)) })
}

// parseRefresh takes a token apart; whether it is good is not known yet.
func parseRefresh(text string) (id ident.SessionID, generation int64, token []byte, ok bool) {
	if base64.RawURLEncoding.DecodedLen(len(text)) != refreshLen {
		return id, 0, nil, false
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(token) != refreshLen || token[0] != refreshV1 {
		return id, 0, nil, false
	}
	n := binary.BigEndian.Uint64(token[17:25])
	return ident.SessionIDOf(uuid.UUID(token[1:17])), int64(n), token, n < 1<<62 // #nosec G115 -- it is looked at
}

// keep gives the client the session's refresh token, where it can keep it.
func (s *Service) keep(ctx context.Context, row *models.Session) {
	k, ok := actor.KeeperFrom(ctx)
	if !ok {
		return
	}
	until := s.now().Add(s.idle)
	if row.ExpiresAt.Before(until) {
		until = row.ExpiresAt
	}
	k.Keep(base64.RawURLEncoding.EncodeToString(s.refreshToken(row, row.Generation)), until)
}

// Why a refresh was refused, for the log only.
const (
	reasonToken  = "not a refresh token"
	reasonOver   = "the session is over"
	reasonReused = "a refresh token was used twice"
)

// RefreshSession gives an access token for the refresh token that the client keeps,
// and a new refresh token in its place. The one before gives the same again within
// RefreshGrace; any other that was used is somebody else's copy, and ends the session.
// Errors: fault.Invalid where a client cannot keep a token; fault.Unauthenticated, the
// same for everything wrong with the token, its session or its user.
func (s *Service) RefreshSession(ctx context.Context) (*SignInPayload, error) {
	k, ok := actor.KeeperFrom(ctx)
	if !ok {
		return nil, fault.Invalid.New("", "A session is refreshed by a plain HTTP POST: nothing else has cookies.")
	}
	id, generation, token, ok := parseRefresh(k.Kept())
	if !ok {
		return nil, s.notRefreshed(ctx, k, reasonToken, ident.UserID{})
	}
	row, user, reason := new(models.Session), new(models.User), ""
	err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) (err error) {
		*row, *user = models.Session{}, models.User{}
		reason, err = s.rotate(ctx, tx, row, user, id, generation, token)
		return err
	})
	if err != nil {
		return nil, err
	}
	if reason != "" {
		return nil, s.notRefreshed(ctx, k, reason, row.UserID)
	}
	return s.signedIn(ctx, user, row)
}

// rotate makes the next generation of the session that a token belongs to, unless it
// is the one before. reason is why the token is not accepted. All that happens to a
// session at the same time waits here for its turn.
func (s *Service) rotate(ctx context.Context, tx store.Tx, row *models.Session, user *models.User, id ident.SessionID, generation int64, token []byte) (reason string, err error) {
	err = tx.NewSelect().Model(row).Where("se.id = ?", id).For("UPDATE").Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return reasonToken, nil
	case err != nil:
		return "", store.Wrap(err, "read session %s", id)
	case !s.isRefreshToken(token, row, generation):
		return reasonToken, nil
	case !s.lives(row):
		return reasonOver, nil
	}
	err = tx.NewSelect().Model(user).Where("u.id = ?", row.UserID).Scan(ctx)
	switch {
	case err != nil:
		return "", store.Wrap(err, "read user of session %s", id)
	case user.DisabledAt != nil:
		return reasonDisabled, nil
	}
	ctx = actor.With(ctx, &actor.Actor{User: row.UserID, Session: row.ID})
	now := s.now()
	switch {
	case generation == row.Generation:
		row.Generation++
		row.RotatedAt, row.LastSeenAt, row.IP = now, now, actor.RequestFrom(ctx).IP
		if _, err = tx.NewUpdate().Model(row).Column("generation", "rotated_at", "last_seen_at", "ip").WherePK().Exec(ctx); err != nil {
			return "", store.Wrap(err, "rotate session %s", id)
		}
		return "", audit.Record(ctx, tx, audit.Entry{Action: "session.refresh", Kind: ident.Session, Object: row.ID.Bare()})
	case generation == row.Generation-1 && now.Sub(row.RotatedAt) < RefreshGrace:
		return "", nil
	}
	if _, err = s.endSession(ctx, tx, row.ID, row.UserID, models.SessionTokenReused); err != nil {
		return "", err
	}
	return reasonReused, audit.Record(ctx, tx, audit.Entry{
		Action: "session.reuse", Kind: ident.Session, Object: row.ID.Bare(), Detail: map[string]any{"generation": generation, "newest": row.Generation},
	})
}

// notRefreshed logs why, has the client throw its token away and answers without
// saying it.
func (s *Service) notRefreshed(ctx context.Context, k actor.Keeper, reason string, user ident.UserID) error {
	if k.Kept() != "" { // else it was only asked whether there is one
		attrs := []any{"reason", reason, "ip", actor.RequestFrom(ctx).IP}
		if !user.IsZero() {
			attrs = append(attrs, "user_id", user)
		}
		s.log.WarnContext(ctx, "refresh refused", attrs...)
		k.Forget()
	}
	return fault.Unauthenticated.New("", "There is no session to go on with, or it is over; sign in again.")
}
