package notify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func aLetter(t *testing.T) *notify.Letter {
	t.Helper()
	samples, err := letters().Samples()
	require.NoError(t, err)
	return samples[0]
}

func TestSMTP_TLSAndSignIn(t *testing.T) {
	t.Parallel()
	users := map[string]string{"panel": "p@ss:w/rd"}
	for name, tc := range map[string]struct {
		server                  smtpdConfig
		scheme, userinfo, query string
		distrust                bool
		fails                   string // class; "" when it is taken
		secured                 bool
	}{
		"STARTTLS is required by default":    {scheme: "smtp", secured: true},
		"no STARTTLS where it is required":   {server: smtpdConfig{noTLS: true}, scheme: "smtp", fails: "UNREACHABLE"},
		"opportunistic, with":                {scheme: "smtp", query: "?starttls=opportunistic", secured: true},
		"opportunistic, without":             {server: smtpdConfig{noTLS: true}, scheme: "smtp", query: "?starttls=opportunistic"},
		"off":                                {scheme: "smtp", query: "?starttls=off"},
		"TLS from the beginning":             {server: smtpdConfig{implicit: true}, scheme: "smtps", secured: true},
		"a certificate of nobody's":          {scheme: "smtp", distrust: true, fails: "UNREACHABLE"},
		"a certificate of nobody's, at once": {server: smtpdConfig{implicit: true}, scheme: "smtps", distrust: true, fails: "UNREACHABLE"},
		"user and password":                  {server: smtpdConfig{users: users}, scheme: "smtp", userinfo: "panel:p%40ss%3Aw%2Frd@", secured: true},
		"user and password, at once":         {server: smtpdConfig{users: users, implicit: true}, scheme: "smtps", userinfo: "panel:p%40ss%3Aw%2Frd@", secured: true},
		"wrong password":                     {server: smtpdConfig{users: users}, scheme: "smtp", userinfo: "panel:wrong@", fails: "SIGN_IN"},
		"no user where one is needed":        {server: smtpdConfig{users: users}, scheme: "smtp", fails: "DEFERRED"},
		"in clear, to this machine":          {server: smtpdConfig{users: users, noTLS: true}, scheme: "smtp", userinfo: "panel:p%40ss%3Aw%2Frd@", query: "?starttls=off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newSMTPD(t, tc.server)
			if tc.distrust {
				d.trust = nil
			}
			err := smtpTo(t, d, tc.scheme, tc.userinfo, tc.query).Send(t.Context(), aLetter(t))
			if tc.fails != "" {
				require.EqualError(t, err, "mail not sent: "+tc.fails)
				require.Zero(t, d.begun())
				return
			}
			require.NoError(t, err)
			d.wait(1)
			require.Equal(t, []bool{tc.secured}, d.secured)
		})
	}
}

func TestSMTP_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := newSMTPD(t, smtpdConfig{})
	d.set(d.hang, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	require.EqualError(t, smtpTo(t, d, "smtp", "", "").Send(ctx, aLetter(t)), "mail not sent: UNREACHABLE")
	require.Less(t, time.Since(begun), 10*time.Second)
}

func TestNewSMTP_Refuses(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"empty": "", "no scheme": "mail.example.com:25", "http": "http://mail.example.com", "no host": "smtp://:25", "a path": "smtp://mail.example.com/inbox",
		"port 0": "smtp://mail.example.com:0", "port too large": "smtp://mail.example.com:65536", "a port in words": "smtp://mail.example.com:mail",
		"another option": "smtp://mail.example.com?tls=no", "starttls of smtps": "smtps://mail.example.com?starttls=off", "another policy": "smtp://mail.example.com?starttls=maybe",
		"a password in clear": "smtp://panel:canary@mail.example.com?starttls=off", "a password in clear, perhaps": "smtp://panel:canary@mail.example.com?starttls=opportunistic",
		"a bad escape": "smtp://panel:canary%zz@mail.example.com", "a line break": "smtp://panel:canary@mail.example.com\r\nRCPT TO",
	} {
		s, err := notify.NewSMTP(secret.New(address), nil)
		require.Error(t, err, name)
		require.Nil(t, s, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
}

func TestParseFrom(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"panel@example.com": true, "MPanel <panel@example.com>": true, `"M, Panel" <panel@example.com>`: true,
		"": false, "panel": false, "panel@192.0.2.1": false, "a@example.com, b@example.com": false, "MPanel <panel@example.com>\r\nBcc: x@example.com": false,
	} {
		_, err := notify.ParseFrom(s)
		require.Equal(t, ok, err == nil, "%q: %v", s, err)
	}
}

// Whatever takes letters gives them to their readers as they are.
func TestTransports_KeepTheirContract(t *testing.T) {
	t.Parallel()
	samples, err := letters().Samples()
	require.NoError(t, err)
	for i := range samples { // ids that sort by time, as the outbox's do
		samples[i].ID = uuid.Must(uuid.NewV7())
	}
	check := func(t *testing.T, to notify.Transport, read func(*notify.Letter) *notify.Received) {
		t.Helper()
		for _, l := range samples {
			require.NoError(t, to.Send(t.Context(), l))
			got := read(l)
			require.Equal(t, l.To, strings.Trim(got.To, "<>"))
			require.Equal(t, l.From.String(), got.From)
			require.Equal(t, strings.TrimSpace(l.Subject), got.Subject)
			require.Equal(t, l.Text, strings.ReplaceAll(got.Text, "\r\n", "\n"))
			require.Equal(t, l.HTML, strings.ReplaceAll(got.HTML, "\r\n", "\n"))
		}
		bad := *samples[0]
		bad.To = "a@example.com\r\nBcc: b@example.com"
		require.EqualError(t, to.Send(t.Context(), &bad), "mail not sent: "+string(models.MailRefused))
	}
	t.Run("mailbox", func(t *testing.T) {
		t.Parallel()
		box, err := notify.OpenMailbox(t.TempDir())
		require.NoError(t, err)
		defer func() { require.NoError(t, box.Close()) }()
		check(t, box, func(l *notify.Letter) *notify.Received {
			got, err := box.Read(l.ID)
			require.NoError(t, err)
			return got
		})
		list, err := box.List()
		require.NoError(t, err)
		require.Len(t, list, len(samples))
		require.Equal(t, samples[len(samples)-1].ID, list[0].ID, "the newest first")
	})
	t.Run("SMTP", func(t *testing.T) {
		t.Parallel()
		d := newSMTPD(t, smtpdConfig{})
		dir := t.TempDir()
		box, err := notify.OpenMailbox(dir) // which reads any message
		require.NoError(t, err)
		defer func() { require.NoError(t, box.Close()) }()
		n := 0
		check(t, smtpTo(t, d, "smtp", "", ""), func(l *notify.Letter) *notify.Received {
			n++
			return readMessage(t, dir, box, l.ID, d.wait(n)[n-1].message)
		})
	})
}
