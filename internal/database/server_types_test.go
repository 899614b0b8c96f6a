package database_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

func TestRegisterServerInput_Validate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*database.RegisterServerInput)
		field  string // "" for good
	}{
		"good":                  {func(*database.RegisterServerInput) {}, ""},
		"longest name":          {func(in *database.RegisterServerInput) { in.Name = strings.Repeat("ü", 100) }, ""},
		"name too long":         {func(in *database.RegisterServerInput) { in.Name = strings.Repeat("ü", 101) }, "name"},
		"no name":               {func(in *database.RegisterServerInput) { in.Name = "" }, "name"},
		"name of spaces":        {func(in *database.RegisterServerInput) { in.Name = " \t" }, "name"},
		"space at the end":      {func(in *database.RegisterServerInput) { in.Name = "db " }, "name"},
		"line break in a name":  {func(in *database.RegisterServerInput) { in.Name = "a\nb" }, "name"},
		"text that turns":       {func(in *database.RegisterServerInput) { in.Name = "a\u202eb" }, "name"},
		"no text":               {func(in *database.RegisterServerInput) { in.Name = "a\xff" }, "name"},
		"IPv4":                  {func(in *database.RegisterServerInput) { in.Host = "192.0.2.1" }, ""},
		"IPv6":                  {func(in *database.RegisterServerInput) { in.Host = "2001:db8::1" }, ""},
		"IPv6 with a zone":      {func(in *database.RegisterServerInput) { in.Host = "fe80::1%eth0" }, "host"},
		"container's name":      {func(in *database.RegisterServerInput) { in.Host = "stack_db_1" }, ""},
		"no host":               {func(in *database.RegisterServerInput) { in.Host = "" }, "host"},
		"socket":                {func(in *database.RegisterServerInput) { in.Host = "/var/run/postgresql" }, "host"},
		"abstract socket":       {func(in *database.RegisterServerInput) { in.Host = "@socket" }, "host"},
		"host and port":         {func(in *database.RegisterServerInput) { in.Host = "db:5432" }, "host"},
		"two hosts":             {func(in *database.RegisterServerInput) { in.Host = "a,b" }, "host"},
		"URI":                   {func(in *database.RegisterServerInput) { in.Host = "postgresql://db" }, "host"},
		"setting in a host":     {func(in *database.RegisterServerInput) { in.Host = "db' sslmode='disable" }, "host"},
		"NUL in a host":         {func(in *database.RegisterServerInput) { in.Host = "d\x00b" }, "host"},
		"dots":                  {func(in *database.RegisterServerInput) { in.Host = "a..b" }, "host"},
		"label too long":        {func(in *database.RegisterServerInput) { in.Host = strings.Repeat("a", 64) }, "host"},
		"host too long":         {func(in *database.RegisterServerInput) { in.Host = strings.Repeat("a.", 127) + "a" }, "host"},
		"port 0":                {func(in *database.RegisterServerInput) { in.Port = 0 }, "port"},
		"last port":             {func(in *database.RegisterServerInput) { in.Port = 65535 }, ""},
		"past the last port":    {func(in *database.RegisterServerInput) { in.Port = 65536 }, "port"},
		"no user":               {func(in *database.RegisterServerInput) { in.AdminUser = "" }, "adminUser"},
		"user of 64 bytes":      {func(in *database.RegisterServerInput) { in.AdminUser = strings.Repeat("a", 64) }, "adminUser"},
		"odd user":              {func(in *database.RegisterServerInput) { in.AdminUser = `it's "me"; --` }, ""},
		"NUL in a user":         {func(in *database.RegisterServerInput) { in.AdminUser = "a\x00" }, "adminUser"},
		"no password":           {func(in *database.RegisterServerInput) { in.AdminPassword = secret.Text{} }, "adminPassword"},
		"NUL in a password":     {func(in *database.RegisterServerInput) { in.AdminPassword = secret.New("a\x00") }, "adminPassword"},
		"password too long":     {func(in *database.RegisterServerInput) { in.AdminPassword = secret.New(strings.Repeat("a", 1001)) }, "adminPassword"},
		"strictest TLS":         {func(in *database.RegisterServerInput) { in.SSLMode = new("verify-full") }, ""},
		"TLS mode of no one":    {func(in *database.RegisterServerInput) { in.SSLMode = new("maybe") }, "sslMode"},
		"TLS mode in capitals":  {func(in *database.RegisterServerInput) { in.SSLMode = new("REQUIRE") }, "sslMode"},
		"TLS mode that is not":  {func(in *database.RegisterServerInput) { in.SSLMode = new("") }, "sslMode"},
		"settings in TLS modes": {func(in *database.RegisterServerInput) { in.SSLMode = new("prefer' host='x") }, "sslMode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := database.RegisterServerInput{Name: "db", Host: "db.example.com", Port: 5432, AdminUser: "panel", AdminPassword: secret.New("p")}
			tc.change(&in)
			for _, err := range []error{in.Validate(), database.UpdateServerInput{
				Name: &in.Name, Host: &in.Host, Port: &in.Port, AdminUser: &in.AdminUser, AdminPassword: &in.AdminPassword, SSLMode: in.SSLMode,
			}.Validate()} {
				if tc.field == "" {
					require.NoError(t, err)
					continue
				}
				require.Len(t, fault.All(err), 1, "%v", err)
				var f *fault.Error
				require.ErrorAs(t, err, &f)
				require.Equal(t, fault.Invalid, f.Code)
				require.Equal(t, tc.field, f.Field)
			}
		})
	}
	require.Len(t, fault.All(database.RegisterServerInput{}.Validate()), 5, "all that is wrong comes together")
	require.NoError(t, database.UpdateServerInput{}.Validate(), "nothing is given, nothing is wrong")
}

func TestSetServerMaintenanceInput_Validate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		enabled bool
		reason  *string
		good    bool
	}{
		"begins with a reason":   {true, new("New disks"), true},
		"begins without":         {true, nil, false},
		"begins with an empty":   {true, new(""), false},
		"longest":                {true, new(strings.Repeat("x", database.MaxReasonLen)), true},
		"one too long":           {true, new(strings.Repeat("x", database.MaxReasonLen+1)), false},
		"two lines":              {true, new("a\nb"), false},
		"ends":                   {false, nil, true},
		"ends, reason left over": {false, new(""), true},
	} {
		err := database.SetServerMaintenanceInput{Enabled: tc.enabled, Reason: tc.reason}.Validate()
		require.Equal(t, tc.good, err == nil, "%s: %v", name, err)
		if !tc.good {
			require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
		}
	}
}
