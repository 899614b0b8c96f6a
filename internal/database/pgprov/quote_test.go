package pgprov

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

var badNames = map[string]string{
	"empty":                   "",
	"one too long":            strings.Repeat("a", 64),
	"far too long":            strings.Repeat("a", 10000),
	"NUL":                     "ab\x00c",
	"NUL at the end":          "abc\x00",
	"double quote":            `a"b`,
	"SQL in it":               `x"; DROP DATABASE postgres; --`,
	"single quote":            "a'b",
	"backslash":               `a\b`,
	"newline at the end":      "abc\n",
	"space":                   "a b",
	"upper case":              "Shop",
	"Cyrillic look-alike":     "sh\u043ep",
	"full-width letter":       "\uff53hop",
	"not UTF-8":               "sh\xffp",
	"zero-width space":        "sh\u200bop",
	"begins with a digit":     "1shop",
	"begins with underscore":  "_shop",
	"hyphen":                  "my-shop",
	"reserved prefix":         "pg_shop",
	"a predefined role":       "pg_monitor",
	"PUBLIC":                  "public",
	"none":                    "none",
	"percent for a formatter": "a%s",
}

// The server does not exist: a name that got as far as SQL would say UNAVAILABLE.
func unused(t *testing.T) *world {
	t.Helper()
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	return &world{server: d.Server(database.Address{Host: "127.0.0.1", Port: 1, User: "x"}).(*server)}
}

func goodWish(t *testing.T) wish {
	t.Helper()
	v, err := database.ScramVerifier(secret.New("x"))
	require.NoError(t, err)
	return wish{
		login: database.Login{Name: "shop", Mark: "m", Verifier: v},
		space: database.Space{Name: "shop", WorkName: "mp_1", Mark: "m", Login: "shop"},
	}
}

func requireInvalid(t *testing.T, w *world, x wish, methods ...string) {
	t.Helper()
	for _, m := range methods {
		err := w.calls(x)[m].do(t.Context())
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%s: %v", m, err)
		require.True(t, fault.IsPermanent(err), m)
	}
}

var (
	loginMethods = []string{"ObserveLogin", "EnsureLogin", "DisableLogin", "DropLogin"}
	openMethods  = []string{"ObserveOpen", "OpenSpace", "CloseSpace"}
	spaceMethods = append([]string{"ObserveSpace", "EnsureSpace", "DropSpace",
		"ObservePublished", "PublishSpace", "WithdrawSpace"}, openMethods...)
)

func TestServer_HostileNames(t *testing.T) {
	w := unused(t)
	for name, bad := range badNames {
		t.Run(name, func(t *testing.T) {
			x := goodWish(t)
			x.login.Name = bad
			requireInvalid(t, w, x, loginMethods...)

			x = goodWish(t)
			x.space.Name = bad
			requireInvalid(t, w, x, spaceMethods...)

			x = goodWish(t)
			x.space.WorkName = bad
			requireInvalid(t, w, x, spaceMethods...)

			x = goodWish(t)
			x.space.Login = bad
			requireInvalid(t, w, x, openMethods...)
		})
	}
	x := goodWish(t)
	for _, good := range []string{"a", "public_shop", "pgshop", strings.Repeat("a", 63)} {
		x.login.Name = good
		require.Equal(t, fault.Unavailable, fault.CodeOf(w.EnsureLogin(t.Context(), x.login)), good)
	}
}

func TestServer_WishesThatMakeNoSense(t *testing.T) {
	w := unused(t)
	for name, tc := range map[string]struct {
		change  func(x *wish)
		methods []string
	}{
		"no mark":               {func(x *wish) { x.login.Mark, x.space.Mark = "", "" }, append(loginMethods, spaceMethods...)},
		"NUL in mark":           {func(x *wish) { x.login.Mark, x.space.Mark = "a\x00", "a\x00" }, append(loginMethods, spaceMethods...)},
		"not UTF-8 in mark":     {func(x *wish) { x.login.Mark, x.space.Mark = "\xff", "\xff" }, append(loginMethods, spaceMethods...)},
		"work name like a name": {func(x *wish) { x.space.WorkName = "other" }, spaceMethods},
		"twice the same name":   {func(x *wish) { x.space.Name = x.space.WorkName }, spaceMethods},
		"no verifier":           {func(x *wish) { x.login.Verifier = secret.Text{} }, []string{"EnsureLogin"}},
		"a clear password":      {func(x *wish) { x.login.Verifier = secret.New("hunter2hunter2") }, []string{"EnsureLogin"}},
		"an MD5 password":       {func(x *wish) { x.login.Verifier = secret.New("md5" + strings.Repeat("a", 32)) }, []string{"EnsureLogin"}},
		"text after a verifier": {func(x *wish) { x.login.Verifier = secret.New(x.login.Verifier.Reveal() + "\n") }, []string{"EnsureLogin"}},
		"limit below none":      {func(x *wish) { x.login.ConnectionLimit, x.space.ConnectionLimit = -2, -2 }, append([]string{"EnsureLogin"}, openMethods...)},
		"limit too large":       {func(x *wish) { x.login.ConnectionLimit, x.space.ConnectionLimit = 1<<31, 1<<31 }, append([]string{"EnsureLogin"}, openMethods...)},
		"files below none":      {func(x *wish) { x.login.TempFileLimitKiB = -2 }, []string{"EnsureLogin"}},
		"files too large":       {func(x *wish) { x.login.TempFileLimitKiB = 1 << 31 }, []string{"EnsureLogin"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := goodWish(t)
			tc.change(&x)
			requireInvalid(t, w, x, tc.methods...)
		})
	}
}

func TestLiteral_ReadBackByTheServer(t *testing.T) {
	for _, conforming := range []string{"on", "off"} {
		conn, err := connect(t, rootUser, adminPassword, adminDatabase)
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "SET standard_conforming_strings = "+conforming)
		require.NoError(t, err)
		for name, s := range map[string]string{
			"plain": "abc", "empty": "", "quote": "it's", "only quotes": "'''", "backslash": `a\b`,
			"backslash and quote": `\'; DROP TABLE x; --`, "backslash at the end": `a\`, "newline": "a\nb",
			"not ASCII": "größe ✓", "dollar quotes": "$$ $1 $a$", "a comment": "--/*", "a format": "%s",
		} {
			var got string
			// Without arguments Exec and QueryRow would prepare; the simple protocol is what DDL uses.
			results, err := conn.PgConn().Exec(t.Context(), "SELECT "+literal(s)).ReadAll()
			require.NoError(t, err, "%s: %s", name, literal(s))
			got = string(results[0].Rows[0][0])
			require.Equal(t, s, got, "%s with standard_conforming_strings %s", name, conforming)
		}
	}
}
