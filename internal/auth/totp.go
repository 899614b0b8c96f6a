package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Codes are as every authenticator app makes them: RFC 6238 with SHA-1, six digits and
// 30 seconds. A clock may be off by one step.
const (
	totpDigits   = 6
	totpStep     = 30 * time.Second
	totpSkew     = 1
	totpKeyBytes = 20 // RFC 4226 recommends 160 bits
	// setUpWithin is how long a secret that was shown can be confirmed.
	setUpWithin = time.Hour
)

// A totpFactor is an authenticator app.
type totpFactor struct{ *Service }

func (totpFactor) name() string { return "TOTP" }

func (totpFactor) takes(code string) bool {
	return len(code) == totpDigits && strings.Trim(code, "0123456789") == ""
}

func (f totpFactor) use(ctx context.Context, tx store.Tx, user ident.UserID, code string) (bool, error) {
	row := new(models.UserTOTP)
	err := tx.NewSelect().Model(row).Where("ut.user_id = ?", user).Where("ut.confirmed_at IS NOT NULL").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, store.Wrap(err, "read TOTP of user %s", user)
	}
	step, err := f.stepOf(row, code)
	if err != nil || step == 0 {
		return false, err
	}
	// Once for each step: whoever comes second finds it used.
	return updatesOne(ctx, tx.NewUpdate().Model((*models.UserTOTP)(nil)).Set("last_step = ?", step).
		Where("ut.user_id = ?", user).Where("ut.last_step < ?", step), "use a TOTP code")
}

// totpPlace is where a secret is sealed for.
func totpPlace(user ident.UserID) string { return "user_totp.secret/" + user.String() }

// stepOf is the step whose code this is, at this time; 0 for none.
func (s *Service) stepOf(row *models.UserTOTP, code string) (int64, error) {
	key, err := s.box.Open(row.SecretSealed, totpPlace(row.UserID))
	if err != nil {
		return 0, fmt.Errorf("open TOTP secret of user %s: %w", row.UserID, err)
	}
	now := s.now().Unix() / int64(totpStep.Seconds())
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		// Compared in constant time.
		ok, err := hotp.ValidateCustom(code, uint64(step), key.Reveal(), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) // #nosec G115 -- after 1970
		if err != nil {
			return 0, fmt.Errorf("check a TOTP code of user %s: %w", row.UserID, err)
		}
		if ok && step > row.LastStep {
			return step, nil
		}
	}
	return 0, nil
}

// BeginTOTPPayload is what an authenticator app is to know; it is shown once.
type BeginTOTPPayload struct {
	OtpauthURL string
	QRSVG      string
}

// Format hides the secret in it from every verb of fmt, as secret.Text does.
func (BeginTOTPPayload) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[TOTP secret]") }

// BeginTOTP makes the secret of an authenticator app for the caller, in the place of
// one that was not confirmed. It counts once ConfirmTOTP was given a code of it.
// Errors: fault.Conflict when there is one that counts; as StepUp.
func (s *Service) BeginTOTP(ctx context.Context) (*BeginTOTPPayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	user := new(models.User)
	if err := s.db.NewSelect().Model(user).Where("u.id = ?", who.User).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read user %s", who.User)
	}
	b := make([]byte, totpKeyBytes)
	_, _ = rand.Read(b) // never fails since Go 1.24
	key := secret.New(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
	row := &models.UserTOTP{UserID: who.User, SecretSealed: s.box.Seal(key, totpPlace(who.User)), CreatedAt: s.now()}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		res, err := tx.NewInsert().Model(row).On("CONFLICT (user_id) DO UPDATE").
			Set("secret_sealed = EXCLUDED.secret_sealed").Set("created_at = EXCLUDED.created_at").Set("last_step = 0").
			Where("ut.confirmed_at IS NULL").Exec(ctx)
		if err != nil {
			return store.Wrap(err, "insert TOTP of user %s", who.User)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = fault.Conflict.New("", "An authenticator app is set up already; disable it first.")
			}
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Action: "user.begin_totp", Kind: ident.User, Object: who.User.Bare()})
	})
	if err != nil {
		return nil, err
	}
	issuer := "MPanel"
	if u, err := url.Parse(s.base); err == nil && u.Hostname() != "" {
		issuer += " " + u.Hostname()
	}
	uri := otpauthURL(issuer, user.Email, key)
	svg, err := qrSVG(uri)
	if err != nil {
		return nil, err
	}
	return &BeginTOTPPayload{OtpauthURL: uri, QRSVG: svg}, nil
}

// otpauthURL is the key URI format of authenticator apps.
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format
func otpauthURL(issuer, account string, key secret.Text) string {
	q := url.Values{"secret": {key.Reveal()}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(totpDigits)}, "period": {"30"}}
	// Some apps show a plus sign as it is.
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// qrSVG draws a text as a QR code, dark on light with the margin that scanners need.
func qrSVG(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	const margin = 4 // modules, ISO/IEC 18004
	n := code.Bounds().Dx()
	var path strings.Builder
	for y := range n {
		for x := range n {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				_, _ = fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	size := n + 2*margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="QR code">`+
		`<rect width="%d" height="%d" fill="#fff"/><path d="%s" fill="#000"/></svg>`, size, size, size, size, path.String()), nil
}

// ConfirmTOTPInput is a first code of the app.
type ConfirmTOTPInput struct{ Code secret.Text }

// ConfirmTOTP makes the app count that BeginTOTP was for, and gives recovery codes.
// The user's other sessions end: they began without it. Errors: fault.Invalid for a
// wrong code; fault.Conflict when nothing was begun within an hour, or it counts
// already; fault.RateLimited after too many; as StepUp.
func (s *Service) ConfirmTOTP(ctx context.Context, in ConfirmTOTPInput) (*RecoveryCodesPayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	good, err := s.try(ctx, who.User)
	if err != nil {
		return nil, err
	}
	out := &RecoveryCodesPayload{}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		row := new(models.UserTOTP)
		err := tx.NewSelect().Model(row).Where("ut.user_id = ?", who.User).For("UPDATE").Scan(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return store.Wrap(err, "read TOTP of user %s", who.User)
		}
		if err != nil || row.ConfirmedAt != nil || s.now().Sub(row.CreatedAt) > setUpWithin {
			return fault.Conflict.New("", "No authenticator app is being set up; begin again.")
		}
		var step int64
		if (totpFactor{}).takes(in.Code.Reveal()) {
			if step, err = s.stepOf(row, in.Code.Reveal()); err != nil {
				return err
			}
		}
		if step == 0 {
			return wrongCode()
		}
		now := s.now()
		row.LastStep, row.ConfirmedAt = step, &now
		if _, err := tx.NewUpdate().Model(row).Column("last_step", "confirmed_at").WherePK().Exec(ctx); err != nil {
			return store.Wrap(err, "confirm TOTP of user %s", who.User)
		}
		if out.RecoveryCodes, err = newRecoveryCodes(ctx, tx, who.User); err != nil {
			return err
		}
		return s.secondFactorChanged(ctx, tx, who, "user.confirm_totp", notify.FactorEnabled)
	})
	if fault.CodeOf(err) != fault.Invalid { // no code was wrong
		good()
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func wrongCode() error {
	return fault.Invalid.New("code", "The code is wrong or was used already; wait for the next one.")
}

// secondFactorChanged records it, tells the user and ends their sessions but the caller's.
func (s *Service) secondFactorChanged(ctx context.Context, tx store.Tx, who *actor.Actor, action string, change notify.Change) error {
	if _, err := s.endSessions(ctx, tx, who.User, who.Session, models.SessionSecondFactorChanged); err != nil {
		return err
	}
	if err := s.tellOfFactor(ctx, tx, who.User, change); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.recent.forget(func(k known) bool { return k.user == who.User }) })
	return audit.Record(ctx, tx, audit.Entry{Action: action, Kind: ident.User, Object: who.User.Bare()})
}

// tellOfFactor queues a mail to the user.
func (s *Service) tellOfFactor(ctx context.Context, tx store.Tx, id ident.UserID, change notify.Change) error {
	user := new(models.User)
	if err := tx.NewSelect().Model(user).Where("u.id = ?", id).Scan(ctx); err != nil {
		return store.Wrap(err, "read user %s", id)
	}
	return s.tell(ctx, tx, user, models.MailSecondFactorChanged, notify.Facts{Change: change})
}

// DisableTOTPPayload tells that the app does not count any more.
type DisableTOTPPayload struct{ OK bool }

// DisableTOTP takes the caller's app and recovery codes away. Errors: fault.Conflict
// when there is none; fault.Forbidden for a role that needs one; as StepUp.
func (s *Service) DisableTOTP(ctx context.Context) (*DisableTOTPPayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		user := new(models.User)
		if err := tx.NewSelect().Model(user).Where("u.id = ?", who.User).Scan(ctx); err != nil {
			return store.Wrap(err, "read user %s", who.User)
		}
		if s.needsSecondFactor(user.ProviderRole) {
			return fault.Forbidden.New("", "Your role needs a second factor.")
		}
		if err := s.removeTOTP(ctx, tx, who.User); err != nil {
			return err
		}
		return s.secondFactorChanged(ctx, tx, who, "user.disable_totp", notify.FactorDisabled)
	})
	if err != nil {
		return nil, err
	}
	return &DisableTOTPPayload{OK: true}, nil
}

func (s *Service) removeTOTP(ctx context.Context, tx store.Tx, user ident.UserID) error {
	res, err := tx.NewDelete().Model((*models.UserTOTP)(nil)).Where("ut.user_id = ?", user).Where("ut.confirmed_at IS NOT NULL").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "remove TOTP of user %s", user)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fault.Conflict.New("", "No authenticator app is set up."))
	}
	_, err = tx.NewDelete().Model((*models.RecoveryCode)(nil)).Where("rc.user_id = ?", user).Exec(ctx)
	return store.Wrap(err, "remove recovery codes of user %s", user)
}

// NewRecoveryCodes puts fresh codes in the place of the caller's. Errors:
// fault.Conflict without an app; as StepUp.
func (s *Service) NewRecoveryCodes(ctx context.Context) (*RecoveryCodesPayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	out := &RecoveryCodesPayload{}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		// Locked, so that it is not taken away meanwhile.
		_, err := tx.NewSelect().Model((*models.UserTOTP)(nil)).ColumnExpr("1").Where("ut.user_id = ?", who.User).Where("ut.confirmed_at IS NOT NULL").For("UPDATE").Exec(ctx)
		if err != nil {
			return store.Wrap(err, "lock TOTP of user %s", who.User)
		}
		if has, err := s.enrolled(ctx, tx, who.User); err != nil || !has {
			return errors.Join(err, fault.Conflict.New("", "No authenticator app is set up."))
		}
		if out.RecoveryCodes, err = newRecoveryCodes(ctx, tx, who.User); err != nil {
			return err
		}
		if err := s.tellOfFactor(ctx, tx, who.User, notify.CodesReplaced); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Action: "user.new_recovery_codes", Kind: ident.User, Object: who.User.Bare()})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
