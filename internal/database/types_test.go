package database_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

func TestCreateInput_Validate(t *testing.T) {
	t.Parallel()
	limit := func(n int) *int { return &n }
	for name, tc := range map[string]struct {
		in    database.CreateInput
		field string // "" for good
	}{
		"shortest":              {database.CreateInput{Name: "a"}, ""},
		"longest allowed":       {database.CreateInput{Name: strings.Repeat("a", database.MaxNameLen)}, ""},
		"one too long":          {database.CreateInput{Name: strings.Repeat("a", database.MaxNameLen+1)}, "name"},
		"64 bytes":              {database.CreateInput{Name: strings.Repeat("a", 64)}, "name"},
		"empty":                 {database.CreateInput{}, "name"},
		"capital letter":        {database.CreateInput{Name: "Shop"}, "name"},
		"digit first":           {database.CreateInput{Name: "1shop"}, "name"},
		"NUL":                   {database.CreateInput{Name: "sh\x00op"}, "name"},
		"SQL in it":             {database.CreateInput{Name: `x"; DROP DATABASE y; --`}, "name"},
		"single quote":          {database.CreateInput{Name: "o'neill"}, "name"},
		"line break at the end": {database.CreateInput{Name: "shop\n"}, "name"},
		"Cyrillic look-alike":   {database.CreateInput{Name: "shор"}, "name"},
		"full width letters":    {database.CreateInput{Name: "ｓｈｏｐ"}, "name"},
		"reserved by SQL":       {database.CreateInput{Name: "select"}, "name"},
		"PostgreSQL's own":      {database.CreateInput{Name: "template1"}, "name"},
		"pg_ prefix":            {database.CreateInput{Name: "pg_shop"}, "name"},
		"path":                  {database.CreateInput{Name: "../etc"}, "name"},
		"no connections":        {database.CreateInput{Name: "shop", ConnectionLimit: limit(0)}, "connectionLimit"},
		"most connections":      {database.CreateInput{Name: "shop", ConnectionLimit: limit(database.MaxConnectionLimit)}, ""},
		"too many connections":  {database.CreateInput{Name: "shop", ConnectionLimit: limit(database.MaxConnectionLimit + 1)}, "connectionLimit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.in.Validate()
			if tc.field == "" {
				require.NoError(t, err)
				return
			}
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, fault.Invalid, f.Code)
			require.Equal(t, tc.field, f.Field)
			require.NotContains(t, f.Message, "\n")
		})
	}
	both := database.CreateInput{Name: "X", ConnectionLimit: limit(-1)}.Validate()
	require.Len(t, fault.All(both), 2, "all that is wrong comes together")
}

func TestCreateInput_FuzzedNamesAreSafe(t *testing.T) {
	t.Parallel()
	// Whatever passes needs no quoting anywhere.
	for a := range 256 {
		for _, name := range []string{string([]byte{byte(a)}), "a" + string([]byte{byte(a)}), "ab" + string(rune(a*37)) + "c"} {
			if (database.CreateInput{Name: name}).Validate() == nil {
				require.Regexp(t, `\A[a-z][a-z0-9_]*\z`, name)
			}
		}
	}
}

func TestDeleteInput_Validate(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int]fault.Code{0: "", 1: "", database.MaxGraceSeconds: "", -1: fault.Invalid, database.MaxGraceSeconds + 1: fault.Invalid} {
		require.Equal(t, want, fault.CodeOf(database.DeleteInput{GraceSeconds: &seconds}.Validate()), seconds)
	}
	require.NoError(t, database.DeleteInput{}.Validate())
}

func TestCredentials_ConnectionStrings(t *testing.T) {
	t.Parallel()
	c := &database.Credentials{Host: "db.example.com", Port: 5433, Database: "c1_shop", Username: "c1_shop", Secret: secret.New("Pa-ss_1")}
	want := map[database.ConnectionStringFormat]string{
		database.FormatURI:  "postgresql://c1_shop:Pa-ss_1@db.example.com:5433/c1_shop",
		database.FormatPSQL: "PGPASSWORD=Pa-ss_1 psql -h db.example.com -p 5433 -U c1_shop -d c1_shop",
		database.FormatEnv: "PGHOST=db.example.com\nPGPORT=5433\nPGDATABASE=c1_shop\nPGUSER=c1_shop\nPGPASSWORD=Pa-ss_1\n" +
			"DATABASE_URL=postgresql://c1_shop:Pa-ss_1@db.example.com:5433/c1_shop",
		database.FormatJDBC: "jdbc:postgresql://db.example.com:5433/c1_shop?user=c1_shop&password=Pa-ss_1",
	}
	for _, s := range c.ConnectionStrings() {
		require.Equal(t, want[s.Format], s.Value)
		delete(want, s.Format)
	}
	require.Empty(t, want)
}
