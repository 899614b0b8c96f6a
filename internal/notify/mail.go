package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// noticeLife is how long a mail without a link is worth sending.
const noticeLife = 48 * time.Hour

// A Mail is one message to one person. Which of the facts it needs is its kind's.
type Mail struct {
	Kind     models.MailKind
	User     ident.UserID    // whose account it is about; zero for nobody's yet
	To       string          // one address; the one the person gave, not the one of a header
	Name     string          // of the person
	Language models.Language // "" is the installation's
	Token    secret.Text     // of the link in it; zero for none
	// Life is how long its link works, after which it is not sent any more; zero for a
	// notice, which has no link.
	Life  time.Duration
	Facts Facts
	// Void keeps the mail from being sent: whoever asked must not find out, by the
	// work that it took, that there is nobody to write to.
	Void bool
}

// Format keeps the address and the link out of every verb of fmt.
func (m Mail) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[mail "+string(m.Kind)+"]") }

// Facts are what mails tell; see the templates for which of them a kind needs.
type Facts struct {
	By       string    `json:"by,omitempty"`       // who invites
	Customer string    `json:"customer,omitempty"` // where to; "" for the provider's staff
	Role     string    `json:"role,omitempty"`     // as what: a models.ProviderRole or CustomerRole
	Device   string    `json:"device,omitempty"`
	IP       string    `json:"ip,omitempty"`
	Item     string    `json:"item,omitempty"` // an API token's name
	Change   Change    `json:"change,omitempty"`
	NewEmail string    `json:"newEmail,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// maxKept bounds each text of a row, in bytes; a letter shows less.
const maxKept = 1 << 10

func bounded(s string) string { return s[:min(len(s), maxKept)] }

func (f Facts) bounded() Facts {
	for _, s := range []*string{&f.By, &f.Customer, &f.Role, &f.Device, &f.IP, &f.Item, &f.NewEmail} {
		*s = bounded(*s)
	}
	return f
}

// A Change is what happened to a second factor.
type Change string

// The changes.
const (
	FactorEnabled  Change = "ENABLED"
	FactorDisabled Change = "DISABLED"
	CodesReplaced  Change = "CODES"
)

// content is what a mail's row has sealed until it is sent.
type content struct {
	To    string `json:"to"`
	Name  string `json:"name"`
	Token string `json:"token,omitempty"`
	// Minutes is how long the link works, from the beginning.
	Minutes int   `json:"minutes,omitempty"`
	Facts   Facts `json:"facts"`
}

// An Outbox takes mails in a mutation's transaction. It is safe for concurrent use.
type Outbox struct {
	box  *secret.Box
	wake chan struct{}
}

// NewOutbox returns an Outbox whose mails are sealed by the box.
func NewOutbox(box *secret.Box) *Outbox { return &Outbox{box: box, wake: make(chan struct{}, 1)} }

// Queue writes a mail at the end of the caller's transaction; it is sent after the
// commit, by this node at once or by any other within LookEvery.
func (o *Outbox) Queue(tx store.Tx, m Mail) error {
	row := &models.Mail{ID: uuid.Must(uuid.NewV7()), Kind: m.Kind, UserID: m.User, Language: m.Language, State: models.MailPending}
	sealed, err := o.seal(row.ID, content{To: m.To, Name: bounded(m.Name), Token: m.Token.Reveal(), Minutes: int(m.Life / time.Minute), Facts: m.Facts.bounded()})
	if err != nil {
		return err
	}
	row.ContentSealed = sealed
	if m.Void {
		row.State, row.ErrorClass = models.MailFailed, new(models.MailNobody)
	}
	tx.Queue(tx.NewInsert().Model(row).Value("expires_at", "now() + ? * interval '1 second'", cmp.Or(m.Life, noticeLife).Seconds()), func(err error) error { return store.Wrap(err, "queue mail %s", m.Kind) })
	tx.AfterCommit(func() {
		select {
		case o.wake <- struct{}{}:
		default: // it is awake
		}
	})
	return nil
}

// place is where a mail's content opens.
func place(id uuid.UUID) string { return "mails.content/" + id.String() }

func (o *Outbox) seal(id uuid.UUID, c content) ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode mail: %w", err)
	}
	return o.box.Seal(secret.New(string(b)), place(id)), nil
}

func (o *Outbox) open(row *models.Mail) (content, error) {
	var c content
	text, err := o.box.Open(row.ContentSealed, place(row.ID))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(text.Reveal()), &c); err != nil {
		return c, secret.ErrSealed // not what json says, which may quote it
	}
	return c, nil
}
