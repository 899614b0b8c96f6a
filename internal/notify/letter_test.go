package notify_test

import (
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/models"
)

// readMessage reads a message as the mailbox reads its own.
func readMessage(t *testing.T, dir string, box *notify.Mailbox, id uuid.UUID, message string) *notify.Received {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, id.String()+".eml"), []byte(message), 0o600))
	got, err := box.Read(id)
	require.NoError(t, err)
	return got
}

func TestLetters_EveryKindInEveryLanguageAsTextAndHTML(t *testing.T) {
	t.Parallel()
	want := []string{"layout.html"}
	for _, kind := range models.MailKinds() {
		for _, language := range models.Languages() {
			name := strings.ToLower(string(kind) + "." + string(language))
			want = append(want, name+".html", name+".txt")
		}
	}
	entries, err := os.ReadDir("templates")
	require.NoError(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	require.Equal(t, want, got)

	samples, err := letters().Samples()
	require.NoError(t, err)
	require.Len(t, samples, 2*len(models.MailKinds()))
	seen := map[string]bool{}
	for i, l := range samples {
		name := fmt.Sprint(models.MailKinds()[i/2], models.Languages()[i%2])
		require.NotEmpty(t, strings.TrimSpace(l.Subject), name)
		require.Greater(t, len(l.Text), 100, name)
		require.Greater(t, len(l.HTML), 300, name)
		require.False(t, seen[l.Subject] || seen[l.Text], "%s is as another", name)
		seen[l.Subject], seen[l.Text] = true, true
		lang := map[models.Language]string{models.English: `<html lang="en">`, models.German: `<html lang="de">`}[models.Languages()[i%2]]
		require.Contains(t, l.HTML, lang, name)
		require.NotContains(t, l.Text+l.HTML+l.Subject, "<no value>", name)
		require.NotContains(t, l.Text+l.HTML, "#ZgotmplZ", name)
		// The same in both: what is in the text stands in the HTML.
		page := plainText(l.HTML)
		for line := range strings.Lines(l.Text) {
			if line = strings.TrimSpace(line); line != "" && line != "--" {
				require.Contains(t, page, line, name)
			}
		}
		links := regexp.MustCompile(`https?://[^\s"<>]+`).FindAllString(l.Text+l.HTML, -1)
		for _, link := range links {
			require.True(t, strings.HasPrefix(link, base), "%s: %s leads elsewhere", name, link)
			require.NotContains(t, strings.TrimPrefix(link, base), "//", name)
		}
	}
}

// plainText is the words of a page.
func plainText(page string) string {
	_, page, _ = strings.Cut(page, "<body>")
	page = regexp.MustCompile(`<[^>]+>`).ReplaceAllString(page, " ")
	page = strings.NewReplacer("&#43;", "+", "&#39;", "'", "&amp;", "&", "&#34;", `"`).Replace(page)
	return strings.Join(strings.Fields(page), " ")
}

// Header injection: what people choose reaches no header, makes no link, and does not
// run; cases 4, 18 and 19 of the list of break-ins.
func TestLetters_HostileNames(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"CRLF and a header":   "Ada\r\nBcc: victim@example.net\r\n\r\nBody",
		"LF":                  "Ada\nSubject: other",
		"NUL":                 "Ada\x00Lovelace",
		"not UTF-8":           "Ada\xff\xfe",
		"line separators":     "Ada\u2028Bcc: x\u2029\u0085y",
		"direction":           "Ada\u202egnp.exe",
		"HTML":                `<script>alert(1)</script><img src=x onerror=alert(1)>`,
		"an attribute":        `" onmouseover="alert(1)`,
		"a template":          `{{.Link}}{{template "head-en"}}`,
		"a link":              "Click https://evil.example/login now",
		"a bare host":         "Win at evil.example.com/now or www.evil.org",
		"a MIME word":         "=?utf-8?B?QmNjOiB4QHguY29t?=",
		"a boundary":          "--boundary\r\nContent-Type: text/html",
		"a megabyte":          strings.Repeat("A", 1<<20),
		"wide":                strings.Repeat("日本", 500),
		"a dot on its own":    "\r\n.\r\nRCPT TO:<x@example.net>",
		"confusables":         "Аdа Lоvеlасе", // Cyrillic: shown as it is, in text that says who invites by name only
		"zero width and tabs": "A\u200bd\ta",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
			w.sender(smtpTo(t, d, "smtp", "", ""))
			kinds := []models.MailKind{models.MailInvitation, models.MailNewDevice, models.MailAPITokenCreated}
			for _, kind := range kinds {
				m := sample(kind)
				m.Name = text
				m.Facts = notify.Facts{By: text, Customer: text, Device: text, Item: text, IP: text, Role: text, NewEmail: text, At: time.Now()}
				w.queue(m)
			}
			for _, got := range d.wait(len(kinds)) {
				require.Equal(t, "canary@example.com", got.to)
				parsed, err := mail.ReadMessage(strings.NewReader(got.message))
				require.NoError(t, err)
				var keys []string
				for key := range parsed.Header {
					keys = append(keys, key)
				}
				require.Subset(t, []string{
					"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "User-Agent", "X-Mailer",
				}, keys, "no other header than ours")
				require.Len(t, parsed.Header["To"], 1)
				require.Less(t, len(got.message), 40_000)
				dir := t.TempDir()
				box, err := notify.OpenMailbox(dir)
				require.NoError(t, err)
				letter := readMessage(t, dir, box, uuid.New(), got.message)
				require.NoError(t, box.Close())
				require.NotContains(t, letter.Subject, "\n")
				require.NotContains(t, letter.HTML, "<script")
				require.NotContains(t, letter.HTML, "<img")
				require.NotRegexp(t, `<[^>]*onmouseover`, letter.HTML)
				for _, link := range regexp.MustCompile(`://[^\s"<>]*`).FindAllString(letter.Text+letter.HTML, -1) {
					require.True(t, strings.HasPrefix("https"+link, base), link)
				}
				require.NotRegexp(t, `evil\.(example|org)`, letter.Text+letter.HTML)
				require.NotRegexp(t, "[\x00\u202e\u2028\u2029]", letter.Text+letter.HTML+letter.Subject)
			}
		})
	}
}

// Addresses that are good to normal eyes and to no SMTP server.
func TestOutbox_HostileAddresses(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	w.sender(smtpTo(t, d, "smtp", "", ""))
	for _, to := range []string{
		"a@example.com\r\nRCPT TO:<b@example.com>", "a@example.com>\r\nDATA", "<a@example.com", "a@example.com,b@example.com", "", "a", "@example.com",
		"a\x00@example.com", strings.Repeat("a", 1<<20) + "@example.com\r\n",
	} {
		m := sample(models.MailPasswordReset)
		m.To = to
		w.queue(m)
	}
	good := sample(models.MailPasswordReset)
	good.To = `"odd name"@example.com`
	w.queue(good)
	d.wait(1)
	require.Eventually(t, func() bool {
		n, err := w.db.NewSelect().Model((*models.Mail)(nil)).Where("state = 'FAILED'").Where("error_class = 'REFUSED'").Count(t.Context())
		return err == nil && n == 9
	}, 20*time.Second, 20*time.Millisecond)
	require.Len(t, d.got(), 1)
}

// A person's language, and the installation's for the others.
func TestLetters_Language(t *testing.T) {
	t.Parallel()
	w, d := newWorld(t), newSMTPD(t, smtpdConfig{})
	german := sample(models.MailPasswordReset)
	german.Language = models.German
	w.queue(sample(models.MailPasswordReset))
	w.sender(smtpTo(t, d, "smtp", "", ""))
	require.Contains(t, d.wait(1)[0].header(), "Set a new password")
	w.queue(german)
	require.Contains(t, d.wait(2)[1].header(), "Neues Passwort setzen")
}

func TestMailbox_KeepsTheNewestAndIsItsOwners(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mailbox")
	box, err := notify.OpenMailbox(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, box.Close()) }()
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	l := *aLetter(t)
	for range 205 {
		l.ID = uuid.Must(uuid.NewV7())
		require.NoError(t, box.Send(t.Context(), &l))
	}
	list, err := box.List()
	require.NoError(t, err)
	require.Len(t, list, 200)
	require.Equal(t, l.ID, list[0].ID)
	info, err = os.Stat(filepath.Join(dir, l.ID.String()+".eml"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = box.Read(uuid.New())
	require.ErrorIs(t, err, os.ErrNotExist)
}
