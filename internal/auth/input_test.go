package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

func TestNormalEmail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 57) + ".org"
	require.Len(t, long, MaxEmailBytes)
	for name, tc := range map[string]struct{ in, want string }{
		"plain":             {"ada@example.com", "ada@example.com"},
		"capitals":          {"Ada@Example.COM", "ada@example.com"},
		"one label":         {"root@localhost", "root@localhost"},
		"plus":              {"ada+panel@example.com", "ada+panel@example.com"},
		"longest":           {long, long},
		"one too long":      {"a" + long, ""},
		"empty":             {"", ""},
		"no at sign":        {"ada", ""},
		"space before":      {" ada@example.com", ""},
		"space after":       {"ada@example.com ", ""},
		"no-break space":    {"ada@example.com\u00a0", ""},
		"display name":      {"Ada <ada@example.com>", ""},
		"angle brackets":    {"<ada@example.com>", ""},
		"comment":           {"ada@example.com (Ada)", ""},
		"two":               {"ada@example.com, eve@example.com", ""},
		"group":             {"all: ada@example.com;", ""},
		"quoted":            {`"ada lovelace"@example.com`, ""},
		"header injection":  {"ada@example.com\r\nBcc: eve@example.com", ""},
		"NUL":               {"ada@example.com\x00", ""},
		"not UTF-8":         {"ada\xff@example.com", ""},
		"right to left":     {"ada\u202e@example.com", ""},
		"a million of them": {strings.Repeat("a", 1<<20) + "@example.com", ""},
	} {
		got, err := normalEmail(tc.in)
		require.Equal(t, tc.want, got, name)
		if tc.want == "" {
			require.NotNil(t, err, name)
			require.Equal(t, "email", err.Field)
			require.Equal(t, fault.Invalid, err.Code)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"plain":          {"Ada Lovelace", true},
		"one character":  {"A", true},
		"not ASCII":      {"Łukasz 李", true},
		"longest":        {strings.Repeat("李", MaxNameLen), true},
		"one too long":   {strings.Repeat("a", MaxNameLen+1), false},
		"empty":          {"", false},
		"spaces":         {"  ", false},
		"space before":   {" Ada", false},
		"line end":       {"Ada\nINFO signed in", false},
		"escape":         {"Ada\x1b[2J", false},
		"NUL":            {"Ada\x00", false},
		"C1 control":     {"Ada\u0085x", false},
		"line separator": {"Ada\u2028x", false},
		"right to left":  {"Ada\u202ex", false},
		"not UTF-8":      {"Ada\xff", false},
		"a megabyte":     {strings.Repeat("a", 1<<20), false},
	} {
		err := checkName(tc.in)
		require.Equal(t, tc.ok, err == nil, "%s: %v", name, err)
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	const email, owner = "grace.hopper@example.com", "Grace Hopper"
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"words":                    {"tin orbit valley mud", true},
		"random":                   {"kV8-qT2_xW9bZrLm", true},
		"shortest":                 {"mud tin orbit v", true},
		"one too short":            {"mud tin orbit ", false},
		"15 bytes, 13 characters":  {"öäümud tin ob", false},
		"15 characters, not ASCII": {"пять мокрых сов", true},
		"longest":                  {strings.Repeat("tin orbit valley", 15) + "mud ore axle pin", true},
		"one too long":             {strings.Repeat("tin orbit valley", 16) + "x", false},
		"spaces around":            {" tin orbit valley ", true},
		"empty":                    {"", false},
		"NUL":                      {"tin orbit valley\x00mud", false},
		"not UTF-8":                {"tin orbit valley\xff", false},
		"line end":                 {"tin orbit valley\n", true},
		"local part":               {"grace.hopper@example", false},
		"local part, other case":   {"my GRACE.HOPPER key", false},
		"name":                     {"xx grace hopper 42", false},
		"domain only":              {"example.com tin ore", true},
		"one character":            {strings.Repeat("a", 20), false},
		"two characters":           {"abbaabbabaabbaba", false},
		"passwordpassword":         {"passwordpassword", false},
		"capitals do not help":     {"PasswordPassword", false},
		"cut repetition":           {"xkcdtinxkcdtinxk", false},
		"123456789012345":          {"123456789012345", false},
		"backwards":                {"543210987654321", false},
		"alphabet":                 {"defghijklmnopqrstu", false},
		"alphabet round the end":   {"uvwxyzabcdefghij", false},
		"keyboard":                 {"qwertyuiopasdfgh", false},
		"keyboard columns":         {"1qaz2wsx3edc4rfv", false},
		"famous":                   {"CorrectHorseBatteryStaple", false},
		"famous with spaces":       {"correct horse battery staple", false},
		"famous as a part":         {"correct horse battery staple 7 ore", true},
	} {
		err := checkPassword(secret.New(tc.in), email, owner)
		require.Equal(t, tc.ok, err == nil, "%s: %v", name, err)
		if err != nil {
			require.Equal(t, fault.Invalid, err.Code, name)
			require.Equal(t, "password", err.Field, name)
			if tc.in != "" {
				require.NotContains(t, err.Error(), tc.in, name)
			}
		}
	}
}

func TestCheckPassword_ShortNameMayStandInIt(t *testing.T) {
	t.Parallel()
	require.Nil(t, checkPassword(secret.New("tin orbit valley mud"), "tin@example.com", "Al"))
}

func TestCheckPassword_AMegabyteIsRefusedForItsLength(t *testing.T) {
	t.Parallel()
	err := checkPassword(secret.New(strings.Repeat("\xff", 1<<20)), "ada@example.com", "Ada")
	require.NotNil(t, err)
	require.Contains(t, err.Message, "at most 256 bytes", "what is that long is not read")
}

func TestCheckUser_AllFieldsTogether(t *testing.T) {
	t.Parallel()
	_, err := checkUser("nobody", "", secret.New("short"))
	var fields []string
	for _, e := range fault.All(err) {
		f, ok := errors.AsType[*fault.Error](e)
		require.True(t, ok, "%v", e)
		fields = append(fields, f.Field)
	}
	require.Equal(t, []string{"email", "name", "password"}, fields)
}

// The list is for what no rule finds.
func TestCommonText(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for line := range strings.Lines(commonText) {
		p := strings.TrimSuffix(line, "\n")
		require.GreaterOrEqual(t, len(p), MinPasswordLen, p)
		require.Equal(t, strings.ToLower(p), p)
		require.False(t, seen[p], "%s is there twice", p)
		seen[p] = true
		require.False(t, repeats([]rune(p)) || isWalk([]rune(p)), "%s is refused by a rule", p)
		require.True(t, isPredictable(p), p)
	}
}
