package trail

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Format is what an export is written as.
type Format string

// The formats.
const (
	CSV  Format = "csv"  // RFC 4180, with a line of names
	JSON Format = "json" // an object in each line
)

const (
	// exportPage is how many entries are read at once: an export of any length takes the
	// memory of so many.
	exportPage = 500
	// exportsAtOnce is how many a node writes at the same time.
	exportsAtOnce = 4
	// exportPageTime is how long reading a page may take.
	exportPageTime = 30 * time.Second
)

// An Export is ready to be written, once.
type Export struct {
	Name string // of a file to keep it in

	service *Service
	who     *actor.Actor
	filter  *Filter
	format  Format
	before  int64 // only entries with a lower number, which are there already
}

// Export prepares to write the entries that the caller may see and the filter lets
// through, the newest first. That it was done is an entry, too. Call Close when it is
// over. Errors: fault.Forbidden without AUDIT_READ, fault.Invalid, fault.RateLimited
// when too many are written at once.
func (s *Service) Export(ctx context.Context, f *Filter, format Format) (*Export, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.Holds(actor.AuditRead) {
		return nil, fault.Forbidden.New("", "This needs the permission %s.", actor.AuditRead)
	}
	if format != CSV && format != JSON {
		return nil, fault.Invalid.New("format", "The format is csv or json.")
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	select {
	case s.exports <- struct{}{}:
	default:
		return nil, fault.RateLimited.New("", "Too many exports are written right now; try again in a moment.")
	}
	e := &Export{service: s, who: who, filter: f, format: format}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		var now time.Time
		//allow:tenant where the audit ends; what is written of it has the filter
		if err := tx.NewSelect().Model((*models.AuditEntry)(nil)).ColumnExpr("coalesce(max(a.id), 0) + 1, now()").Scan(ctx, &e.before, &now); err != nil {
			return store.Wrap(err, "read where the audit is")
		}
		e.Name = "audit-" + now.UTC().Format("20060102-150405") + "." + string(format)
		entry := audit.Entry{Action: "audit.export", Detail: map[string]any{"format": format, "filter": f.told()}}
		if !who.IsStaff() && len(who.Grants) > 0 {
			entry.Customer = who.Grants[0].Customer
		}
		return audit.Record(ctx, tx, entry)
	})
	if err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// told are the conditions, for the audit.
func (f *Filter) told() map[string]any {
	out := map[string]any{}
	if f.ActorID != nil {
		out["actor"] = f.ActorID
	}
	if f.CustomerID != nil {
		out["customer"] = f.CustomerID
	}
	if f.Action != nil {
		out["action"] = f.Action
	}
	if len(f.ExceptActions) > 0 {
		out["except_actions"] = f.ExceptActions
	}
	if f.ObjectID != nil {
		out["object"] = f.ObjectID
	}
	if f.IP != nil {
		out["ip"] = f.IP
	}
	if f.Allowed != nil {
		out["allowed"] = f.Allowed
	}
	if f.From != nil {
		out["from"] = f.From
	}
	if f.To != nil {
		out["to"] = f.To
	}
	return out
}

// Close lets others export.
func (e *Export) Close() { <-e.service.exports }

// exported is an entry on its way out.
type exported struct {
	models.AuditEntry `bun:",extend"`

	ByStaff bool
}

// A line is what a line of an export has; as CSV in this order.
type line struct {
	ID             string          `json:"id"`
	At             string          `json:"at"`
	Action         string          `json:"action"`
	Allowed        bool            `json:"allowed"`
	Times          int64           `json:"times"`
	ActorID        string          `json:"actorId,omitempty"`
	ImpersonatorID string          `json:"impersonatorId,omitempty"`
	SessionID      string          `json:"sessionId,omitempty"`
	APITokenID     string          `json:"apiTokenId,omitempty"`
	ObjectID       string          `json:"objectId,omitempty"`
	CustomerID     string          `json:"customerId,omitempty"`
	IP             string          `json:"ip,omitempty"`
	UserAgent      string          `json:"userAgent,omitempty"`
	RequestID      string          `json:"requestId,omitempty"`
	Before         json.RawMessage `json:"before,omitempty"`
	After          json.RawMessage `json:"after,omitempty"`
}

var names = []string{
	"id", "at", "action", "allowed", "times", "actorId", "impersonatorId", "sessionId", "apiTokenId", "objectId", "customerId", "ip", "userAgent", "requestId", "before", "after",
}

// Write writes all of it. Alive is called before each page of it.
func (e *Export) Write(ctx context.Context, w io.Writer, alive func()) error {
	table := csv.NewWriter(w)
	table.UseCRLF = true
	lines := json.NewEncoder(w)
	if e.format == CSV {
		_ = table.Write(names) // Flush has its error, as below
	}
	for {
		alive()
		rows, err := e.page(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			l := e.line(row)
			if e.format == CSV {
				_ = table.Write(l.cells())
			} else if err := lines.Encode(l); err != nil {
				return err
			}
		}
		table.Flush()
		if err := table.Error(); err != nil || len(rows) < exportPage {
			return err
		}
		e.before = rows[len(rows)-1].Number
	}
}

func (e *Export) page(ctx context.Context) ([]*exported, error) {
	ctx, cancel := context.WithTimeout(ctx, exportPageTime)
	defer cancel()
	var rows []*exported
	q := e.service.db.NewSelect().Model(&rows).
		ColumnExpr("a.id, a.event_id, a.at, a.user_id, a.impersonator_id, a.session_id, a.api_token_id, a.action, a.object_kind, a.object_id").
		ColumnExpr("a.customer_id, a.request_id, a.ip, a.user_agent, a.before, a.detail, a.allowed, a.times").
		ColumnExpr("EXISTS (SELECT FROM users AS u WHERE u.id = a.user_id AND u.provider_role IS NOT NULL) AS by_staff").
		Where("a.id < ?", e.before).OrderExpr("a.id DESC").Limit(exportPage)
	q = visible(q, e.who, actor.AuditRead)
	e.filter.narrow(e.who, func(condition string, values ...any) {
		q = q.Where(condition, values...) //allow:sql narrow writes the conditions out
	})
	err := q.Scan(ctx)
	return rows, store.Wrap(err, "read a page of the audit")
}

// line is an entry as the caller may see it: to customers the provider's staff have
// neither names nor addresses.
func (e *Export) line(row *exported) line {
	l := line{
		ID: row.ID.Opaque(), At: row.At.UTC().Format(time.RFC3339Nano), Action: row.Action, Allowed: row.Allowed, Times: row.Times,
		SessionID: opaque(row.SessionID), APITokenID: opaque(row.APITokenID), CustomerID: opaque(row.CustomerID), RequestID: row.RequestID,
		Before: row.Before, After: row.After,
	}
	if id := ObjectID(&row.AuditEntry); id != nil {
		l.ObjectID = *id
	}
	staff := e.who.IsStaff()
	if staff || !row.ByStaff {
		l.ActorID = opaque(row.UserID)
	}
	if staff {
		l.ImpersonatorID = opaque(row.ImpersonatorID)
	}
	if staff || !row.ByStaff && row.ImpersonatorID.IsZero() {
		l.IP, l.UserAgent = row.IP, row.UserAgent
	}
	return l
}

func opaque(id interface {
	IsZero() bool
	Opaque() string
}) string {
	if id.IsZero() {
		return ""
	}
	return id.Opaque()
}

func (l line) cells() []string {
	cells := []string{
		l.ID, l.At, l.Action, strconv.FormatBool(l.Allowed), strconv.FormatInt(l.Times, 10), l.ActorID, l.ImpersonatorID, l.SessionID, l.APITokenID,
		l.ObjectID, l.CustomerID, l.IP, l.UserAgent, l.RequestID, string(l.Before), string(l.After),
	}
	for i, c := range cells {
		cells[i] = inert(c)
	}
	return cells
}

// inert keeps spreadsheets from taking what somebody has typed for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func inert(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
		return "'" + cell
	}
	return cell
}

// ParseFilter reads a filter as a URL has it, by the names of the graph's AuditFilter.
// Error: fault.Invalid.
func ParseFilter(get func(name string) string) (*Filter, error) {
	f := &Filter{}
	var errs []*fault.Error
	text := func(name string, into **string) {
		if v := get(name); v != "" {
			*into = &v
		}
	}
	moment := func(name string, into **time.Time) {
		if v := get(name); v != "" {
			t, err := time.Parse(time.RFC3339Nano, v)
			if err != nil {
				errs = append(errs, fault.Invalid.New(name, "A time is as in RFC 3339, such as 2026-11-26T00:00:00Z."))
			}
			*into = &t
		}
	}
	text("action", &f.Action)
	if v := get("exceptActions"); v != "" {
		f.ExceptActions = strings.Split(v, ",")
	}
	text("objectId", &f.ObjectID)
	text("ip", &f.IP)
	moment("from", &f.From)
	moment("to", &f.To)
	if v := get("actorId"); v != "" {
		id := ident.ParseUserID(v)
		f.ActorID = &id
	}
	if v := get("customerId"); v != "" {
		id := ident.ParseCustomerID(v)
		f.CustomerID = &id
	}
	if v := get("allowed"); v != "" {
		allowed, err := strconv.ParseBool(v)
		if err != nil {
			errs = append(errs, fault.Invalid.New("allowed", "It is true or false."))
		}
		f.Allowed = &allowed
	}
	return f, fault.Join(errs...)
}
