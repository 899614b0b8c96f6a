package notify_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const base = "https://panel.example.com"

// A world is an outbox on a fresh database.
type world struct {
	t      *testing.T
	db     *store.DB
	outbox *notify.Outbox
	log    *buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, db: testkit.DB(t), outbox: notify.NewOutbox(testkit.Box(t)), log: new(buffer)}
}

// sender runs a sender until the test is over, or stop is called.
func (w *world) sender(to notify.Transport, change ...func(*notify.SenderConfig)) (stop func()) {
	w.t.Helper()
	c := notify.SenderConfig{
		DB: w.db, Outbox: w.outbox, Transport: to, Letters: letters(), LookEvery: 20 * time.Millisecond, AttemptTime: 2 * time.Second,
		Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&c)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); notify.NewSender(c).Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(stop)
	return stop
}

func letters() *notify.Letters {
	return notify.NewLetters(base+"/", &mail.Address{Name: "MPanel", Address: "panel@example.com"}, models.English)
}

func smtpTo(t *testing.T, d *smtpd, scheme, userinfo, query string) *notify.SMTP {
	t.Helper()
	s, err := notify.NewSMTP(secret.New(scheme+"://"+userinfo+d.address+query), d.trust)
	require.NoError(t, err)
	return s
}

func sample(kind models.MailKind) notify.Mail {
	return notify.Mail{
		Kind: kind, To: "canary@example.com", Name: "Canary Bird", Token: secret.New("canary-token"), Life: 30 * time.Minute,
		Facts: notify.Facts{By: "Grace", Customer: "Shop", Role: "ADMIN", Device: "Firefox", IP: "192.0.2.7", Item: "ci", NewEmail: "new@example.com", At: time.Now()},
	}
}

func (w *world) queue(mails ...notify.Mail) {
	w.t.Helper()
	require.NoError(w.t, store.InTx(w.t.Context(), w.db, func(_ context.Context, tx store.Tx) error {
		for _, m := range mails {
			if err := w.outbox.Queue(tx, m); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.db.NewRaw(query, args...).Exec(w.t.Context())
	require.NoError(w.t, err)
}

// row is the one mail, once it is as ready wants it.
func (w *world) row(ready func(*models.Mail) bool) *models.Mail {
	w.t.Helper()
	row := new(models.Mail)
	require.Eventually(w.t, func() bool {
		row = new(models.Mail)
		return w.db.NewSelect().Model(row).Limit(1).Scan(w.t.Context()) == nil && ready(row)
	}, 20*time.Second, 10*time.Millisecond)
	return row
}

func over(m *models.Mail) bool { return m.State != models.MailPending }

// failed is after an attempt that did not work out.
func failed(m *models.Mail) bool { return m.ErrorClass != nil && m.LeaseUntil == nil }

func TestSender_SendsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	w.sender(smtpTo(t, d, "smtp", "", ""), func(c *notify.SenderConfig) { c.LookEvery = time.Hour }) // it is told
	require.ErrorIs(t, store.InTx(t.Context(), w.db, func(_ context.Context, tx store.Tx) error {
		require.NoError(t, w.outbox.Queue(tx, sample(models.MailInvitation)))
		return context.Canceled
	}), context.Canceled, "what is not committed is not sent")
	w.queue(sample(models.MailPasswordReset))
	got := d.wait(1)[0]
	require.Equal(t, "panel@example.com", got.from)
	require.Equal(t, "canary@example.com", got.to)
	require.Contains(t, got.header(), "Subject: Set a new password")
	require.Contains(t, got.header(), "Auto-Submitted: auto-generated")
	row := w.row(over)
	require.Equal(t, models.MailSent, row.State)
	require.Nil(t, row.ContentSealed, "nothing is kept of what was sent")
	require.Equal(t, 1, row.Attempts)
	require.Contains(t, got.header(), "Message-ID: <"+row.ID.String()+"@example.com>")
	require.True(t, d.secured[0], "TLS, unless one says otherwise")
	require.Len(t, d.got(), 1)
}

// Each way in which a server can fail: what comes of the mail, and how often it was
// received in the end.
func TestSender_Refusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rcpt, data func(d *smtpd) func(int) error
		class      models.MailError
		reply      int
		forGood    bool
	}{
		"451 at the recipient":             {rcpt: func(*smtpd) func(int) error { return until(1, reply(451)) }, class: models.MailDeferred, reply: 451},
		"421 at the data":                  {data: func(*smtpd) func(int) error { return until(1, reply(421)) }, class: models.MailDeferred, reply: 421},
		"503, which is the server's fault": {data: func(*smtpd) func(int) error { return until(1, reply(503)) }, class: models.MailDeferred, reply: 503},
		"550 at the recipient":             {rcpt: func(*smtpd) func(int) error { return until(1, reply(550)) }, class: models.MailRefused, reply: 550, forGood: true},
		"554 at the data":                  {data: func(*smtpd) func(int) error { return until(1, reply(554)) }, class: models.MailRefused, reply: 554, forGood: true},
		"broken off at the recipient":      {rcpt: func(*smtpd) func(int) error { return until(1, errDrop) }, class: models.MailUnreachable},
		"broken off after the data":        {data: func(*smtpd) func(int) error { return until(1, errDrop) }, class: models.MailUnreachable},
		"hangs": {data: func(d *smtpd) func(int) error {
			return func(n int) error {
				if n == 1 {
					return d.hang(n)
				}
				return nil
			}
		}, class: models.MailUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
			var rcpt, data func(int) error
			if tc.rcpt != nil {
				rcpt = tc.rcpt(d)
			}
			if tc.data != nil {
				data = tc.data(d)
			}
			d.set(rcpt, data)
			w.sender(smtpTo(t, d, "smtp", "", ""))
			w.queue(sample(models.MailPasswordReset))
			row := w.row(failed)
			require.Equal(t, tc.class, *row.ErrorClass)
			if tc.reply != 0 {
				require.Equal(t, tc.reply, *row.ReplyCode)
			} else {
				require.Nil(t, row.ReplyCode)
			}
			if tc.forGood {
				require.Equal(t, models.MailFailed, row.State)
				require.Nil(t, row.ContentSealed)
				w.exec("UPDATE mails SET next_attempt_at = now()")
				require.Equal(t, 1, d.begun(), "an address that does not exist is not tried again")
				return
			}
			require.Equal(t, models.MailPending, row.State)
			require.Greater(t, time.Until(row.NextAttemptAt), 2*time.Second, "after a while only")
			w.exec("UPDATE mails SET next_attempt_at = now()")
			require.Contains(t, d.wait(1)[0].message, "reset-password#canary-token")
			row = w.row(over)
			require.Equal(t, models.MailSent, row.State)
			require.Equal(t, 2, row.Attempts)
			require.Nil(t, row.ErrorClass)
		})
	}
}

func TestSender_ServerAwayAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := newSMTPD(t, smtpdConfig{})
	gone.address = "127.0.0.1:1" // where nobody listens
	stop := w.sender(smtpTo(t, gone, "smtp", "", ""))
	w.queue(sample(models.MailVerifyEmail))
	require.Equal(t, models.MailUnreachable, *w.row(failed).ErrorClass)
	stop()
	// Another node with the server right.
	d := newSMTPD(t, smtpdConfig{})
	w.exec("UPDATE mails SET next_attempt_at = now()")
	w.sender(smtpTo(t, d, "smtp", "", ""))
	require.Contains(t, d.wait(1)[0].message, "verify-email#canary-token")
}

// A node that died while it was sending leaves a lease.
func TestSender_TakesOverFromADeadNode(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	w.queue(sample(models.MailVerifyEmail))
	w.exec("UPDATE mails SET attempts = 1, lease_until = now() + interval '1 hour'")
	w.sender(smtpTo(t, d, "smtp", "", ""))
	w.queue(sample(models.MailPasswordChanged))
	d.wait(1)
	require.Contains(t, d.got()[0].header(), "Your password was changed", "what another node sends is left alone")
	w.exec("UPDATE mails SET lease_until = now() WHERE lease_until IS NOT NULL")
	require.Contains(t, d.wait(2)[1].message, "verify-email#canary-token")
}

func TestSender_TwoNodesSendEachOnce(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	var mails []notify.Mail
	for i := range 60 {
		m := sample(models.MailPasswordReset)
		m.To = fmt.Sprintf("user%d@example.com", i)
		mails = append(mails, m)
	}
	w.queue(mails...)
	w.sender(smtpTo(t, d, "smtp", "", ""))
	w.sender(smtpTo(t, d, "smtp", "", ""))
	d.wait(60)
	require.Eventually(t, func() bool {
		n, err := w.db.NewSelect().Model((*models.Mail)(nil)).Where("state = 'SENT'").Count(t.Context())
		return err == nil && n == 60
	}, 20*time.Second, 10*time.Millisecond)
	var to []string
	for _, r := range d.got() {
		to = append(to, r.to)
	}
	slices.Sort(to)
	require.Len(t, slices.Compact(to), 60)
	require.Len(t, d.got(), 60)
}

// A link that has ended is of no use, and a mail to nobody is never sent.
func TestSender_ExpiredAndVoid(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	void := sample(models.MailPasswordReset)
	void.Void = true
	w.queue(sample(models.MailPasswordReset), void)
	w.exec("UPDATE mails SET expires_at = now() WHERE state = 'PENDING'")
	w.sender(smtpTo(t, d, "smtp", "", ""))
	var classes []string
	require.Eventually(t, func() bool {
		classes = nil
		require.NoError(t, w.db.NewRaw("SELECT error_class FROM mails WHERE state = 'FAILED' ORDER BY 1").Scan(t.Context(), &classes))
		return len(classes) == 2
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, []string{"EXPIRED", "NOBODY"}, classes)
	require.Zero(t, d.begun())
	w.exec("UPDATE mails SET created_at = now() - interval '31 days'")
	require.NoError(t, notify.Purge(t.Context(), w.db))
	n, err := w.db.NewSelect().Model((*models.Mail)(nil)).Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

// S27: neither the log nor the table has who is written to, by what name, or the link.
func TestSender_NothingReadableIsKept(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	d.set(until(1, reply(451)), until(3, errDrop))
	for _, kind := range models.MailKinds() {
		w.queue(sample(kind))
	}
	var seen strings.Builder
	look := func() {
		var rows []string
		require.NoError(t, w.db.NewRaw("SELECT m::text FROM mails AS m").Scan(t.Context(), &rows))
		require.Len(t, rows, len(models.MailKinds()))
		seen.WriteString(strings.Join(rows, "\n"))
	}
	look()
	w.sender(smtpTo(t, d, "smtp", "", ""))
	require.Eventually(t, func() bool {
		w.exec("UPDATE mails SET next_attempt_at = now() WHERE lease_until IS NULL")
		n, err := w.db.NewSelect().Model((*models.Mail)(nil)).Where("state = 'SENT'").Count(t.Context())
		return err == nil && int(n) == len(models.MailKinds())
	}, 20*time.Second, 50*time.Millisecond)
	look()
	fmt.Fprintf(&seen, "%v %+v %#v %s", sample(models.MailInvitation), sample(models.MailInvitation), sample(models.MailInvitation), w.log.String())
	require.Contains(t, seen.String(), "mail not sent")
	for _, hidden := range []string{"canary", "Canary", "63616e617279", "example.com", "Bird"} { // in clear, and as bytea
		require.NotContains(t, strings.ToLower(seen.String()), strings.ToLower(hidden))
	}
}

// S25: what is sealed in one row does not open in another.
func TestSender_ContentOfAnotherRow(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	other := sample(models.MailPasswordReset)
	other.To = "victim@example.com"
	w.queue(sample(models.MailPasswordReset), other)
	w.exec("UPDATE mails AS a SET content_sealed = b.content_sealed FROM mails AS b WHERE a.id <> b.id")
	w.sender(smtpTo(t, d, "smtp", "", ""))
	require.Equal(t, models.MailUnreadable, *w.row(failed).ErrorClass)
	require.Zero(t, d.begun())
}

// A buffer takes the log of several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
