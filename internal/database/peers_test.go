package database

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

// Nodes read each other's dumps while they change from one secret key to another.
func TestSigned_WhileTheSecretKeyChanges(t *testing.T) {
	t.Parallel()
	old, fresh := secret.New(strings.Repeat("old-key-", 8)), secret.New(strings.Repeat("new-key-", 8))
	node := func(key secret.Text, accepted ...secret.Text) *DumpService {
		box, err := secret.NewBox(key, accepted...)
		require.NoError(t, err)
		return &DumpService{peers: box.Keys("dump files between nodes")}
	}
	first, next, after := node(old, fresh), node(fresh, old), node(fresh)
	query := func(by *DumpService) url.Values {
		q := url.Values{"dump": {"d"}, "from": {"0"}, "expires": {"1"}}
		q.Set("signature", signature(by.peers[0], q))
		return q
	}
	require.True(t, first.signed(query(next)))
	require.True(t, next.signed(query(first)))
	require.True(t, after.signed(query(next)))
	require.False(t, after.signed(query(first)), "the key of before signs nothing any more")
	q := query(first)
	q.Set("from", "1")
	require.False(t, first.signed(q))
	require.False(t, first.signed(url.Values{}))
}
