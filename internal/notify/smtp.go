package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A Transport takes one letter to where it is read. It returns nil once somebody else
// answers for it, and otherwise an error of which nothing is shown but its class.
// What it may have sent, and what it has not, are the same error.
type Transport interface {
	Send(ctx context.Context, l *Letter) error
}

// A failure is why a letter was not sent. Its text has nothing of what the server said,
// which may quote the address.
type failure struct {
	class models.MailError
	reply int // of SMTP, 0 without one
	cause error
}

func (f *failure) Error() string { return "mail not sent: " + string(f.class) }

// answerTime is how long one answer of the server is waited for.
const answerTime = 15 * time.Second

// An SMTP is a server that takes mails for others.
type SMTP struct {
	host    string
	options []gomail.Option
}

// NewSMTP reads a URL: smtp://user:password@host:587?starttls=required, of which
// starttls may also be opportunistic or off, or smtps://host:465 with TLS from the
// beginning. Names and passwords are not sent without TLS but to this machine. base
// is what TLS begins with; nil is the system's authorities.
func NewSMTP(address secret.Text, base *tls.Config) (*SMTP, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return nil, errors.New("it must be like smtp://user:password@mail.example.com:587 or smtps://mail.example.com:465") // without the URL, which has a password
	}
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("its port is not between 1 and 65535")
		}
	}
	config := &tls.Config{}
	if base != nil {
		config = base.Clone()
	}
	config.ServerName, config.MinVersion = u.Hostname(), tls.VersionTLS12
	s := &SMTP{host: u.Hostname(), options: []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(answerTime), gomail.WithTLSConfig(config)}}
	encrypted, err := s.encrypt(u)
	if err != nil {
		return nil, err
	}
	if name := u.User.Username(); name != "" {
		if !encrypted && !isLocal(u.Hostname()) {
			return nil, errors.New("it has a user name, which would be sent without TLS; leave starttls out, or the name")
		}
		password, _ := u.User.Password()
		how := gomail.SMTPAuthAutoDiscover
		if !encrypted { // to this machine
			how = gomail.SMTPAuthPlainNoEnc
		}
		s.options = append(s.options, gomail.WithSMTPAuth(how), gomail.WithUsername(name), gomail.WithPassword(password))
	}
	return s, nil
}

// encrypt chooses when TLS begins, and tells whether it does for sure.
func (s *SMTP) encrypt(u *url.URL) (sure bool, err error) {
	for name := range u.Query() {
		if name != "starttls" {
			return false, fmt.Errorf("it has the option %q; there is only starttls", name)
		}
	}
	policy, given := u.Query()["starttls"]
	switch {
	case u.Scheme == "smtps" && given:
		return false, errors.New("smtps has TLS from the beginning: leave starttls out")
	case u.Scheme == "smtps":
		s.options = append(s.options, gomail.WithSSL())
		return true, nil
	case !given || policy[0] == "required":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
		return true, nil
	case policy[0] == "opportunistic":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case policy[0] == "off":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return false, errors.New("starttls is required, opportunistic or off")
	}
	return false, nil
}

func isLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send implements Transport.
func (s *SMTP) Send(ctx context.Context, l *Letter) error {
	message, err := l.message()
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.options...) // of its own: a client has one connection
	if err != nil {
		return &failure{class: models.MailUnreachable, cause: err}
	}
	// The library does not look at ctx once it is connected; what is left behind ends
	// with the answers that it waits for.
	sent := make(chan error, 1)
	go func() { sent <- client.DialAndSendWithContext(ctx, message) }()
	select {
	case err = <-sent:
	case <-ctx.Done():
		return &failure{class: models.MailUnreachable, cause: ctx.Err()}
	}
	if message.IsDelivered() { // whatever came after that, such as a QUIT without an answer
		return nil
	}
	return classified(err)
}

// classified is nil for nil.
func classified(err error) error {
	if err == nil {
		return nil
	}
	f := &failure{class: models.MailUnreachable, cause: err}
	if sent, ok := errors.AsType[*gomail.SendError](err); ok {
		f.reply = sent.ErrorCode()
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		f.reply = said.Code
	}
	switch {
	case f.reply == 530 || f.reply == 534 || f.reply == 535 || f.reply == 538:
		f.class = models.MailSignIn
	case f.reply >= 400 && f.reply < 500:
		f.class = models.MailDeferred
	case f.reply == 550 || f.reply == 551 || f.reply == 552 || f.reply == 553 || f.reply == 554 || f.reply == 555 || f.reply == 556:
		f.class = models.MailRefused // the address or the message, which will not change
	case f.reply >= 500:
		f.class = models.MailDeferred // such as 503: somebody must look at the server
	}
	return f
}

// ParseFrom checks who mails are from: an address, perhaps with a name before it.
func ParseFrom(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, errors.New("it must be one address, such as MPanel <panel@example.com>")
	}
	if net.ParseIP(domainOf(a.Address)) != nil {
		return nil, errors.New("the domain of its address is a number")
	}
	return a, nil
}
