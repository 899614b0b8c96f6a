package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/models"
)

// maxMailbox is how many letters a mailbox keeps, the newest.
const maxMailbox = 200

// A Mailbox is a folder that letters are written into instead of being sent, for
// development: one file each, as it would go over the wire.
type Mailbox struct{ root *os.Root }

// OpenMailbox opens the folder, which is made when it is not there and which nobody but
// the panel's user can read: links that sign people in are in it.
func OpenMailbox(dir string) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the mailbox: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the mailbox: %w", err)
	}
	return &Mailbox{root}, nil
}

// Close closes the folder.
func (m *Mailbox) Close() error { return m.root.Close() }

// Send implements Transport.
func (m *Mailbox) Send(_ context.Context, l *Letter) error {
	message, err := l.message()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := message.WriteTo(&b); err != nil {
		return &failure{class: models.MailRefused, cause: err}
	}
	// Renamed when it is whole, so that the page never reads half a letter.
	if err := m.root.WriteFile(l.ID.String()+".part", b.Bytes(), 0o600); err != nil {
		return &failure{class: models.MailUnreachable, cause: err}
	}
	if err := m.root.Rename(l.ID.String()+".part", fileOf(l.ID)); err != nil {
		return &failure{class: models.MailUnreachable, cause: err}
	}
	m.trim()
	return nil
}

func fileOf(id uuid.UUID) string { return id.String() + ".eml" }

// trim removes the oldest letters.
func (m *Mailbox) trim() {
	ids, err := m.ids()
	if err != nil || len(ids) <= maxMailbox {
		return
	}
	for _, id := range ids[maxMailbox:] {
		_ = m.root.Remove(fileOf(id)) // another one may have
	}
}

// ids are of all letters, the newest first: ids sort by time.
func (m *Mailbox) ids() ([]uuid.UUID, error) {
	entries, err := fs.ReadDir(m.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	var ids []uuid.UUID
	for _, e := range entries {
		if id, err := uuid.Parse(strings.TrimSuffix(e.Name(), ".eml")); err == nil && e.Name() == fileOf(id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(b[:], a[:]) })
	return ids, nil
}

// A Received is a letter as it lies in the mailbox.
type Received struct {
	ID                uuid.UUID
	To, From, Subject string
	At                time.Time
	Text, HTML        string
}

// List returns all letters, the newest first.
func (m *Mailbox) List() ([]*Received, error) {
	ids, err := m.ids()
	if err != nil {
		return nil, err
	}
	var out []*Received
	for _, id := range ids {
		r, err := m.Read(id)
		switch {
		case errors.Is(err, fs.ErrNotExist): // trimmed meanwhile
		case err != nil:
			return nil, err
		default:
			out = append(out, r)
		}
	}
	return out, nil
}

// Read returns one letter. Error: fs.ErrNotExist.
func (m *Mailbox) Read(id uuid.UUID) (*Received, error) {
	b, err := m.root.ReadFile(fileOf(id))
	if err != nil {
		return nil, fmt.Errorf("read a letter: %w", err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("read letter %s: %w", id, err)
	}
	out := &Received{ID: id, To: message.Header.Get("To"), From: message.Header.Get("From")}
	out.At, _ = message.Header.Date()
	if out.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		out.Subject = message.Header.Get("Subject")
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("read letter %s: %w", id, err)
	}
	for parts := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read letter %s: %w", id, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return nil, fmt.Errorf("read letter %s: %w", id, err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			out.HTML = string(body)
		} else {
			out.Text = string(body)
		}
	}
}
