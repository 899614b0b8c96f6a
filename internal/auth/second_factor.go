package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A secondFactor is what a user has, beside the password that they know. Its proof
// comes as a text; what needs a dialogue, as a passkey does, makes one of it.
type secondFactor interface {
	// name is for the audit.
	name() string
	// takes tells whether a text has the form of this factor's proofs; no text is
	// taken by two.
	takes(code string) bool
	// use takes the proof in tx, once and for all: false when it is wrong or was used.
	// Of any number at the same time one is used.
	use(ctx context.Context, tx store.Tx, user ident.UserID, code string) (bool, error)
}

// enrolled tells whether the user has a second factor, so that the password alone is
// not enough.
func (s *Service) enrolled(ctx context.Context, db bun.IDB, user ident.UserID) (bool, error) {
	has, err := db.NewSelect().Model((*models.UserTOTP)(nil)).Where("ut.user_id = ?", user).Where("ut.confirmed_at IS NOT NULL").Exists(ctx)
	return has, store.Wrap(err, "look for a second factor of user %s", user)
}

// useCode takes the proof of a second factor in tx; name is the factor's, "" when the
// code is wrong or was used. The caller has counted it as a try.
func (s *Service) useCode(ctx context.Context, tx store.Tx, user ident.UserID, code string) (name string, err error) {
	for _, f := range s.factors {
		if !f.takes(code) {
			continue
		}
		if ok, err := f.use(ctx, tx, user, code); err != nil || !ok {
			return "", err
		}
		return f.name(), nil
	}
	return "", nil
}

// needCode is the answer to a right password that is not enough.
func needCode() error {
	return fault.SecondFactorRequired.New("code", "Give a code of your authenticator app, or a recovery code.")
}

// Recovery codes, of which a user has as many: each 120 bits, in groups for people.
const (
	RecoveryCodes     = 10
	recoveryBytes     = 15
	recoveryChars     = 24
	recoveryGroup     = 4
	maxRecoverySigned = recoveryChars + recoveryChars/recoveryGroup - 1
)

// A RecoveryCodesPayload has codes that are shown once.
type RecoveryCodesPayload struct{ RecoveryCodes []string }

// Format hides the codes from every verb of fmt, as secret.Text does.
func (RecoveryCodesPayload) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[recovery codes]") }

// newRecoveryCodes puts fresh codes in the place of those that the user has.
func newRecoveryCodes(ctx context.Context, tx store.Tx, user ident.UserID) ([]string, error) {
	_, err := tx.NewDelete().Model((*models.RecoveryCode)(nil)).Where("rc.user_id = ?", user).Exec(ctx)
	if err != nil {
		return nil, store.Wrap(err, "remove recovery codes of user %s", user)
	}
	codes, rows := make([]string, RecoveryCodes), make([]*models.RecoveryCode, RecoveryCodes)
	for i := range codes {
		b := make([]byte, recoveryBytes)
		_, _ = rand.Read(b) // never fails since Go 1.24
		plain := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		rows[i] = &models.RecoveryCode{UserID: user, CodeHash: recoveryHash(plain)}
		var groups []string
		for ; plain != ""; plain = plain[recoveryGroup:] {
			groups = append(groups, plain[:recoveryGroup])
		}
		codes[i] = strings.Join(groups, "-")
	}
	_, err = tx.NewInsert().Model(&rows).Exec(ctx)
	return codes, store.Wrap(err, "insert recovery codes of user %s", user)
}

// recoveryHash is of a code without its hyphens.
func recoveryHash(plain string) []byte {
	h := sha256.Sum256([]byte(plain))
	return h[:]
}

// A recoveryFactor is a list of codes on paper.
type recoveryFactor struct{ *Service }

func (recoveryFactor) name() string { return "recovery code" }

// plainRecovery is a code as it was made; "" for what is none. Capital letters and
// other groups are how people write it.
func plainRecovery(code string) string {
	if len(code) > 2*maxRecoverySigned {
		return ""
	}
	plain := strings.ToLower(strings.ReplaceAll(code, "-", ""))
	if len(plain) != recoveryChars || strings.Trim(plain, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return ""
	}
	return plain
}

func (recoveryFactor) takes(code string) bool { return plainRecovery(code) != "" }

func (f recoveryFactor) use(ctx context.Context, tx store.Tx, user ident.UserID, code string) (bool, error) {
	return updatesOne(ctx, tx.NewUpdate().Model((*models.RecoveryCode)(nil)).Set("used_at = ?", f.now()).
		Where("rc.user_id = ?", user).Where("rc.code_hash = ?", recoveryHash(plainRecovery(code))).Where("rc.used_at IS NULL"), "use a recovery code")
}

// updatesOne tells whether the update found its row.
func updatesOne(ctx context.Context, q *bun.UpdateQuery, what string) (bool, error) {
	res, err := q.Exec(ctx)
	if err != nil {
		return false, store.Wrap(err, "%s", what)
	}
	n, err := res.RowsAffected()
	return n == 1, store.Wrap(err, "%s", what)
}

// ResetSecondFactor takes the second factor of somebody who has lost it away, from the
// command line, and ends that user's sessions. Errors: fault.NotFound for an unknown
// address; fault.Conflict for a user who has none.
func (s *Service) ResetSecondFactor(ctx context.Context, email string) (*models.User, error) {
	user := new(models.User)
	err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		*user = models.User{}
		err := tx.NewSelect().Model(user).Where("u.email = ?", strings.ToLower(email)).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return store.NotFound("email")
		}
		if err != nil {
			return store.Wrap(err, "read user by e-mail address")
		}
		if err := s.removeTOTP(ctx, tx, user.ID); err != nil {
			return err
		}
		if _, err := s.endSessions(ctx, tx, user.ID, ident.SessionID{}, models.SessionSecondFactorChanged); err != nil {
			return err
		}
		if err := s.tellOfFactor(ctx, tx, user.ID, notify.FactorDisabled); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Action: "user.reset_second_factor", Kind: ident.User, Object: user.ID.Bare()})
	})
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "second factor taken away", "user_id", user.ID)
	return user, nil
}

// HaveTOTP tells which of the users have time-based codes set up, in one query.
func (s *Service) HaveTOTP(ctx context.Context, users []*models.User) ([]bool, error) {
	ids := make([]ident.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	rows, err := confirmedTOTP.Read(ctx, s.db, nil, "", ids)
	if err != nil {
		return nil, err
	}
	has := make(map[ident.UserID]bool, len(rows))
	for _, row := range rows {
		has[row.UserID] = true
	}
	out := make([]bool, len(users))
	for i, id := range ids {
		out[i] = has[id]
	}
	return out, nil
}

var confirmedTOTP = &store.Keyed[ident.UserID, models.UserTOTP]{
	Name: "read who has a second factor", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Column("ut.user_id").Where("ut.user_id = ANY ($1)").Where("ut.confirmed_at IS NOT NULL")
	},
}
