package notify

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"net/mail"
	"regexp"
	"strings"
	text "text/template"
	"time"
	"unicode"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"

	"github.com/mpanel/mpanel/models"
)

// Each kind of mail has, in each language, a text with its subject and the same in
// HTML: templates/<kind>.<language>.txt and .html.
//
//go:embed templates
var files embed.FS

// Paths of the pages that links lead to; the token follows after a #, so that no log of
// a proxy has it.
var paths = map[models.MailKind]string{
	models.MailVerifyEmail: "/verify-email", models.MailPasswordReset: "/reset-password", models.MailInvitation: "/invitation",
}

// Letters writes messages. It is safe for concurrent use.
type Letters struct {
	base     string // of links
	from     *mail.Address
	language models.Language
	texts    *text.Template
	pages    *html.Template
}

// NewLetters returns Letters whose links lead to a base URL and nowhere else, in a
// language unless a person has another.
func NewLetters(baseURL string, from *mail.Address, language models.Language) *Letters {
	return &Letters{
		base: strings.TrimRight(baseURL, "/"), from: from, language: language,
		texts: text.Must(text.ParseFS(files, "templates/*.txt")), pages: html.Must(html.ParseFS(files, "templates/*.html")),
	}
}

// A Letter is a message that is ready to be sent.
type Letter struct {
	ID      uuid.UUID
	From    *mail.Address
	To      string
	Subject string
	Text    string
	HTML    string
}

// view is what templates see. Everything that people chose is made harmless.
type view struct {
	Name, Link, Panel              string
	Minutes, Hours                 int
	By, Customer, Role, Device     string
	IP, Item, Change, NewEmail, At string
}

// write makes the letter of a row.
func (l *Letters) write(row *models.Mail, c content) (*Letter, error) {
	language := row.Language
	if language == "" {
		language = l.language
	}
	return l.render(row.ID, row.Kind, language, c)
}

func (l *Letters) render(id uuid.UUID, kind models.MailKind, language models.Language, c content) (*Letter, error) {
	v := view{
		Name: harmless(c.Name), Panel: l.base, Minutes: c.Minutes, Hours: c.Minutes / 60,
		By: harmless(c.Facts.By), Customer: harmless(c.Facts.Customer), Role: roles[language][c.Facts.Role], Device: harmless(c.Facts.Device),
		IP: harmless(c.Facts.IP), Item: harmless(c.Facts.Item), Change: string(c.Facts.Change), NewEmail: line(c.Facts.NewEmail), At: moment(language, c.Facts.At),
	}
	if c.Token != "" {
		v.Link = l.base + paths[kind] + "#" + c.Token
	}
	name := strings.ToLower(string(kind)) + "." + strings.ToLower(string(language))
	out := &Letter{ID: id, From: l.from, To: c.To}
	for _, part := range []struct {
		into *string
		run  func(*bytes.Buffer) error
	}{
		{&out.Subject, func(b *bytes.Buffer) error { return l.texts.ExecuteTemplate(b, name+".subject", v) }},
		{&out.Text, func(b *bytes.Buffer) error { return l.texts.ExecuteTemplate(b, name+".txt", v) }},
		{&out.HTML, func(b *bytes.Buffer) error { return l.pages.ExecuteTemplate(b, name+".html", v) }},
	} {
		var b bytes.Buffer
		if err := part.run(&b); err != nil {
			return nil, errors.New("mail " + name + " has a template at fault") // what it says may quote the values
		}
		*part.into = strings.TrimSpace(b.String()) + "\n"
	}
	out.Subject = line(out.Subject)
	return out, nil
}

// message is the letter for the wire.
func (l *Letter) message() (*gomail.Msg, error) {
	m := gomail.NewMsg()
	m.FromMailAddress(l.From)
	// Without the name, which people choose: there is less that can go wrong.
	if err := m.To(l.To); err != nil {
		return nil, &failure{class: models.MailRefused}
	}
	m.SetMessageIDWithValue(l.ID.String() + "@" + domainOf(l.From.Address))
	m.SetDateWithValue(time.Now())
	m.Subject(l.Subject)
	m.SetUserAgent("MPanel")
	m.SetGenHeader("Auto-Submitted", "auto-generated") // nobody is away to this
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return m, nil
}

// maxShown is how many characters of a name a mail shows.
const maxShown = 80

// linkish is what mail programs make a link of: a colon before slashes, and a point
// between what could be a host and the end of one.
var linkish = regexp.MustCompile(`://|(\pL|\pN|-)\.(\pL{2,})`)

// harmless makes a text that somebody chose into one that can stand in a mail to
// somebody else: one line, not long, and nothing that would become a link.
func harmless(s string) string {
	s = line(s)
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown-1]) + "…"
	}
	for { // what is found may overlap
		next := linkish.ReplaceAllStringFunc(s, func(m string) string {
			if m == "://" {
				return ": //"
			}
			return strings.Replace(m, ".", "[.]", 1)
		})
		if next == s {
			return s
		}
		s = next
	}
}

// line is a text without line breaks and what else is not seen.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	return strings.Join(strings.Fields(s), " ")
}

func moment(language models.Language, t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case language == models.German:
		return t.UTC().Format("02.01.2006 15:04") + " Uhr (UTC)"
	}
	return t.UTC().Format("2 January 2006 15:04") + " UTC"
}

// roles are how people call them.
var roles = map[models.Language]map[string]string{
	models.English: {"OWNER": "owner", "ADMIN": "administrator", "SUPPORT": "support", "BILLING": "billing", "DEVELOPER": "developer", "READ_ONLY": "reader"},
	models.German:  {"OWNER": "Inhaber", "ADMIN": "Verwaltung", "SUPPORT": "Support", "BILLING": "Abrechnung", "DEVELOPER": "Entwicklung", "READ_ONLY": "nur lesen"},
}

// domainOf is what stands behind the last @ of an address, which has one.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// Samples are one letter of each kind and language, to be looked at.
func (l *Letters) Samples() ([]*Letter, error) {
	var out []*Letter
	at := time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC)
	for _, kind := range models.MailKinds() {
		for _, language := range models.Languages() {
			c := content{To: "ada@example.com", Name: "Ada Lovelace", Minutes: 30, Facts: Facts{
				By: "Grace Hopper", Customer: "Analytical Engines", Role: "ADMIN", Device: "Firefox on Linux", IP: "192.0.2.7",
				Item: "deployment", Change: FactorEnabled, NewEmail: "countess@example.com", At: at,
			}}
			if paths[kind] != "" {
				c.Token = "the-token-stands-here"
			}
			letter, err := l.render(uuid.NewSHA1(uuid.Nil, []byte(string(kind)+string(language))), kind, language, c)
			if err != nil {
				return nil, fmt.Errorf("sample %s in %s: %w", kind, language, err)
			}
			out = append(out, letter)
		}
	}
	return out, nil
}
