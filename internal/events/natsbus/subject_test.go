package natsbus

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

// hostile topics have all that means something to NATS.
func hostile() []string {
	return []string{
		"", ".", "..", "a.", ".a", "a..b", "a.b", "a b", "a\tb", "a\r\nPUB x 0\r\n", "*", "a.*", ">", "a.>", "%", "%h", "%2E", "$SYS.REQ", "_INBOX.x", "ä.ö", "\x00\xff",
		strings.Repeat("x", maxToken), strings.Repeat("x", maxToken+1), strings.Repeat("x", maxToken+2), strings.Repeat(".", 5000),
	}
}

func TestSubject_EachTopicHasItsOwn(t *testing.T) {
	t.Parallel()
	require.Equal(t, "p.job.0192-ab", subject("p", "job.0192-ab"), "what is usual stays readable")
	seen := map[string]string{}
	for _, topic := range hostile() {
		s := subject("p", topic)
		token, ok := strings.CutPrefix(s, "p.")
		require.True(t, ok)
		require.NotContains(t, seen, s, "%q and %q", topic, seen[s])
		seen[s] = topic
		require.NotContains(t, strings.Split(s, "."), "", "%q: no part is empty", topic)
		require.False(t, strings.ContainsAny(s, "*> \t\r\n\x00"), "%q", s)
		require.LessOrEqual(t, len(token), maxToken)
		if len(topic) > 0 && len(token) < maxToken && !strings.HasPrefix(token, "%h") {
			back, err := url.PathUnescape(token)
			require.NoError(t, err)
			require.Equal(t, topic, back)
		}
	}
}

func FuzzSubject(f *testing.F) {
	for _, topic := range hostile() {
		f.Add(topic, topic+".")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if sa := subject("p", a); a != b && sa == subject("p", b) || strings.ContainsAny(sa, "*> \t\r\n") || len(sa) > maxToken+2 {
			t.Errorf("subject(%q) = %q, as of %q", a, sa, b)
		}
	})
}

func TestCheckServers(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	for name, tc := range map[string]struct {
		servers, says string // no error when it says nothing
	}{
		"one":                 {"nats://127.0.0.1:4222", ""},
		"credentials":         {"nats://panel:" + password + "@nats.example.com:4222", ""},
		"a token":             {"tls://" + password + "@nats.example.com", ""},
		"several":             {"nats://a:4222, tls://b:4222", ""},
		"IPv6":                {"nats://[::1]:4222/", ""},
		"empty":               {"", "1st NATS server is not usable: it is empty"},
		"one of them empty":   {"nats://a:4222,", "2nd NATS server is not usable: it is empty"},
		"another scheme":      {"https://u:" + password + "@a:4222", "neither nats nor tls"},
		"none":                {"panel:" + password + "@a:4222", "not usable"},
		"no host":             {"nats://:4222", "no host"},
		"a path":              {"nats://u:" + password + "@a:4222/" + password, "something behind host and port"},
		"an unescaped letter": {"nats://u:%" + password + "@a:4222", "it is no URL"},
		"a port that is none": {"nats://u:" + password + "@a:port", "it is no URL"},
		"the fourth":          {"nats://a,nats://b,nats://c,x://" + password, "4th"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkServers(secret.New(tc.servers))
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.says)
			require.ErrorContains(t, err, "nats://user:password@host:4222", "what it should look like")
			require.NotContains(t, err.Error(), password)
		})
	}
}
