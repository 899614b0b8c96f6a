package database_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

func TestCreateUserInput_Validate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*database.CreateUserInput)
		field  string // "" for good
	}{
		"plain":                 {func(*database.CreateUserInput) {}, ""},
		"longest allowed":       {func(in *database.CreateUserInput) { in.Name = strings.Repeat("a", database.MaxUserNameLen) }, ""},
		"one too long":          {func(in *database.CreateUserInput) { in.Name = strings.Repeat("a", database.MaxUserNameLen+1) }, "name"},
		"empty":                 {func(in *database.CreateUserInput) { in.Name = "" }, "name"},
		"SQL in it":             {func(in *database.CreateUserInput) { in.Name = `x"; DROP ROLE y; --` }, "name"},
		"NUL":                   {func(in *database.CreateUserInput) { in.Name = "a\x00b" }, "name"},
		"capital letter":        {func(in *database.CreateUserInput) { in.Name = "Reader" }, "name"},
		"digit first":           {func(in *database.CreateUserInput) { in.Name = "1a" }, "name"},
		"line break at the end": {func(in *database.CreateUserInput) { in.Name = "a\n" }, "name"},
		"PostgreSQL's own":      {func(in *database.CreateUserInput) { in.Name = "postgres" }, "name"},
		"pg_ prefix":            {func(in *database.CreateUserInput) { in.Name = "pg_a" }, "name"},
		"no rights":             {func(in *database.CreateUserInput) { in.Rights = "" }, "rights"},
		"unknown rights":        {func(in *database.CreateUserInput) { in.Rights = "SUPERUSER" }, "rights"},
		"no connections":        {func(in *database.CreateUserInput) { in.ConnectionLimit = new(0) }, "connectionLimit"},
		"too many connections":  {func(in *database.CreateUserInput) { in.ConnectionLimit = new(database.MaxConnectionLimit + 1) }, "connectionLimit"},
		"no timeout":            {func(in *database.CreateUserInput) { in.StatementTimeoutSeconds = new(0) }, ""},
		"longest timeout": {func(in *database.CreateUserInput) {
			in.StatementTimeoutSeconds = new(database.MaxStatementTimeoutSeconds)
		}, ""},
		"timeout too long": {func(in *database.CreateUserInput) {
			in.StatementTimeoutSeconds = new(database.MaxStatementTimeoutSeconds + 1)
		}, "statementTimeoutSeconds"},
		"negative timeout": {func(in *database.CreateUserInput) { in.StatementTimeoutSeconds = new(-1) }, "statementTimeoutSeconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := database.CreateUserInput{Name: "reader", Rights: database.ReadOnly}
			tc.change(&in)
			mustName(t, in.Validate(), tc.field)
			if tc.field != "name" {
				mustName(t, database.UpdateUserInput{Rights: &in.Rights, ConnectionLimit: in.ConnectionLimit, StatementTimeoutSeconds: in.StatementTimeoutSeconds}.Validate(), tc.field)
			}
		})
	}
	all := database.CreateUserInput{Name: "X", ConnectionLimit: new(-1), StatementTimeoutSeconds: new(-1)}.Validate()
	require.Len(t, fault.All(all), 4, "all that is wrong comes together")
	require.NoError(t, database.UpdateUserInput{}.Validate())
}

// mustName wants an error about the field, or none.
func mustName(t *testing.T, err error, field string) {
	t.Helper()
	if field == "" {
		require.NoError(t, err)
		return
	}
	f, ok := errors.AsType[*fault.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, fault.Invalid, f.Code)
	require.Equal(t, field, f.Field)
}
