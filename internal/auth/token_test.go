package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const testIssuer = "https://panel.example.com"

var testNow = time.Date(2026, 12, 1, 12, 0, 0, 123456789, time.UTC)

// tokenService has no database: the tests here stop at the subject.
func tokenService(t *testing.T, key, issuer string) *Service {
	t.Helper()
	box, err := secret.NewBox(secret.New(strings.Repeat(key, 8)))
	require.NoError(t, err)
	s, err := NewService(Config{DB: &store.DB{}, Box: box, Issuer: issuer, Now: func() time.Time { return testNow }})
	require.NoError(t, err)
	return s
}

func TestToken_Issued(t *testing.T) {
	t.Parallel()
	s, user, session := tokenService(t, "test-key", testIssuer), ident.NewUserID(), ident.NewSessionID()
	token, expires, err := s.issue(user, session, testNow.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 12, 1, 12, 15, 0, 0, time.UTC), expires)
	got, err := s.subject(token)
	require.NoError(t, err)
	require.Equal(t, user, got)

	// Read it with nothing of ours.
	part := strings.Split(token, ".")
	require.Len(t, part, 3)
	require.JSONEq(t, `{"alg":"HS256","typ":"at+jwt","kid":"v1"}`, decode(t, part[0]))
	var claims jwt.MapClaims
	_, _, err = jwt.NewParser().ParseUnverified(token, &claims)
	require.NoError(t, err)
	require.NotEmpty(t, claims["jti"])
	delete(claims, "jti")
	at := float64(testNow.Unix())
	require.Equal(t, jwt.MapClaims{
		"iss": testIssuer, "sub": user.Opaque(), "sid": session.Opaque(), "aud": []any{"mpanel"}, "iat": at, "nbf": at, "exp": at + 900,
	}, claims)
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(part[0] + "." + part[1]))
	require.Equal(t, string(mac.Sum(nil)), decode(t, part[2]))

	other, expires, err := s.issue(user, session, testNow.Add(time.Minute+time.Millisecond))
	require.NoError(t, err)
	require.NotEqual(t, token, other, "each token has its own id")
	require.Equal(t, testNow.Truncate(time.Second).Add(time.Minute), expires, "it does not outlive its session")
}

func decode(t *testing.T, s string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return string(b)
}

// forge signs any header and claims; a nil value takes an entry away.
func forge(t *testing.T, method jwt.SigningMethod, key any, header, claims map[string]any) string {
	t.Helper()
	at := testNow.Unix()
	all := jwt.MapClaims{
		"iss": testIssuer, "sub": ident.NewUserID().Opaque(), "sid": ident.NewSessionID().Opaque(), "aud": []string{"mpanel"},
		"iat": at, "nbf": at, "exp": at + 900, "jti": "x",
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	tok := jwt.NewWithClaims(method, all)
	tok.Header["typ"], tok.Header["kid"] = "at+jwt", "v1"
	maps.Copy(tok.Header, header)
	maps.DeleteFunc(tok.Header, func(_ string, v any) bool { return v == nil })
	signed, err := tok.SignedString(key)
	require.NoError(t, err)
	return signed
}

func TestToken_Forged(t *testing.T) {
	t.Parallel()
	s := tokenService(t, "test-key", testIssuer)
	hs, at := jwt.SigningMethodHS256, testNow.Unix()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	type m = map[string]any
	claims := func(c m) string { return forge(t, hs, s.key, nil, c) }
	header := func(h m) string { return forge(t, hs, s.key, h, nil) }

	_, err = s.subject(claims(nil))
	require.NoError(t, err, "unchanged, the forgery is good")
	_, err = s.subject(claims(m{"iat": at - 905, "nbf": at - 905, "exp": at - 5}))
	require.NoError(t, err, "a clock may be slow by ten seconds")
	_, err = s.subject(claims(m{"iat": at + 5, "nbf": at + 5, "exp": at + 905}))
	require.NoError(t, err, "or fast")

	good := claims(nil)
	part := strings.Split(good, ".")
	payload := decode(t, part[1])
	enc := base64.RawURLEncoding.EncodeToString
	lastBit := []byte(part[2]) // 43 characters are 258 bits: two of the last are not in the signature
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	lastBit[42] = alphabet[strings.IndexByte(alphabet, lastBit[42])|1]
	require.NotEqual(t, part[2], string(lastBit))

	for name, token := range map[string]string{
		"alg none":                  forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"alg none, signature kept":  enc([]byte(`{"alg":"none","typ":"at+jwt","kid":"v1"}`)) + "." + part[1] + "." + part[2],
		"alg HS384":                 forge(t, jwt.SigningMethodHS384, s.key, nil, nil),
		"alg HS512":                 forge(t, jwt.SigningMethodHS512, s.key, nil, nil),
		"alg RS256":                 forge(t, jwt.SigningMethodRS256, rsaKey, nil, nil),
		"alg lower case":            header(m{"alg": "hs256"}),
		"alg missing":               header(m{"alg": nil}),
		"typ missing":               header(m{"typ": nil}),
		"typ JWT":                   header(m{"typ": "JWT"}),
		"typ of another token":      header(m{"typ": "reset+jwt"}),
		"typ no string":             header(m{"typ": []string{"at+jwt"}}),
		"kid missing":               header(m{"kid": nil}),
		"kid unknown":               header(m{"kid": "v2"}),
		"kid a path":                header(m{"kid": "../../dev/null"}),
		"jku":                       header(m{"jku": "https://evil.example/keys"}),
		"jwk":                       header(m{"jwk": m{"kty": "oct", "k": enc(s.key)}}),
		"crit":                      header(m{"crit": []string{"b64"}}),
		"aud missing":               claims(m{"aud": nil}),
		"aud empty":                 claims(m{"aud": []string{}}),
		"aud of another":            claims(m{"aud": []string{"agent"}}),
		"iss missing":               claims(m{"iss": nil}),
		"iss of another":            claims(m{"iss": "https://evil.example"}),
		"iss with a slash":          claims(m{"iss": testIssuer + "/"}),
		"exp missing":               claims(m{"exp": nil}),
		"exp null":                  forge(t, hs, s.key, nil, m{"exp": (*int)(nil)}),
		"exp a text":                claims(m{"exp": "2099-01-01"}),
		"exp passed":                claims(m{"iat": at - 911, "nbf": at - 911, "exp": at - 11}),
		"exp far":                   claims(m{"exp": at + 901}),
		"exp in a thousand years":   claims(m{"exp": at + 31_536_000_000}),
		"exp beyond 64 bits":        claims(m{"exp": 1e300}),
		"iat missing":               claims(m{"iat": nil}),
		"iat in the future":         claims(m{"iat": at + 11, "exp": at + 900}),
		"nbf missing":               claims(m{"nbf": nil}),
		"nbf in the future":         claims(m{"nbf": at + 11}),
		"sub missing":               claims(m{"sub": nil}),
		"sub a plain UUID":          claims(m{"sub": ident.NewUserID().String()}),
		"sub a customer":            claims(m{"sub": ident.NewCustomerID().Opaque()}),
		"sub the zero user":         claims(m{"sub": ident.UserID{}.Opaque()}),
		"sid missing":               claims(m{"sid": nil}),
		"sid a user":                claims(m{"sid": ident.NewUserID().Opaque()}),
		"sid a plain UUID":          claims(m{"sid": ident.NewSessionID().String()}),
		"sid the zero session":      claims(m{"sid": ident.SessionID{}.Opaque()}),
		"sid a list":                claims(m{"sid": []string{ident.NewSessionID().Opaque()}}),
		"wrong key":                 forge(t, hs, []byte(strings.Repeat("k", 32)), nil, nil),
		"empty key":                 forge(t, hs, []byte{}, nil, nil),
		"key of another purpose":    forge(t, hs, tokenServiceKey(t, "refresh tokens"), nil, nil),
		"payload changed":           part[0] + "." + enc([]byte(strings.Replace(payload, `"mpanel"`, `"mpane1"`, 1))) + "." + part[2],
		"payload with a space more": part[0] + "." + enc([]byte(payload+" ")) + "." + part[2],
		"signature cut":             good[:len(good)-1],
		"signature missing":         part[0] + "." + part[1] + ".",
		"other spelling of it":      part[0] + "." + part[1] + "." + string(lastBit),
		"signature padded":          good + "=",
		"part more":                 good + "." + part[2],
		"part less":                 part[0] + "." + part[1],
		"Bearer in front":           "Bearer " + good,
		"empty":                     "",
		"dots":                      "..",
		"not UTF-8":                 "\xff\xfe.\x00.\x00",
		"oversized":                 claims(m{"jti": strings.Repeat("x", maxTokenBytes)}),
		"a megabyte":                strings.Repeat("a", 1<<20),
		"a megabyte of dots":        strings.Repeat(".", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := s.subject(token)
			require.Error(t, err)
			require.True(t, got.IsZero())
		})
	}
}

func tokenServiceKey(t *testing.T, purpose string) []byte {
	t.Helper()
	box, err := secret.NewBox(secret.New(strings.Repeat("test-key", 8)))
	require.NoError(t, err)
	return box.Key(purpose)
}

func TestToken_OfAnotherInstallation(t *testing.T) {
	t.Parallel()
	s := tokenService(t, "test-key", testIssuer)
	for name, other := range map[string]*Service{
		"other key":    tokenService(t, "test-kez", testIssuer),
		"other issuer": tokenService(t, "test-key", "https://other.example.com"),
	} {
		token, _, err := other.issue(ident.NewUserID(), ident.NewSessionID(), testNow.Add(time.Hour))
		require.NoError(t, err)
		_, err = s.subject(token)
		require.Error(t, err, name)
	}
}

func TestNewService_Config(t *testing.T) {
	t.Parallel()
	box, err := secret.NewBox(secret.New(strings.Repeat("test-key", 8)))
	require.NoError(t, err)
	good := Config{DB: &store.DB{}, Box: box, Issuer: testIssuer}
	for name, change := range map[string]func(*Config){
		"no database": func(c *Config) { c.DB = nil },
		"no box":      func(c *Config) { c.Box = nil },
		"no issuer":   func(c *Config) { c.Issuer = "" },
		"negative":    func(c *Config) { c.HashConcurrency = -1 },
		"too short":   func(c *Config) { c.SessionIdle = MinSessionIdle - 1 },
		"idle longer": func(c *Config) { c.SessionIdle = DefaultSessionLifetime + 1 },
		"a role":      func(c *Config) { c.RequireSecondFactor = []models.ProviderRole{"GUEST"} },
		"too long":    func(c *Config) { c.SessionLifetime = MaxSessionLifetime + 1 },
	} {
		c := good
		change(&c)
		_, err := NewService(c)
		require.Error(t, err, name)
	}
	s, err := NewService(good)
	require.NoError(t, err)
	require.Positive(t, cap(s.hasher.slots))
}

// subject is whose a good token is.
func (s *Service) subject(token string) (ident.UserID, error) {
	k, err := s.verified(token)
	return k.user, err
}

// What is kept of a token is kept for as long as the token holds, and not by its text.
func TestRecent_IsOverWithTheToken(t *testing.T) {
	t.Parallel()
	r, now := newRecent(), time.Now()
	r.keep("token", known{user: ident.NewUserID(), expires: now})
	for _, tc := range []struct {
		token string
		later time.Duration
		found bool
	}{{"token", 0, true}, {"token", clockSkew - 1, true}, {"token", clockSkew, false}, {"token", time.Hour, false}, {"token ", 0, false}, {"", 0, false}} {
		_, ok := r.token(tc.token, now.Add(tc.later))
		require.Equal(t, tc.found, ok, "%+v", tc)
	}
	who := new(actor.Actor)
	for later, fresh := range map[time.Duration]bool{0: true, MaxActorAge - 1: true, MaxActorAge: false, time.Minute: false, -1: false} {
		require.Equal(t, fresh, known{actor: who, read: now}.fresh(now.Add(later)), later)
	}
	require.False(t, known{read: now}.fresh(now))
	for range maxRecent + 10 {
		r.keep(uuid.NewString(), known{})
	}
	require.Equal(t, maxRecent, r.tokens.Len())
}
