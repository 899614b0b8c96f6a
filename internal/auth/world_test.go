package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// newPassword is what people choose later.
const newPassword = "canary brass lantern seven"

// A post is a world whose mails arrive.
type post struct {
	*world
	letters chan *notify.Letter
	waiting []*notify.Letter    // that came before somebody asked for them
	devices chan *notify.Letter // of new devices

	mu     sync.Mutex
	closed []ident.UserID // whose connections were ended
}

// Send implements notify.Transport.
func (p *post) Send(_ context.Context, l *notify.Letter) error {
	if l.Subject == "New sign-in to your account" {
		p.devices <- l
		return nil
	}
	p.letters <- l
	return nil
}

// newPost is newWorld with mails, and with sign-up.
func newPost(t *testing.T, change ...func(*auth.Config)) *post {
	t.Helper()
	p := &post{letters: make(chan *notify.Letter, 1000), devices: make(chan *notify.Letter, 1000)}
	outbox := notify.NewOutbox(testkit.Box(t))
	p.world = newWorld(t, append([]func(*auth.Config){func(c *auth.Config) {
		c.Accounts.Outbox = outbox
		c.Accounts.Revoke = func(u ident.UserID) { p.mu.Lock(); defer p.mu.Unlock(); p.closed = append(p.closed, u) }
		c.Accounts.OpenCustomer = func(ctx context.Context, tx store.Tx, n auth.NewCustomer) (ident.CustomerID, error) {
			row := &models.Customer{ID: ident.NewCustomerID(), Name: n.Name, Email: n.Email, Company: n.Company, State: models.CustomerActive}
			if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
				return row.ID, err
			}
			_, err := tx.NewRaw("INSERT INTO customer_tree (ancestor_id, customer_id, depth) VALUES (?0, ?0, 0)", row.ID).Exec(ctx)
			return row.ID, err
		}
	}}, change...)...)
	sender := notify.NewSender(notify.SenderConfig{
		DB: p.db, Outbox: outbox, Transport: p, LookEvery: 20 * time.Millisecond, Log: slog.New(slog.NewJSONHandler(p.log, nil)),
		Letters: notify.NewLetters(issuer, &mail.Address{Address: "panel@example.com"}, models.English),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); sender.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return p
}

// arrived waits for the next letter to somebody, which must have the subject. Letters to
// several are sent side by side, in any order.
func (p *post) arrived(to, subject string) *notify.Letter {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for {
		if i := slices.IndexFunc(p.waiting, func(l *notify.Letter) bool { return l.To == to }); i >= 0 {
			l := p.waiting[i]
			p.waiting = slices.Delete(p.waiting, i, i+1)
			require.Equal(p.t, subject, l.Subject)
			return l
		}
		select {
		case l := <-p.letters:
			p.waiting = append(p.waiting, l)
		case <-late:
			require.FailNow(p.t, "no letter", "%s to %s", subject, to)
		}
	}
}

// Subjects of letters.
const (
	confirmSubject = "Confirm your e-mail address"
	resetSubject   = "Set a new password"
	changedSubject = "Your password was changed"
	movedSubject   = "Your e-mail address was changed"
	existsSubject  = "You have an account already"
)

var linkOf = regexp.MustCompile(`https://panel\.example\.com/[a-z-]+#(\S+)`)

// link is the token in the next letter.
func (p *post) link(to, subject string) secret.Text {
	p.t.Helper()
	found := linkOf.FindStringSubmatch(p.arrived(to, subject).Text)
	require.NotNil(p.t, found)
	return secret.New(found[1])
}

// quiet wants no letter, after all that are queued are over.
func (p *post) quiet() {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.count("SELECT count(*) FROM mails WHERE state = 'PENDING'") == 0 }, 20*time.Second, 10*time.Millisecond)
	require.Empty(p.t, p.letters)
	require.Empty(p.t, p.waiting)
}

// resetLink asks for one.
func (p *post) resetLink(email string) secret.Text {
	p.t.Helper()
	_, err := p.RequestPasswordReset(p.t.Context(), auth.RequestPasswordResetInput{Email: email})
	require.NoError(p.t, err)
	return p.link(email, resetSubject)
}

func (p *post) wasRevoked(u ident.UserID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.closed, u)
}

// signsIn tells whether the password is good.
func (w *world) signsIn(email, with string) bool {
	w.t.Helper()
	_, err := w.SignIn(w.t.Context(), auth.SignInInput{Email: email, Password: secret.New(with)})
	if err != nil {
		require.Equal(w.t, fault.Unauthenticated, fault.CodeOf(err), err)
	}
	return err == nil
}

// from is a request from an address.
func from(ctx context.Context, ip string) context.Context {
	return actor.WithRequest(ctx, actor.Request{ID: "req", IP: ip, UserAgent: "test"})
}

// refusedAs wants one fault.
func refusedAs(t *testing.T, err error, code fault.Code, field string, about ...any) {
	t.Helper()
	f := new(fault.Error)
	require.ErrorAs(t, err, &f, about...)
	require.Equal(t, fmt.Sprint(code, " ", field), fmt.Sprint(f.Code, " ", f.Field), "%v: %v", about, err)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// caller makes requests of the user, all in one session.
func (p *post) caller(u *models.User) func() context.Context {
	p.t.Helper()
	who, err := actor.From(p.as(u))
	require.NoError(p.t, err)
	return func() context.Context { return actor.With(p.t.Context(), who) }
}

var literals = regexp.MustCompile(`'[^']*'|\b\d+\b|NULL`)

// shapes are the statements without their values, and without the sender's, which
// come when they come.
func (p *post) shapes(statements []string) (shapes []string) {
	for _, s := range statements {
		if !strings.Contains(s, `"mails" AS "ml"`) || strings.Contains(s, "INSERT") {
			shapes = append(shapes, literals.ReplaceAllString(s, "?"))
		}
	}
	return shapes
}
