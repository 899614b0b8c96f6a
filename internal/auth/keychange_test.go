package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

// While nodes change from one secret key to another, each takes the other's tokens;
// afterwards those of the key before are refused.
func TestToken_WhileTheSecretKeyChanges(t *testing.T) {
	t.Parallel()
	old, fresh := secret.New(strings.Repeat("old-key-", 8)), secret.New(strings.Repeat("new-key-", 8))
	node := func(key secret.Text, accepted ...secret.Text) *Service {
		box, err := secret.NewBox(key, accepted...)
		require.NoError(t, err)
		s, err := NewService(Config{DB: &store.DB{}, Box: box, Issuer: testIssuer, Now: func() time.Time { return testNow }})
		require.NoError(t, err)
		return s
	}
	first, next, after, before := node(old, fresh), node(fresh, old), node(fresh), node(old)
	for name, tc := range map[string]struct {
		by, at *Service
		ok     bool
	}{
		"of the old one, at a node that knows both":          {before, first, true},
		"of the old one, at a node that changed":             {first, next, true},
		"of the new one, at a node that has not changed":     {next, first, true},
		"of the new one, afterwards":                         {next, after, true},
		"of the old one, afterwards":                         {first, after, false},
		"of the new one, at a node that does not know of it": {next, before, false},
	} {
		token, _, err := tc.by.issue(ident.NewUserID(), ident.NewSessionID(), testNow.Add(time.Hour))
		require.NoError(t, err)
		_, err = tc.at.verified(token)
		require.Equal(t, tc.ok, err == nil, "%s: %v", name, err)
	}
}
