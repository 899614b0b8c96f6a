package audit

import (
	"bytes"
	"encoding/json"
	"strings"
)

// hidden is what stands in the place of a secret, as a secret.Text writes itself.
const hidden = "[secret]"

// secretNames are parts of names of what must never be in an entry, whoever puts it
// there, in small letters without separators.
var secretNames = []string{
	"password", "passwd", "passphrase", "secret", "token", "verifier", "sealed", "hash", "privatekey", "apikey", "credential",
	"recoverycode", "totp", "otpauth", "cookie", "authorization", "signature", "connectionstring",
}

// encode writes a value as JSON that PostgreSQL takes and that has no secrets. Nil
// stays nil.
func encode(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if !suspicious(b) {
		return b, nil
	}
	var decoded any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // a number of 64 bits stays what it is
	if err := d.Decode(&decoded); err != nil {
		return nil, err
	}
	b, err = json.Marshal(redacted(decoded))
	// bun takes a backslash before u0000 for the beginning of NUL, also when it is one
	// that somebody has typed.
	return bytes.ReplaceAll(b, []byte(`\\u0000`), []byte(`\u005cu0000`)), err
}

// suspicious tells whether there may be anything to take out: mostly there is not,
// and then nothing is written twice.
func suspicious(b []byte) bool {
	if bytes.Contains(b, []byte(`\u`)) { // NUL and half characters are no text to PostgreSQL
		return true
	}
	low := plain(string(b))
	for _, name := range secretNames {
		if strings.Contains(low, name) {
			return true
		}
	}
	return false
}

var separators = strings.NewReplacer("_", "", "-", "", " ", "", ".", "")

func plain(name string) string { return separators.Replace(strings.ToLower(name)) }

// IsSecretName tells whether what is called so must not be in an entry. The id of
// something secret is none.
func IsSecretName(name string) bool {
	low := plain(name)
	if strings.HasSuffix(low, "id") || strings.HasSuffix(low, "ids") {
		return false
	}
	for _, part := range secretNames {
		if strings.Contains(low, part) {
			return true
		}
	}
	return false
}

func redacted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			key := clean(name)
			if key != name {
				delete(v, name)
			}
			if IsSecretName(name) && !harmless(value) {
				v[key] = hidden
			} else {
				v[key] = redacted(value)
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = redacted(v[i])
		}
		return v
	case string:
		return clean(v)
	}
	return v
}

// harmless is what tells of a secret only whether there is one.
func harmless(v any) bool {
	_, isFlag := v.(bool)
	return v == nil || isFlag
}
