package httpapi

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
)

// A Mailbox has the e-mails that development does not send.
type Mailbox interface {
	Letters() ([]*Letter, error) // the newest first
	Samples() ([]*Letter, error) // one of each kind and language
	// Letter is one of either; nil when there is none.
	Letter(id string) (*Letter, error)
}

// A Letter is an e-mail to be looked at.
type Letter struct {
	ID, To, From, Subject string
	At                    time.Time // zero of a sample
	Text, HTML            string
}

// Lines are the text, and which of them are links.
func (l *Letter) Lines() (lines []LetterLine) {
	for s := range strings.Lines(l.Text) {
		link := strings.TrimSpace(s)
		if !strings.HasPrefix(link, "http://") && !strings.HasPrefix(link, "https://") {
			link = ""
		}
		lines = append(lines, LetterLine{s, link})
	}
	return lines
}

// A LetterLine is a line of a text, and where it leads to if it is a link.
type LetterLine struct{ Text, Link string }

// mailboxRoutes show the mailbox to the machine that it is on. There are links in it
// with which whoever reads them sets passwords, so everybody else finds nothing: by
// where a request comes from and, since any page can have a name that leads to this
// machine, by where it goes to.
type mailboxRoutes struct {
	box Mailbox
	log *slog.Logger
}

func (m mailboxRoutes) register(mux *routes) {
	mux.HandleFunc("GET /mailbox", m.here(m.list))
	mux.HandleFunc("GET /mailbox/{id}", m.here(m.letter))
	mux.HandleFunc("GET /mailbox/{id}/html", m.here(m.html))
}

func (m mailboxRoutes) here(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddr(actor.RequestFrom(r.Context()).IP)
		if err != nil || !from.Unmap().IsLoopback() || !isLoopbackHost(r.Host) {
			text(w, http.StatusNotFound, "404 page not found\n")
			return
		}
		next(w, r)
	}
}

func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

func (m mailboxRoutes) list(w http.ResponseWriter, r *http.Request) {
	letters, err := m.box.Letters()
	if err != nil {
		m.failed(w, r, err)
		return
	}
	samples, err := m.box.Samples()
	if err != nil {
		m.failed(w, r, err)
		return
	}
	showWith(w, "mailbox.html", "", struct{ Letters, Samples []*Letter }{letters, samples})
}

func (m mailboxRoutes) find(w http.ResponseWriter, r *http.Request) *Letter {
	l, err := m.box.Letter(r.PathValue("id"))
	switch {
	case err != nil:
		m.failed(w, r, err)
	case l == nil:
		text(w, http.StatusNotFound, "There is no such e-mail.\n")
	}
	return l
}

func (m mailboxRoutes) letter(w http.ResponseWriter, r *http.Request) {
	if l := m.find(w, r); l != nil {
		showWith(w, "letter.html", "frame-src 'self'; ", l)
	}
}

// letterPolicy lets nothing run or be fetched in a letter, which is somebody's text.
const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

func (m mailboxRoutes) html(w http.ResponseWriter, r *http.Request) {
	l := m.find(w, r)
	if l == nil {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", letterPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = w.Write([]byte(l.HTML)) // in a sandbox; and the client may be gone
}

func (m mailboxRoutes) failed(w http.ResponseWriter, r *http.Request, err error) {
	m.log.ErrorContext(r.Context(), "mailbox not shown", "request_id", actor.RequestFrom(r.Context()).ID, "error", err)
	text(w, http.StatusInternalServerError, "The mailbox cannot be read; the log says why.\n")
}
