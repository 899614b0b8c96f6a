package pgprov

import (
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// The server would cut a longer name off without an error, Sanitize would drop a
// NUL, and either could then mean someone else's object.
var (
	namePattern     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	verifierPattern = regexp.MustCompile(`^SCRAM-SHA-256\$[1-9][0-9]{3,8}:[A-Za-z0-9+/]{4,}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$`)
)

// workPrefix begins every working name: a database that bears one may be ours
// without a mark, so nothing else may be taken for one.
const workPrefix = "mp_"

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes s whatever the server's standard_conforming_strings is.
func literal(s string) string {
	s = strings.ReplaceAll(s, `'`, `''`)
	if !strings.Contains(s, `\`) {
		return `'` + s + `'`
	}
	return `E'` + strings.ReplaceAll(s, `\`, `\\`) + `'`
}

func checkName(name string) error {
	switch {
	case !namePattern.MatchString(name):
		return fault.Invalid.Permanent("name", "A name must have 1 to 63 lower-case letters, digits and underscores and begin with a letter.")
	case strings.HasPrefix(name, "pg_"), name == "public", name == "none":
		return fault.Invalid.Permanent("name", "The name is reserved by PostgreSQL.")
	}
	return nil
}

// checkMark refuses the empty mark: everything without a comment would bear it.
func checkMark(mark string) error {
	if mark == "" || strings.ContainsRune(mark, 0) || !utf8.ValidString(mark) {
		return fault.Invalid.Permanent("", "The owner mark is not valid.")
	}
	return nil
}

func checkLimit(connections int) error {
	if connections < -1 || connections >= math.MaxInt32 {
		return fault.Invalid.Permanent("", "The connection limit is out of range.")
	}
	return nil
}

// checkLogin checks what names and owns the role.
func checkLogin(l database.Login) error {
	if err := checkName(l.Name); err != nil {
		return err
	}
	return checkMark(l.Mark)
}

// checkWish checks all that EnsureLogin writes. What is not a verifier would be
// taken by the server for a password in clear text, and be logged there.
func checkWish(l database.Login) error {
	if err := checkLogin(l); err != nil {
		return err
	}
	if !verifierPattern.MatchString(l.Verifier.Reveal()) {
		return fault.Invalid.Permanent("", "The verifier is not one of SCRAM-SHA-256.")
	}
	if l.TempFileLimitKiB < -1 || l.TempFileLimitKiB > math.MaxInt32 {
		return fault.Invalid.Permanent("", "The limit of temporary files is out of range.")
	}
	return checkLimit(l.ConnectionLimit)
}

// checkSpace checks what names and owns the database.
func checkSpace(sp database.Space) error {
	if err := checkName(sp.Name); err != nil {
		return err
	}
	if err := checkName(sp.WorkName); err != nil {
		return err
	}
	if !strings.HasPrefix(sp.WorkName, workPrefix) || sp.Name == sp.WorkName {
		return fault.Invalid.Permanent("name", "The working name of the database is not valid.")
	}
	return checkMark(sp.Mark)
}

// checkOpening checks what OpenSpace writes as well.
func checkOpening(sp database.Space) error {
	if err := checkSpace(sp); err != nil {
		return err
	}
	if err := checkName(sp.Login); err != nil {
		return err
	}
	return checkLimit(sp.ConnectionLimit)
}
