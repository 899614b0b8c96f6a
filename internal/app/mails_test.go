package app

import (
	"context"
	"log/slog"
	"net/mail"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// The metrics of mails tell what waits and for how long, what was sent, and what went wrong.
func TestMetrics_Mails(t *testing.T) {
	t.Parallel()
	db, outbox := testkit.DB(t), notify.NewOutbox(testkit.Box(t))
	run := func(to notify.Transport) (metrics *panel, stop func()) {
		sender := notify.NewSender(notify.SenderConfig{
			DB: db, Outbox: outbox, Transport: to, LookEvery: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
			Letters: notify.NewLetters("http://panel.example.com", &mail.Address{Address: "panel@example.com"}, models.English),
		})
		r := prometheus.NewRegistry()
		r.MustRegister(mailing{db, sender})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); sender.Run(ctx) }()
		stop = func() { cancel(); <-done }
		t.Cleanup(stop)
		return &panel{metrics: r}, stop
	}
	queue := func() {
		t.Helper()
		require.NoError(t, store.InTx(t.Context(), db, func(_ context.Context, tx store.Tx) error {
			return outbox.Queue(tx, notify.Mail{Kind: models.MailPasswordChanged, To: "ada@example.com", Name: "Ada"})
		}))
	}
	exec := func(query string) {
		t.Helper()
		_, err := db.NewRaw(query).Exec(t.Context())
		require.NoError(t, err)
	}

	away, err := notify.NewSMTP(secret.New("smtp://127.0.0.1:1?starttls=off"), nil) // where nobody listens
	require.NoError(t, err)
	m, stop := run(away)
	require.Zero(t, gathered(t, m, "mpanel_mails_waiting"))
	require.Zero(t, gathered(t, m, "mpanel_mails_oldest_seconds"))
	queue()
	queue()
	require.Eventually(t, func() bool { return gathered(t, m, "mpanel_mails_failed_total", "UNREACHABLE") >= 2 }, 20*time.Second, 10*time.Millisecond)
	exec("UPDATE mails SET created_at = now() - interval '1 hour' WHERE id = (SELECT id FROM mails ORDER BY id LIMIT 1)")
	require.InDelta(t, 2, gathered(t, m, "mpanel_mails_waiting"), 0)
	require.InDelta(t, 3600, gathered(t, m, "mpanel_mails_oldest_seconds"), 30)
	require.Zero(t, gathered(t, m, "mpanel_mails_sent_total"))
	exec("UPDATE mails SET expires_at = now() WHERE id = (SELECT id FROM mails ORDER BY id LIMIT 1)")
	require.Eventually(t, func() bool { return gathered(t, m, "mpanel_mails_failed_total", "EXPIRED") == 1 }, 20*time.Second, 10*time.Millisecond)
	stop()

	here, err := notify.OpenMailbox(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, here.Close()) })
	exec("UPDATE mails SET next_attempt_at = now(), lease_until = NULL")
	m, _ = run(here)
	require.Eventually(t, func() bool {
		return gathered(t, m, "mpanel_mails_sent_total") == 1 && gathered(t, m, "mpanel_mails_waiting") == 0
	}, 20*time.Second, 10*time.Millisecond)
	require.Zero(t, gathered(t, m, "mpanel_mails_oldest_seconds"))
	for _, class := range []string{"UNREACHABLE", "SIGN_IN", "DEFERRED", "UNREADABLE", "REFUSED", "EXPIRED"} {
		require.Zero(t, gathered(t, m, "mpanel_mails_failed_total", class), "of another node")
	}
}
