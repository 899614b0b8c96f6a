package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// mailboxFolder is where letters are in development, below the data dir.
const mailboxFolder = "mailbox"

// mails are how e-mails leave this node.
type mails struct {
	outbox  *notify.Outbox
	letters *notify.Letters
	sender  *notify.Sender
	mailbox *notify.Mailbox // nil unless letters go there
}

// openMails chooses where e-mails go: to an SMTP server; without one, on a machine that
// serves nobody else, into a folder; and otherwise they wait for a server.
func openMails(s *stores, o config.Options, log *slog.Logger) (*mails, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || o.BaseURL != "" && (base.Scheme != "http" && base.Scheme != "https" || base.Host == "") {
		return nil, errors.New("MPANEL_BASE_URL must be like https://panel.example.com")
	}
	host := base.Hostname()
	if host == "" || isAddress(host) {
		host = "localhost"
	}
	from := &mail.Address{Name: "MPanel", Address: "mpanel@" + host}
	if o.MailFrom != "" {
		if from, err = notify.ParseFrom(o.MailFrom); err != nil {
			return nil, fmt.Errorf("MPANEL_MAIL_FROM: %w", err)
		}
	}
	m := &mails{outbox: notify.NewOutbox(s.box), letters: notify.NewLetters(o.BaseURL, from, models.Language(strings.ToUpper(string(o.Language))))}
	c := notify.SenderConfig{DB: s.db, Outbox: m.outbox, Letters: m.letters, Log: log}
	switch {
	case !o.SMTPURL.IsZero():
		if o.MailFrom == "" {
			return nil, errors.New("MPANEL_SMTP_URL needs MPANEL_MAIL_FROM beside it, such as MPanel <panel@example.com>")
		}
		if c.Transport, err = notify.NewSMTP(o.SMTPURL, nil); err != nil {
			return nil, fmt.Errorf("MPANEL_SMTP_URL: %w", err)
		}
	case s.embedded != nil && isLoopback(base.Hostname()):
		if m.mailbox, err = notify.OpenMailbox(filepath.Join(o.DataDir, mailboxFolder)); err != nil {
			return nil, err
		}
		c.Transport = m.mailbox
	}
	m.sender = notify.NewSender(c)
	return m, nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// sends tells whether there is anything that takes mails.
func (m *mails) sends() bool { return m.sender.Transport != nil }

// complaints are what doctor has to say of e-mails.
func (p *panel) mailComplaints(ctx context.Context) ([]complaint, error) {
	var waiting struct {
		N     int
		Class *models.MailError
	}
	err := p.stores.db.NewSelect().Model((*models.Mail)(nil)).ColumnExpr("count(*) AS n, max(error_class) AS class").
		Where("ml.state = ?", models.MailPending).Where("ml.created_at < now() - interval '5 minutes'").Scan(ctx, &waiting)
	if err != nil {
		return nil, store.Wrap(err, "count waiting mails")
	}
	if waiting.N == 0 {
		return nil, nil
	}
	why := "none was tried: set MPANEL_SMTP_URL"
	if waiting.Class != nil {
		why = "the last attempt was " + string(*waiting.Class)
	}
	return []complaint{{"mails", "WAITING", fmt.Sprintf("%d e-mails wait for more than five minutes; %s.", waiting.N, why)}}, nil
}

func (m *mails) close() {
	if m != nil && m.mailbox != nil {
		_ = m.mailbox.Close()
	}
}

// page is the mailbox as the routes show it; nil without one.
func (m *mails) page() httpapi.Mailbox {
	if m.mailbox == nil {
		return nil
	}
	return mailboxPage{m.mailbox, m.letters}
}

type mailboxPage struct {
	box     *notify.Mailbox
	letters *notify.Letters
}

// Letters implements httpapi.Mailbox.
func (p mailboxPage) Letters() ([]*httpapi.Letter, error) {
	received, err := p.box.List()
	if err != nil {
		return nil, err
	}
	var out []*httpapi.Letter
	for _, r := range received {
		out = append(out, letterOf(r))
	}
	return out, nil
}

func letterOf(r *notify.Received) *httpapi.Letter {
	return &httpapi.Letter{ID: r.ID.String(), To: r.To, From: r.From, Subject: r.Subject, At: r.At, Text: r.Text, HTML: r.HTML}
}

// Samples implements httpapi.Mailbox.
func (p mailboxPage) Samples() ([]*httpapi.Letter, error) {
	samples, err := p.letters.Samples()
	if err != nil {
		return nil, err
	}
	var out []*httpapi.Letter
	for _, l := range samples {
		out = append(out, &httpapi.Letter{ID: l.ID.String(), To: l.To, From: l.From.String(), Subject: l.Subject, Text: l.Text, HTML: l.HTML})
	}
	return out, nil
}

// Letter implements httpapi.Mailbox.
func (p mailboxPage) Letter(id string) (*httpapi.Letter, error) {
	parsed, bad := uuid.Parse(id)
	if bad != nil {
		return nil, nil //nolint:nilnil,nilerr // an id that no letter has
	}
	r, err := p.box.Read(parsed)
	if err == nil {
		return letterOf(r), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	samples, err := p.Samples()
	for _, l := range samples {
		if l.ID == parsed.String() {
			return l, nil
		}
	}
	return nil, err
}

// accountConfig joins the flows of accounts to the other parts, which come later.
func (p *panel) accountConfig(o config.Options) auth.AccountConfig {
	c := auth.AccountConfig{Outbox: p.mails.outbox, Revoke: func(user ident.UserID) { p.live.Revoke(live.Principal{User: user}) }}
	if o.SignUp == config.SignUpOn {
		c.OpenCustomer = func(ctx context.Context, tx store.Tx, n auth.NewCustomer) (ident.CustomerID, error) {
			return p.customers.Open(ctx, tx, customer.CreateInput{Name: n.Name, Email: n.Email, Company: n.Company, Quotas: []*customer.QuotaInput{
				{Name: models.QuotaDatabases, Max: &o.SignUpDatabases}, {Name: models.QuotaDatabaseBytes, Max: &o.SignUpDatabaseBytes},
			}})
		}
	}
	return c
}
