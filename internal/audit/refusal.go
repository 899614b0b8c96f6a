package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Refusal is what somebody may not do.
type Refusal struct {
	Action string // the root field, such as mutation.createDatabase, or what else it was
	Object string // opaque id of what it was to be done to; "" or anything else for nothing
	Code   string // of the error
}

const (
	// refusalsEach is how many refusals of one user in a minute are written one by
	// one. What comes beyond is counted: nobody fills the table by asking.
	refusalsEach = 60
	// refusalKinds is how many kinds of refusals are counted apart in a minute, each
	// with a row of its own in the end.
	refusalKinds = 5000
	// refusalWindow is for how long they are counted.
	refusalWindow = time.Minute
	// refusalTime is how long writing some may take.
	refusalTime = 5 * time.Second
)

// Refusals writes refusals: each of those who are signed in at once, and those of
// nobody, who may be anybody, by the minute, what it was and the network it came from.
// It is safe for concurrent use.
type Refusals struct {
	db  *store.DB
	log *slog.Logger

	mu      sync.Mutex
	written map[ident.UserID]int
	counted map[counted]int64
}

// counted is what is counted together.
type counted struct {
	user    ident.UserID // zero for nobody
	action  string
	network string
}

// NewRefusals returns Refusals. Run must be running for what is counted to be written.
func NewRefusals(db *store.DB, log *slog.Logger) *Refusals {
	return &Refusals{db: db, log: log, written: map[ident.UserID]int{}, counted: map[counted]int64{}}
}

// Record writes or counts a refusal. It never fails: the caller is refused anyway, and
// the log has what could not be written.
func (r *Refusals) Record(ctx context.Context, f Refusal) {
	if !r.alone(ctx, f) {
		return
	}
	row := refused(ctx, f.Action)
	if kind, id, ok := ident.Parse(f.Object); ok {
		row.ObjectKind, row.ObjectID = kind, id
	}
	row.After, _ = encode(map[string]any{"code": f.Code}) // which never fails
	r.write(ctx, row)
}

// refused is the entry of a refusal. It is shown to the customer that the caller
// belongs to, whatever it was about.
func refused(ctx context.Context, action string) *models.AuditEntry {
	row := rowOf(ctx, action)
	if who, err := actor.From(ctx); err == nil && !who.IsStaff() && len(who.Grants) > 0 {
		row.CustomerID = who.Grants[0].Customer
	}
	return row
}

// alone tells whether a refusal gets an entry of its own; else it is counted.
func (r *Refusals) alone(ctx context.Context, f Refusal) bool {
	who, err := actor.From(ctx)
	key := counted{action: f.Action, network: actor.RequestFrom(ctx).Network()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		key.user = who.User
		if r.written[who.User]++; r.written[who.User] <= refusalsEach {
			return true
		}
	}
	if _, ok := r.counted[key]; !ok && len(r.counted) >= refusalKinds {
		key = counted{action: "refusals.other"} // somebody makes up addresses
	}
	r.counted[key]++
	return false
}

// Run writes what is counted each minute until ctx ends, and then once more.
func (r *Refusals) Run(ctx context.Context) {
	tick := time.NewTicker(refusalWindow)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.Flush(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			r.Flush(ctx)
		}
	}
}

// Flush writes what is counted.
func (r *Refusals) Flush(ctx context.Context) {
	r.mu.Lock()
	all := r.counted
	r.counted, r.written = map[counted]int64{}, map[ident.UserID]int{}
	r.mu.Unlock()
	rows := make([]*models.AuditEntry, 0, len(all))
	for key, times := range all {
		rows = append(rows, &models.AuditEntry{
			ID: ident.NewAuditEventID(), UserID: key.user, Action: key.action, IP: clean(key.network), Times: times,
		})
	}
	r.write(ctx, rows...)
}

func (r *Refusals) write(ctx context.Context, rows ...*models.AuditEntry) {
	if len(rows) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTime)
	defer cancel()
	if _, err := r.db.NewInsert().Model(&rows).ExcludeColumn("id", "at").Exec(ctx); err != nil {
		for _, row := range rows {
			r.log.ErrorContext(ctx, "a refusal is not in the audit", "action", row.Action, "user_id", row.UserID.Opaque(), "times", row.Times, "request_id", row.RequestID, "error", err)
		}
	}
}
