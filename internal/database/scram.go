package database

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/mpanel/mpanel/internal/secret"
)

// PostgreSQL's own defaults: what its \password makes has the same strength.
const (
	scramIterations = 4096
	scramSaltBytes  = 16
)

var errPasswordNotASCII = errors.New("a password must be printable ASCII")

// ScramVerifier returns what PostgreSQL stores instead of password, so that the
// server never sees the password itself:
// SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>.
//
// Only printable ASCII is taken: anything else would have to go through
// SASLprep, and a client that prepares it differently could not log in.
// https://www.rfc-editor.org/rfc/rfc5803
func ScramVerifier(password secret.Text) (secret.Text, error) {
	plain := password.Reveal()
	if plain == "" {
		return secret.Text{}, errPasswordNotASCII
	}
	for i := range len(plain) {
		if plain[i] < ' ' || plain[i] > '~' {
			return secret.Text{}, errPasswordNotASCII
		}
	}
	salt := make([]byte, scramSaltBytes)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return scramVerifier(plain, salt)
}

func scramVerifier(password string, salt []byte) (secret.Text, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return secret.Text{}, fmt.Errorf("derive key: %w", err)
	}
	stored := sha256.Sum256(hmacSHA256(salted, "Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return secret.New(fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations,
		b64(salt), b64(stored[:]), b64(hmacSHA256(salted, "Server Key")))), nil
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
