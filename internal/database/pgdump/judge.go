package pgdump

import (
	"fmt"
	"slices"
	"strings"
)

// A verdict is what becomes of a statement.
type verdict int

const (
	run      verdict = iota
	tolerate         // a setting that the server may not know
	rowsIn           // COPY ... FROM stdin: rows follow
	owner            // whose things are is the panel's to say
	grant            // and who else may use them, too
	skip             // what is done anyway: a transaction around it all
	forbid
)

// kinds are the first words of what may be in a dump of one database.
var kinds = map[string]bool{
	"CREATE": true, "ALTER": true, "DROP": true, "COMMENT": true, "SELECT": true, "INSERT": true, "UPDATE": true, "DELETE": true,
	"TRUNCATE": true, "DO": true, "REFRESH": true, "SECURITY": true, "ANALYZE": true, "CLUSTER": true, "LOCK": true, "WITH": true,
}

// unsafeEncodings have bytes within characters that look like quotes or
// backslashes; no server stores them either.
var unsafeEncodings = []string{"SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFTJIS2004", "SHIFTJIS", "WIN932", "WIN936", "WIN949", "WIN950", "MSKANJI"}

// judge says what becomes of a statement; for what is forbidden, why. What a
// statement may do is bounded by the rights of the role that runs it, not here:
// this gives clear answers, and leaves out what another server's roles are for.
func judge(st statement) (verdict, string) {
	w := func(i int) string {
		if i < len(st.words) {
			return st.words[i]
		}
		return ""
	}
	switch w(0) {
	case "BEGIN", "COMMIT", "END":
		return skip, ""
	case "START":
		return skip, ""
	case "GRANT", "REVOKE":
		return grant, ""
	case "SET", "RESET":
		return judgeSet(st, w)
	case "COPY":
		return judgeCopy(st)
	case "COMMENT":
		if w(2) == "EXTENSION" || w(2) == "DATABASE" {
			return skip, "" // comes with the extension, or is the panel's mark
		}
	case "ALTER":
		switch {
		case w(1) == "SYSTEM":
			return forbid, "ALTER SYSTEM changes the whole server, not one database"
		case w(1) == "DEFAULT" && w(2) == "PRIVILEGES":
			return grant, ""
		case isOwner(st.words):
			return owner, ""
		}
	}
	if reason := wholeServer(w); reason != "" {
		return forbid, reason
	}
	if !kinds[w(0)] {
		return forbid, fmt.Sprintf("%s is not a part of a database's dump", first(w(0)))
	}
	return run, ""
}

func first(word string) string {
	if word == "" || word == `"` || word == "'" || len(word) > 20 {
		return "this"
	}
	return word
}

// isOwner recognises ALTER ... OWNER TO.
func isOwner(words []string) bool {
	i := slices.Index(words, "OWNER")
	return i > 1 && i+1 < len(words) && words[i+1] == "TO" && !slices.Contains(words, "RENAME")
}

// wholeServer tells what is beyond one database.
func wholeServer(w func(int) string) string {
	if w(0) != "CREATE" && w(0) != "ALTER" && w(0) != "DROP" {
		return ""
	}
	switch w(1) {
	case "DATABASE":
		return w(0) + " DATABASE is beyond one database; make the dump without --create"
	case "ROLE", "GROUP", "TABLESPACE", "SUBSCRIPTION":
		return w(0) + " " + w(1) + " is beyond one database"
	case "USER":
		if w(2) != "MAPPING" {
			return w(0) + " USER is beyond one database"
		}
	}
	return ""
}

func judgeSet(st statement, w func(int) string) (verdict, string) {
	name := w(1)
	if name == "LOCAL" || name == "SESSION" && w(2) != "AUTHORIZATION" {
		name = w(2)
	}
	switch name {
	case "ROLE", "SESSION", "AUTHORIZATION":
		return owner, ""
	case "LOCK_TIMEOUT", "CONSTRAINTS", "TRANSACTION":
		return skip, "" // locks are waited for as long as the panel says
	case "STANDARD_CONFORMING_STRINGS":
		if slices.Contains(st.words, "OFF") || strings.EqualFold(st.text, "off") {
			return forbid, "standard_conforming_strings = off is not supported"
		}
	case "CLIENT_ENCODING", "NAMES":
		encoding := st.text
		if encoding == "" {
			encoding = w(len(st.words) - 1)
		}
		encoding = strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(encoding))
		if slices.Contains(unsafeEncodings, encoding) {
			return forbid, "its encoding is not supported; make the dump with --encoding=UTF8"
		}
	}
	return tolerate, ""
}

func judgeCopy(st statement) (verdict, string) {
	i := slices.Index(st.words, "FROM")
	if i > 0 && i+1 < len(st.words) && st.words[i+1] == "STDIN" && !slices.Contains(st.words[:i], "TO") {
		return rowsIn, ""
	}
	return forbid, "COPY to or from a file or a program is not a part of a dump"
}
