package customer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/models"
)

// faultFields are the fields of the faults in err, all INVALID.
func faultFields(t *testing.T, err error) (fields []string) {
	t.Helper()
	for _, e := range fault.All(err) {
		f, ok := e.(*fault.Error) //nolint:errorlint // All gives them bare
		require.True(t, ok, "%v", e)
		require.Equal(t, fault.Invalid, f.Code)
		require.NotEmpty(t, f.Message)
		fields = append(fields, f.Field)
	}
	return fields
}

func TestValidate_Names(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"shortest":                   {"a", true},
		"longest":                    {strings.Repeat("a", customer.MaxNameLen), true},
		"longest, four bytes each":   {strings.Repeat("𝔘", customer.MaxNameLen), true},
		"one too long":               {strings.Repeat("a", customer.MaxNameLen+1), false},
		"one too long, of four":      {strings.Repeat("𝔘", customer.MaxNameLen+1), false},
		"empty":                      {"", false},
		"spaces":                     {"   ", false},
		"a no-break space":           {"\u00a0", false},
		"space in front":             {" a", false},
		"space behind":               {"a ", false},
		"line break behind":          {"a\n", false},
		"NUL":                        {"a\x00b", false},
		"a line break":               {"a\nb", false},
		"a tab":                      {"a\tb", false},
		"escape":                     {"a\x1b[31mb", false},
		"DEL":                        {"a\x7fb", false},
		"a control character of C1":  {"a\u0085b", false},
		"no UTF-8":                   {"a\xffb", false},
		"cut UTF-8":                  {"a\xc3", false},
		"other scripts":              {"株式会社 Ünïcode Ελλάς שלום", true},
		"a look-alike":               {"аpple", true}, // names are no keys
		"an emoji of several":        {"👩‍💻 Studio", true},
		"SQL in it":                  {"x'); DROP TABLE customers; --", true},
		"HTML in it":                 {"<script>alert(1)</script>", true},
		"a placeholder in it":        {"What? ?0 %s {{.}}", true},
		"only a sign without a look": {"\u200b", false},
		"a change of direction":      {"abc\u202edcba", false},
		"a line separator":           {"a\u2028b", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := []string{"name"}
			if tc.ok {
				want = nil
			}
			require.Equal(t, want, faultFields(t, customer.CreateInput{Name: tc.in, Email: "a@b.c"}.Validate()), "create %q", tc.in)
			require.Equal(t, want, faultFields(t, customer.UpdateInput{Name: &tc.in}.Validate()), "update %q", tc.in)
			if tc.in == "" { // clears it
				want = nil
			} else if !tc.ok {
				want = []string{"company"}
			}
			require.Equal(t, want, faultFields(t, customer.CreateInput{Name: "A", Email: "a@b.c", Company: &tc.in}.Validate()), "company %q", tc.in)
			require.Equal(t, want, faultFields(t, customer.UpdateInput{Company: &tc.in}.Validate()), "company %q", tc.in)
		})
	}
}

func TestValidate_Emails(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", customer.MaxEmailLen-len("@example.com"))
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"plain":            {"jane@example.com", true},
		"capital letters":  {"Jane@Example.COM", true},
		"a tag":            {"jane+hosting@example.com", true},
		"shortest":         {"a@b", true},
		"longest":          {long + "@example.com", true},
		"one too long":     {long + "a@example.com", false},
		"empty":            {"", false},
		"no host":          {"jane@", false},
		"no name":          {"@example.com", false},
		"no at":            {"jane.example.com", false},
		"with a name":      {"Jane <jane@example.com>", false},
		"angle brackets":   {"<jane@example.com>", false},
		"two":              {"a@example.com, b@example.com", false},
		"space around":     {" jane@example.com", false},
		"a comment":        {"jane@example.com (Jane)", false},
		"a line break":     {"jane@example.com\r\nBcc: all@example.com", false},
		"NUL":              {"jane\x00@example.com", false},
		"a header in it":   {"\"jane\r\nBcc: x\"@example.com", false},
		"of another world": {"jürgen@exämple.de", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := []string{"email"}
			if tc.ok {
				want = nil
			}
			require.Equal(t, want, faultFields(t, customer.CreateInput{Name: "A", Email: tc.in}.Validate()), "create %q", tc.in)
			require.Equal(t, want, faultFields(t, customer.UpdateInput{Email: &tc.in}.Validate()), "update %q", tc.in)
		})
	}
}

func TestValidate_CountriesAndQuotas(t *testing.T) {
	t.Parallel()
	q := func(limits ...*int64) (list []*customer.QuotaInput) {
		for _, m := range limits {
			list = append(list, &customer.QuotaInput{Name: models.QuotaDatabases, Max: m})
		}
		return list
	}
	for name, tc := range map[string]struct {
		country *string
		quotas  []*customer.QuotaInput
		want    []string
	}{
		"nothing":             {nil, nil, nil},
		"Germany":             {new("DE"), nil, nil},
		"cleared":             {new(""), nil, nil},
		"small letters":       {new("de"), nil, []string{"country"}},
		"three letters":       {new("DEU"), nil, []string{"country"}},
		"with a line break":   {new("DE\n"), nil, []string{"country"}},
		"look-alikes":         {new("ᎠE"), nil, []string{"country"}},
		"no limit":            {nil, q(nil), nil},
		"a limit of nothing":  {nil, q(new(int64(0))), nil},
		"the largest limit":   {nil, q(new(int64(1 << 53))), nil},
		"one past it":         {nil, q(new(int64(1<<53 + 1))), []string{"quotas"}},
		"below nothing":       {nil, q(new(int64(-1))), []string{"quotas"}},
		"the same name twice": {nil, q(nil, new(int64(1))), []string{"quotas"}},
		"all of it":           {new("x"), q(new(int64(-1)), nil), []string{"quotas", "quotas", "country"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, faultFields(t, customer.CreateInput{Name: "A", Email: "a@b.c", Country: tc.country, Quotas: tc.quotas}.Validate()))
			require.Equal(t, tc.want, faultFields(t, customer.UpdateInput{Country: tc.country, Quotas: tc.quotas}.Validate()))
		})
	}
}

func TestValidate_AllThatIsWrongComesTogether(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, []string{"name", "email", "company", "country", "quotas"}, faultFields(t, customer.CreateInput{
		Name: "", Email: "x", Company: new(" x"), Country: new("xx"),
		Quotas: []*customer.QuotaInput{{Name: models.QuotaDatabases, Max: new(int64(-1))}},
	}.Validate()))
	require.NoError(t, customer.UpdateInput{}.Validate(), "nothing to change is nothing wrong")
}
