package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"

	"github.com/mpanel/mpanel/internal/secret"
)

// What API tokens look like: mpt_PREFIX_SECRET with a checksum at its end. People know
// one by its prefix, scanners for leaked secrets by the whole form, and what was
// mistyped or cut is found out without asking the database.
const (
	apiTokenMark   = "mpt_"
	apiPrefixLen   = 8  // characters of base32
	apiSecretLen   = 52 // of base32: 260 bits
	apiChecksumLen = 8  // hexadecimal
	apiTokenLen    = len(apiTokenMark) + apiPrefixLen + 1 + apiSecretLen + apiChecksumLen
)

// APITokenForm is what every API token looks like, for scanners of leaked secrets.
var APITokenForm = regexp.MustCompile(fmt.Sprintf(`\b%s[A-Z2-7]{%d}_[A-Z2-7]{%d}[0-9a-f]{%d}\b`, apiTokenMark, apiPrefixLen, apiSecretLen, apiChecksumLen))

// newAPIToken makes a token, and gives the start of it that is shown to people.
func newAPIToken() (token secret.Text, prefix string) {
	prefix = apiTokenMark + rand.Text()[:apiPrefixLen]
	body := prefix + "_" + rand.Text() + rand.Text() // of 130 bits each
	return secret.New(body + apiChecksum(body)), prefix
}

func apiChecksum(body string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) }

// isAPIToken tells whether a token says of itself that it is one.
func isAPIToken(token string) bool { return strings.HasPrefix(token, apiTokenMark) }

// isWhole tells whether nothing of an API token is missing or mistyped. That somebody
// has made it up is for the table to say.
func isWhole(token string) bool {
	if len(token) != apiTokenLen {
		return false
	}
	body, checksum := token[:apiTokenLen-apiChecksumLen], token[apiTokenLen-apiChecksumLen:]
	return checksum == apiChecksum(body)
}

// hashOfAPIToken is what is kept of one. It is long and random, so that no work has to
// be made of finding it.
func hashOfAPIToken(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}
