package pgprov

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// hostile begins the fuzzing, and is what the ten thousand are made of.
var hostile = []string{
	"shop", "a", "_", "0", "pg_", "mp_", "public", "PUBLIC", "none", `"`, `""`, "'", "''", `\`, `\'`, `\"`, "$$", "$1", ";", "--", "/*", "*/", " ",
	"\t", "\n", "\r", "%s", "%", "{", "}", "?", ":x", "@", "DROP DATABASE postgres", "E'", "U&'", `U&"`, "ü", "日本", "\u200b", "\u202e", "\U0001f600",
	"\x00", "\xff", "\xc3", "\x7f", strings.Repeat("a", 62), strings.Repeat("é", 40),
}

// readBack sends s quoted, as a value and as a name, in both of the server's
// ways to read strings: it must come back as it is, alone.
func readBack(t *testing.T, conn *pgx.Conn, s string) {
	t.Helper()
	if checkName(s) == nil {
		require.Regexp(t, `\A[a-z][a-z0-9_]{0,62}\z`, s, "what is a name needs no quoting anywhere")
	}
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		require.Error(t, checkName(s))
		require.Error(t, checkMark(s), "it never comes to quoting")
		return
	}
	alias := ident("x" + s)
	for _, conforming := range []string{"on", "off"} {
		// The simple protocol, which DDL uses: it would run a second statement, too.
		results, err := conn.PgConn().Exec(t.Context(), "SET standard_conforming_strings = "+conforming+"; SELECT "+literal(s)+" AS "+alias).ReadAll()
		require.NoError(t, err, "%q", s)
		require.Len(t, results, 2, "%q is one statement", s)
		require.Equal(t, s, string(results[1].Rows[0][0]), "with standard_conforming_strings %s", conforming)
		require.Len(t, results[1].FieldDescriptions, 1)
		require.Equal(t, cutOff("x"+s), results[1].FieldDescriptions[0].Name)
	}
}

// cutOff is what the server makes of a name that is too long; checkName lets none come to it.
func cutOff(name string) string {
	const most = 63
	if len(name) <= most {
		return name
	}
	end := most
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

// FuzzQuote is for `go test -fuzz FuzzQuote ./internal/database/pgprov`; without
// -fuzz the seeds alone run.
func FuzzQuote(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	for _, s := range badNames {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		conn, err := connect(t, rootUser, adminPassword, adminDatabase)
		require.NoError(t, err)
		readBack(t, conn, s[:min(len(s), 1<<16)])
	})
}

func TestQuote_TenThousandNames(t *testing.T) {
	const seed = 31
	random := rand.New(rand.NewPCG(seed, seed)) // the same names each time
	conn, err := connect(t, rootUser, adminPassword, adminDatabase)
	require.NoError(t, err)
	seen := map[string]bool{}
	for len(seen) < 10_000 {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteString(hostile[random.IntN(len(hostile))])
		}
		if s := b.String(); !seen[s] {
			seen[s] = true
			readBack(t, conn, s)
		}
	}
	var databases int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname IN ('postgres', 'template0', 'template1')").Scan(&databases))
	require.Equal(t, 3, databases, "none of %d did anything", len(seen))
}
