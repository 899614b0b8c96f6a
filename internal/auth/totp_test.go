package auth_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// An app is somebody's authenticator.
type app struct {
	w      *world
	secret string
	codes  []string // for recovery
}

// code is what it shows so many steps from now, as oathtool makes it.
func (a app) code(steps int) string {
	a.w.t.Helper()
	at := a.w.now().Add(time.Duration(steps) * 30 * time.Second).UTC().Format("2006-01-02 15:04:05 UTC")
	out, err := exec.CommandContext(a.w.t.Context(), "oathtool", "--totp", "--base32", "--now", at, a.secret).CombinedOutput()
	require.NoError(a.w.t, err, "%s; scripts/install-packages installs it", out)
	return strings.TrimSpace(string(out))
}

// begins is the secret of an app that is not confirmed yet.
func (w *world) begins(ctx context.Context) (app, *auth.BeginTOTPPayload) {
	w.t.Helper()
	out, err := w.BeginTOTP(ctx)
	require.NoError(w.t, err)
	u, err := url.Parse(out.OtpauthURL)
	require.NoError(w.t, err)
	return app{w: w, secret: u.Query().Get("secret")}, out
}

// enrol gives a user an authenticator, whose clock is a step further then.
func (w *world) enrol(u *models.User) (app, context.Context) {
	w.t.Helper()
	_, out := w.signIn(u)
	ctx := w.of(out)
	a, _ := w.begins(ctx)
	codes, err := w.ConfirmTOTP(ctx, auth.ConfirmTOTPInput{Code: secret.New(a.code(0))})
	require.NoError(w.t, err)
	a.codes = codes.RecoveryCodes
	w.wait(30 * time.Second)
	return a, ctx
}

// with signs in with a code; "" is none.
func (w *world) with(u *models.User, code string) (*auth.SignInPayload, error) {
	return w.withFrom(u, code, "")
}

// withFrom is with from an address.
func (w *world) withFrom(u *models.User, code, ip string) (*auth.SignInPayload, error) {
	in := auth.SignInInput{Email: u.Email, Password: secret.New(password)}
	if code != "" {
		in.Code = new(secret.New(code))
	}
	return w.SignIn(actor.WithRequest(w.t.Context(), actor.Request{IP: ip}), in)
}

func TestTOTP_F17_AgainstOathtool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.Tries = endless{} })
	u := w.admin("grace@example.com")
	_, first := w.signIn(u)
	_, other := w.signIn(u)
	ctx := w.of(first)
	abandoned, _ := w.begins(ctx)
	a, begun := w.begins(ctx)
	require.NotEqual(t, abandoned.secret, a.secret)
	require.Len(t, a.secret, 32, "160 bits")
	require.Equal(t, fmt.Sprintf("otpauth://totp/MPanel%%20panel.example.com:grace@example.com?algorithm=SHA1&digits=6&issuer=MPanel%%20panel.example.com&period=30&secret=%s", a.secret), begun.OtpauthURL)
	require.Equal(t, begun.OtpauthURL, readQR(t, begun.QRSVG))
	require.NoError(t, second(w.with(u, "")), "it does not count yet")

	for _, code := range []string{abandoned.code(0), "000000", "", a.code(0) + "0"} {
		_, err := w.ConfirmTOTP(ctx, auth.ConfirmTOTPInput{Code: secret.New(code)})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), code)
	}
	out, err := w.ConfirmTOTP(ctx, auth.ConfirmTOTPInput{Code: secret.New(a.code(0))})
	require.NoError(t, err)
	require.Len(t, out.RecoveryCodes, 10)
	_, err = w.Authenticate(t.Context(), other.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "what began without it ends")
	w.of(first)
	for _, f := range []func() error{
		func() error { return second(w.BeginTOTP(ctx)) },
		func() error { return second(w.ConfirmTOTP(ctx, auth.ConfirmTOTPInput{Code: secret.New(a.code(1))})) },
	} {
		require.Equal(t, fault.Conflict, fault.CodeOf(f()))
	}
	has, err := w.HaveTOTP(ctx, []*models.User{u, w.admin("ada@example.com")})
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, has)

	_, err = w.with(u, "")
	require.Equal(t, fault.SecondFactorRequired, fault.CodeOf(err))
	require.Contains(t, err.Error(), "code: ", "the field")
	for i, tc := range []struct {
		step int
		ok   bool
	}{{0, false /* it was used */}, {1, true}, {1, false}, {0, false}, {-1, false}} { // each once, and none before it
		err := second(w.with(u, a.code(tc.step)))
		require.Equal(t, tc.ok, err == nil, "%d: %v", i, err)
	}
	w.wait(time.Hour)
	for i, tc := range []struct {
		step int
		ok   bool
	}{{-2, false}, {2, false}, {-1, true}, {0, true}, {1, true}, {0, false}} {
		err := second(w.with(u, a.code(tc.step)))
		require.Equal(t, tc.ok, err == nil, "%d: %v", i, err)
		if !tc.ok {
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
		}
	}
	require.Equal(t, 4, w.count(`SELECT count(*) FROM audit_entries WHERE action = 'user.sign_in' AND detail = '{"secondFactor": "TOTP"}'`))
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'user.confirm_totp' AND user_id = ?", u.ID))
	require.Zero(t, w.count("SELECT count(*) FROM user_totp WHERE encode(secret_sealed, 'escape') LIKE ?", "%"+a.secret+"%"), "it is sealed")
	require.NotContains(t, w.log.String(), a.secret)
	require.NotContains(t, fmt.Sprintf("%+v %+v", begun, out), a.secret)
	require.NotContains(t, fmt.Sprintf("%+v", out), out.RecoveryCodes[0])
}

// readQR reads the code as a camera would.
func readQR(t *testing.T, svg string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok {
			require.Contains(t, []string{"svg", "rect", "path"}, e.Name.Local, "nothing that runs or loads")
		}
	}
	const scale = 4
	size, err := strconv.Atoi(regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(svg)[1])
	require.NoError(t, err)
	picture := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h1v1h-1z`).FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		for i := range scale * scale {
			picture.SetGray(x*scale+i%scale, y*scale+i/scale, color.Gray{})
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	require.NoError(t, err)
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	require.NoError(t, err)
	return result.GetText()
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other := w.admin("grace@example.com"), w.admin("ada@example.com")
	a, ctx := w.enrol(u)
	b, _ := w.enrol(other)
	seen := map[string]bool{}
	for _, code := range append(a.codes, b.codes...) {
		require.Regexp(t, `^([a-z2-7]{4}-){5}[a-z2-7]{4}$`, code, "120 bits")
		require.False(t, seen[code])
		seen[code] = true
		require.Zero(t, w.count("SELECT count(*) FROM recovery_codes WHERE recovery_codes::text LIKE '%' || ? || '%'", code[:9]), "they are hashed")
	}
	require.NoError(t, second(w.with(u, a.codes[0])))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(second(w.with(u, a.codes[0]))), "twice")
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(second(w.with(u, b.codes[0]))), "another's")
	require.NoError(t, second(w.with(u, strings.ToUpper(a.codes[1]))))
	require.NoError(t, second(w.with(u, strings.ReplaceAll(a.codes[2], "-", ""))))
	require.Equal(t, 3, w.count(`SELECT count(*) FROM audit_entries WHERE action = 'user.sign_in' AND detail = '{"secondFactor": "recovery code"}'`))

	fresh, err := w.NewRecoveryCodes(ctx)
	require.NoError(t, err)
	require.Len(t, fresh.RecoveryCodes, auth.RecoveryCodes)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(second(w.with(u, a.codes[5]))))
	require.NoError(t, second(w.with(u, fresh.RecoveryCodes[5])))

	done, err := w.DisableTOTP(ctx)
	require.NoError(t, err)
	require.True(t, done.OK)
	require.NoError(t, second(w.with(u, "")))
	require.NoError(t, second(w.with(u, "whatever")), "who has none need not say so")
	require.Zero(t, w.count("SELECT count(*) FROM recovery_codes WHERE user_id = ?", u.ID))
	require.Equal(t, 3, w.count("SELECT count(*) FROM mails WHERE kind = 'SECOND_FACTOR_CHANGED' AND user_id = ?", u.ID), "enabled, codes, disabled")
	for _, f := range []func() error{func() error { return second(w.DisableTOTP(ctx)) }, func() error { return second(w.NewRecoveryCodes(ctx)) }} {
		require.Equal(t, fault.Conflict, fault.CodeOf(f()))
	}
	require.NoError(t, second(w.with(other, b.codes[0])), "nobody else's is gone")
}

// F17, S18, case 21, 35: the password comes first, and what is not a code is a wrong one.
func TestSignIn_Case35_PasswordFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.Tries = endless{} })
	u := w.admin("grace@example.com")
	a, _ := w.enrol(u)
	var hashes atomic.Int64
	w.OnHash(func() { hashes.Add(1) })
	answers := map[string]bool{}
	for name, in := range map[string]auth.SignInInput{
		"unknown user":             {Email: "nobody@example.com", Password: secret.New(password)},
		"unknown user, with code":  {Email: "nobody@example.com", Password: secret.New(password), Code: new(secret.New(a.code(0)))},
		"wrong password":           {Email: u.Email, Password: secret.New(password + "x")},
		"wrong password, and code": {Email: u.Email, Password: secret.New(password + "x"), Code: new(secret.New(a.code(0)))},
		"wrong password, bad code": {Email: u.Email, Password: secret.New(password + "x"), Code: new(secret.New("x"))},
	} {
		hashes.Store(0)
		_, err := w.SignIn(t.Context(), in)
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), name)
		answers[err.Error()] = true
		require.EqualValues(t, 1, hashes.Load(), "%s: the same work", name)
	}
	require.Len(t, answers, 1, "nobody learns who has a second factor")

	good := a.code(0)
	for name, code := range map[string]string{
		"empty": " ", "five digits": good[:5], "seven digits": good + "0", "a space in it": good[:3] + " " + good[3:], "spaces around": " " + good + " ",
		"full width": "１２３４５６", "Arabic": "١٢٣٤٥٦", "minus": "-" + good[1:], "plus": "+" + good[1:], "hex": "0x" + good[2:], "exponent": "1e" + good[2:],
		"NUL": good + "\x00", "NUL in it": good[:3] + "\x00" + good[3:], "CRLF": good + "\r\n", "a megabyte": strings.Repeat(good, 1<<18), "SQL": "' OR true --",
		"not UTF-8": good[:5] + "\xff", "letters": "abcdef", "tfa_verified": "tfa_verified=1", "a recovery code cut": a.codes[0][:28], "only hyphens": strings.Repeat("-", 24),
	} {
		_, err := w.with(u, code)
		require.EqualError(t, err, "code: UNAUTHENTICATED: The code is wrong or was used already.", name)
	}
	require.NoError(t, second(w.with(u, good)), "and the right one is still good")

	for name, pass := range map[string]string{
		"a megabyte": strings.Repeat("p", 1<<20), "NUL": password + "\x00", "NUL before": "\x00" + password, "unicode": "пароль канарейка 日本", "CRLF": password + "\r\n",
		"not UTF-8": password + "\xff", "in full width": "ｃａｎａｒｙ", "composed otherwise": password + "e\u0301", "cut": password[:len(password)-1],
	} {
		_, err := w.SignIn(t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(pass), Code: new(secret.New(a.code(0)))})
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), name)
	}
	require.NotContains(t, w.log.String(), good)
}

// endless counts nothing.
type endless struct{}

func (endless) Take(context.Context, auth.Limit, time.Time) (time.Duration, error) { return 0, nil }
func (endless) Return(context.Context, auth.Limit, time.Time) error                { return nil }

// S25: a sealed secret of another user's opens nothing.
func TestS25_TOTPSecretOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other := w.admin("grace@example.com"), w.admin("ada@example.com")
	a, _ := w.enrol(u)
	b, _ := w.enrol(other)
	w.exec("UPDATE user_totp SET secret_sealed = (SELECT secret_sealed FROM user_totp WHERE user_id = ?), last_step = 0", other.ID)
	for _, code := range []string{a.code(0), b.code(0)} {
		_, err := w.with(u, code)
		require.Equal(t, fault.Internal, fault.CodeOf(err))
	}
	require.NoError(t, second(w.with(u, a.codes[0])), "what is not sealed goes on")
}

// Who has lost app and codes goes to whoever runs the panel.
func TestResetSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	_, ctx := w.enrol(u)
	done, err := w.ResetSecondFactor(t.Context(), "Grace@Example.com")
	require.NoError(t, err)
	require.Equal(t, u.ID, done.ID)
	require.Equal(t, []ident.SessionID{session(ctx)}, w.revoked.take(), "who has the other device is out")
	require.NoError(t, second(w.with(u, "")))
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'user.reset_second_factor' AND user_id IS NULL AND object_id = ?", u.ID))
	require.Equal(t, 2, w.count("SELECT count(*) FROM mails WHERE kind = 'SECOND_FACTOR_CHANGED' AND user_id = ?", u.ID), "they are told of either")
	for email, code := range map[string]fault.Code{"grace@example.com": fault.Conflict, "nobody@example.com": fault.NotFound, "": fault.NotFound} {
		_, err := w.ResetSecondFactor(t.Context(), email)
		require.Equal(t, code, fault.CodeOf(err), email)
	}
}
