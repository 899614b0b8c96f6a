package auth

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

// Limits of a user's e-mail address, in bytes, and name, in characters.
const (
	MaxEmailBytes = 254 // RFC 5321, less the angle brackets of a path
	MaxNameLen    = 200
)

// normalEmail checks an address and gives it as it is stored: in lower case.
// Nothing is trimmed, so that what a person sees is what is kept.
func normalEmail(s string) (string, *fault.Error) {
	bad := fault.Invalid.New("email", "Give one e-mail address of at most %d bytes, such as ada@example.com, without spaces around it.", MaxEmailBytes)
	if len(s) > MaxEmailBytes || !clean(s) || s != strings.TrimSpace(s) {
		return "", bad
	}
	// The parser also takes "Ada <ada@example.com>" and comments.
	if addr, err := mail.ParseAddress(s); err != nil || addr.Address != s {
		return "", bad
	}
	lower := strings.ToLower(s)
	if len(lower) > MaxEmailBytes {
		return "", bad
	}
	return lower, nil
}

func checkName(s string) *fault.Error {
	// Four bytes are the longest character; a longer text need not be counted.
	if len(s) > 4*MaxNameLen || utf8.RuneCountInString(s) > MaxNameLen || s == "" || !clean(s) || s != strings.TrimSpace(s) {
		return fault.Invalid.New("name", "A name has 1 to %d characters, no control characters and no spaces around it.", MaxNameLen)
	}
	return nil
}

// clean tells whether a text can stand in a line of a page or a log: valid
// UTF-8 without control characters, line separators and changes of direction.
func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
	})
}

// newUser is a person to be created, checked.
type newUser struct {
	email, name string
	password    secret.Text
}

// checkUser checks what describes a new person. Errors: fault.Invalid for each
// of the fields email, name and password, together.
func checkUser(email, name string, password secret.Text) (newUser, error) {
	lower, badEmail := normalEmail(email)
	err := fault.Join(badEmail, checkName(name), checkPassword(password, lower, name))
	return newUser{lower, name, password}, err
}
