package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// An smtpd is a real SMTP server, which can refuse, hang and break off.
type smtpd struct {
	t       *testing.T
	address string
	trust   *tls.Config // what a client needs to trust it

	mu       sync.Mutex
	received []received
	attempts int // messages begun
	secured  []bool
	// Of the message of this number, from 1: what to do at the envelope's recipient and
	// at the end of the data; nil is to take it.
	onRcpt, onData func(n int) error
	users          map[string]string // names and passwords; nil asks for none

	arrived chan struct{}
	hung    chan struct{} // closed at the end: what hangs goes on
}

type received struct {
	from, to, message string
}

// errDrop breaks the connection off without an answer.
var errDrop = errors.New("drop")

type smtpdConfig struct {
	noTLS    bool
	implicit bool // TLS from the beginning
	users    map[string]string
}

func newSMTPD(t *testing.T, c smtpdConfig) *smtpd {
	t.Helper()
	d := &smtpd{t: t, users: c.users, arrived: make(chan struct{}, 1000), hung: make(chan struct{})}
	srv := smtp.NewServer(smtp.BackendFunc(d.session))
	srv.Domain, srv.AllowInsecureAuth, srv.ErrorLog, srv.EnableSMTPUTF8 = "localhost", true, log.New(io.Discard, "", 0), true
	cert, pool := certificate(t)
	d.trust = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	d.address = listener.Addr().String()
	if !c.noTLS {
		srv.TLSConfig = config
	}
	if c.implicit {
		listener = tls.NewListener(listener, config)
	}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() {
		close(d.hung)
		// Its Close races with its own STARTTLS.
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(ending)
	})
	return d
}

func (d *smtpd) set(onRcpt, onData func(n int) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onRcpt, d.onData = onRcpt, onData
}

// got are the messages that it took.
func (d *smtpd) got() []received {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]received{}, d.received...)
}

func (d *smtpd) begun() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.attempts
}

// wait waits for so many messages.
func (d *smtpd) wait(n int) []received {
	d.t.Helper()
	for len(d.got()) < n {
		select {
		case <-d.arrived:
		case <-time.After(20 * time.Second):
			require.Fail(d.t, "messages did not arrive", "%d of %d", len(d.got()), n)
		}
	}
	return d.got()
}

func (d *smtpd) session(c *smtp.Conn) (smtp.Session, error) { return &session{d: d, conn: c}, nil }

type session struct {
	d        *smtpd
	conn     *smtp.Conn
	signedIn bool
	n        int
	received
}

func (s *session) AuthMechanisms() []string {
	if s.d.users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if want, ok := s.d.users[user]; !ok || want != password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.d.users != nil && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.attempts++
	_, secured := s.conn.TLSConnectionState()
	s.d.secured = append(s.d.secured, secured)
	s.n, s.from = s.d.attempts, from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.react(func() func(int) error { return s.d.onRcpt })
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.react(func() func(int) error { return s.d.onData }); err != nil {
		return err
	}
	s.message = string(b)
	s.d.mu.Lock()
	s.d.received = append(s.d.received, s.received)
	s.d.mu.Unlock()
	s.d.arrived <- struct{}{}
	return nil
}

func (s *session) react(which func() func(int) error) error {
	s.d.mu.Lock()
	react := which()
	s.d.mu.Unlock()
	if react == nil {
		return nil
	}
	err := react(s.n)
	if errors.Is(err, errDrop) {
		_ = s.conn.Close()
	}
	return err
}

// hang waits until the test is over.
func (d *smtpd) hang(int) error { <-d.hung; return errDrop }

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// reply is what a server says, with the address in it as many do.
func reply(code int) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: fmt.Sprintf("<canary@example.com> said %d", code)}
}

// until reacts to the first n messages.
func until(n int, err error) func(int) error {
	return func(at int) error {
		if at <= n {
			return err
		}
		return nil
	}
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// header is the part of a message before its first empty line.
func (r received) header() string {
	head, _, _ := strings.Cut(r.message, "\r\n\r\n")
	return head
}
