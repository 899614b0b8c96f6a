package database

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

// The exchange of RFC 7677 section 3: our keys must give its proof and signature.
func TestScramVerifier_ExchangeOfTheRFC(t *testing.T) {
	const (
		salt    = "W22ZaJ0SNY7soEsUEjb6gQ=="
		nonce   = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
		message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=" + nonce + ",s=" + salt + ",i=4096,c=biws,r=" + nonce
	)
	v, err := scramVerifier("pencil", decode(t, salt))
	require.NoError(t, err)
	parts := regexp.MustCompile(`^SCRAM-SHA-256\$4096:(.+)\$(.+):(.+)$`).FindStringSubmatch(v.Reveal())
	require.Len(t, parts, 4)
	require.Equal(t, salt, parts[1])

	stored, server := decode(t, parts[2]), decode(t, parts[3])
	require.Equal(t, decode(t, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), hmacSHA256(server, message))
	// The client proves that it knows ClientKey, whose hash is StoredKey.
	clientKey := hmacSHA256(stored, message)
	for i, b := range decode(t, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=") {
		clientKey[i] ^= b
	}
	sum := sha256.Sum256(clientKey)
	require.True(t, hmac.Equal(sum[:], stored))
}

func TestScramVerifier_Passwords(t *testing.T) {
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"generated":          {secret.NewPassword(24).Reveal(), true},
		"every printable":    {` !"#$%&'()*+,-./09:;<=>?@AZ[\]^_az{|}~`, true},
		"very long":          {strings.Repeat("x", 1000), true},
		"empty":              {"", false},
		"umlaut":             {"pässword", false},
		"not UTF-8":          {"a\xff", false},
		"NUL":                {"a\x00b", false},
		"tab":                {"a\tb", false},
		"delete":             {"a\x7f", false},
		"non-breaking space": {"a\u00a0b", false},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := ScramVerifier(secret.New(tc.in))
			if (err == nil) != tc.ok {
				t.Fatalf("ScramVerifier(%q) = %v, want ok %t", tc.in, err, tc.ok)
			}
			if !tc.ok {
				require.True(t, v.IsZero())
				return
			}
			again, err := ScramVerifier(secret.New(tc.in))
			require.NoError(t, err)
			require.NotEqual(t, v.Reveal(), again.Reveal(), "the salt must be fresh each time")
			require.NotContains(t, v.Reveal(), tc.in)
		})
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}
