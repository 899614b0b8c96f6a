//go:build e2e

package e2e

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// nodeID writes a global id as the graph has it.
func nodeID(kind, uuid string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + uuid))
}

// uuidOf takes a global id apart.
func uuidOf(t *testing.T, id string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(id)
	require.NoError(t, err)
	_, uuid, ok := strings.Cut(string(b), ":")
	require.True(t, ok, "id %s", b)
	return uuid
}

// member makes a user with a role in a customer, which the graph cannot yet,
// with the administrator's password, and signs in.
func (s *server) member(t *testing.T, email, customer, role string) *client {
	t.Helper()
	db := s.panelDB(t)
	_, err := db.Exec(t.Context(), `WITH u AS (
			INSERT INTO users (id, email, name, password_hash)
			SELECT gen_random_uuid(), $1, 'Member', password_hash FROM users WHERE email = $2 RETURNING id)
		INSERT INTO memberships (user_id, customer_id, role) SELECT id, $3::uuid, $4 FROM u`,
		email, adminEmail, uuidOf(t, customer), role)
	require.NoError(t, err)
	return s.signIn(t, email)
}
