package auth

import (
	_ "embed"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

// Limits of a password. NIST SP 800-63B-4 asks for 15 characters of one that is all
// that there is, as it becomes when a second factor is lost; composition rules it forbids.
const (
	MinPasswordLen   = 15 // characters
	MaxPasswordBytes = 256
)

const (
	minContextLen = 4 // a shorter name or local part may stand in a password, in characters
	minDistinct   = 5 // different characters
	maxRepeatLen  = 8 // a unit this short, in characters, that makes up the whole password
)

// commonText has passwords of 15 characters and more from the usual lists, one
// a line and in lower case; what a rule below refuses is not in it.
//
//go:embed common.txt
var commonText string

// walks are the ways along a keyboard or an alphabet that count as one thing;
// each may begin anywhere, go round and be walked backwards.
var walks = []string{
	"1234567890",
	"abcdefghijklmnopqrstuvwxyz",
	"qwertyuiop",
	"qwertyuiopasdfghjklzxcvbnm",
	"1234567890qwertyuiopasdfghjklzxcvbnm",
	"qwertzuiopasdfghjklyxcvbnm",
	"azertyuiopqsdfghjklmwxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
	"1q2w3e4r5t6y7u8i9o0p",
}

// checkPassword refuses what others would try first. The password is taken byte
// by byte as it comes: nothing is trimmed, cut or normalised. email and name
// may be empty, when they are at fault themselves.
func checkPassword(password secret.Text, email, name string) *fault.Error {
	p := password.Reveal()
	switch {
	case len(p) > MaxPasswordBytes: // first: the rest is only for what is short
		return fault.Invalid.New("password", "A password has at most %d bytes.", MaxPasswordBytes)
	case !utf8.ValidString(p) || strings.ContainsRune(p, 0):
		return fault.Invalid.New("password", "A password is UTF-8 text without NUL characters.")
	case utf8.RuneCountInString(p) < MinPasswordLen:
		return fault.Invalid.New("password", "A password has at least %d characters; a few unrelated words do.", MinPasswordLen)
	}
	lower := strings.ToLower(p)
	local, _, _ := strings.Cut(email, "@")
	for _, word := range []string{email, local, strings.ToLower(name)} {
		if utf8.RuneCountInString(word) >= minContextLen && strings.Contains(lower, word) {
			return fault.Invalid.New("password", "A password must not contain the name or the e-mail address of its owner.")
		}
	}
	if isPredictable(lower) {
		return fault.Invalid.New("password", "This password is among the first that an attacker tries; choose another, such as a few unrelated words.")
	}
	return nil
}

// isPredictable tells whether a password, in lower case, is a common one or
// follows a simple rule.
func isPredictable(lower string) bool {
	chars := []rune(lower)
	distinct := slices.Clone(chars)
	slices.Sort(distinct)
	return len(slices.Compact(distinct)) < minDistinct || repeats(chars) || isWalk(chars) ||
		slices.Contains(strings.Split(commonText, "\n"), lower)
}

// repeats tells whether a short unit makes up the whole, the last one perhaps cut.
func repeats(chars []rune) bool {
	for n := 1; n <= maxRepeatLen && n < len(chars); n++ {
		if slices.Equal(chars[n:], chars[:len(chars)-n]) {
			return true
		}
	}
	return false
}

func isWalk(chars []rune) bool {
	backwards := slices.Clone(chars)
	slices.Reverse(backwards)
	there, back := string(chars), string(backwards)
	return slices.ContainsFunc(walks, func(w string) bool {
		round := strings.Repeat(w, len(there)/len(w)+2)
		return strings.Contains(round, there) || strings.Contains(round, back)
	})
}
