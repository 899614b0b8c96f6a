// Package ident has one type for the id of each kind of object, so that a
// customer's id cannot be passed where a database's is meant. In the graph an
// id is opaque: base64url of "<kind>:<uuid>".
package ident

import (
	"database/sql/driver"
	"encoding/base64"
	"encoding/hex"

	"github.com/google/uuid"
)

// Ids of the nodes of the graph; uuidv7, so that they sort by time of creation.
type (
	CustomerID       struct{ id[customer] }
	UserID           struct{ id[user] }
	DatabaseID       struct{ id[database] }
	DatabaseServerID struct{ id[databaseServer] }
	DatabaseUserID   struct{ id[databaseUser] }
	DatabaseDumpID   struct{ id[databaseDump] }
	JobID            struct{ id[job] }
	DriftFindingID   struct{ id[driftFinding] }
	ServerID         struct{ id[server] }
	SessionID        struct{ id[session] }
	APITokenID       struct{ id[apiToken] }
	AuditEventID     struct{ id[auditEvent] }
	ImpersonationID  struct{ id[impersonation] }
	InvitationID     struct{ id[invitation] }
	NotificationID   struct{ id[notification] }
)

// The kinds, as they stand in front of the colon.
const (
	Customer       = "customer"
	User           = "user"
	Database       = "database"
	DatabaseServer = "databaseServer"
	DatabaseUser   = "databaseUser"
	DatabaseDump   = "databaseDump"
	Job            = "job"
	DriftFinding   = "driftFinding"
	Server         = "server"
	Session        = "session"
	APIToken       = "apiToken"
	AuditEvent     = "auditEvent"
	Impersonation  = "impersonation"
	Invitation     = "invitation"
	Notification   = "notification"
)

type (
	customer       struct{}
	user           struct{}
	database       struct{}
	databaseServer struct{}
	databaseUser   struct{}
	databaseDump   struct{}
	job            struct{}
	driftFinding   struct{}
	server         struct{}
	session        struct{}
	apiToken       struct{}
	auditEvent     struct{}
	impersonation  struct{}
	invitation     struct{}
	notification   struct{}
)

func (customer) kind() string       { return Customer }
func (user) kind() string           { return User }
func (database) kind() string       { return Database }
func (databaseServer) kind() string { return DatabaseServer }
func (databaseUser) kind() string   { return DatabaseUser }
func (databaseDump) kind() string   { return DatabaseDump }
func (job) kind() string            { return Job }
func (driftFinding) kind() string   { return DriftFinding }
func (server) kind() string         { return Server }
func (session) kind() string        { return Session }
func (apiToken) kind() string       { return APIToken }
func (auditEvent) kind() string     { return AuditEvent }
func (impersonation) kind() string  { return Impersonation }
func (invitation) kind() string     { return Invitation }
func (notification) kind() string   { return Notification }

type kinder interface{ kind() string }

// id is what the typed ids share. Its zero value names nothing.
type id[K kinder] struct{ uuid.UUID }

// Bare is the id without its kind.
func (i id[K]) Bare() uuid.UUID { return i.UUID }

// IsZero tells whether the id names nothing.
func (i id[K]) IsZero() bool { return i.UUID == uuid.Nil }

// Value stores the plain UUID; the zero id is NULL.
func (i id[K]) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.String(), nil
}

// Scan reads the plain UUID; NULL is the zero id.
func (i *id[K]) Scan(src any) error {
	i.UUID = uuid.Nil // uuid's own Scan leaves what was there for NULL
	return i.UUID.Scan(src)
}

// Opaque is the id as the graph shows it.
func (i id[K]) Opaque() string { return Opaque((*new(K)).kind(), i.UUID) }

// MarshalText gives the opaque form, for JSON, logs and URLs.
func (i id[K]) MarshalText() ([]byte, error) { return []byte(i.Opaque()), nil }

// UnmarshalText takes the opaque form; see parse.
func (i *id[K]) UnmarshalText(b []byte) error { return i.unmarshal(string(b)) }

// unmarshal takes the opaque form; see parse. GraphQL lets clients write an ID
// as a number, too, which is no id of ours.
func (i *id[K]) unmarshal(v any) error {
	s, _ := v.(string)
	*i = parse[K](s)
	return nil
}

// parse takes the opaque form. Anything else, an id of another kind too,
// becomes the zero id, which no object has: what is not an id is answered
// exactly like an id of nothing.
func parse[K kinder](s string) id[K] {
	own := (*new(K)).kind()
	kind, u, ok := parseLike(s, own)
	if !ok || kind != own {
		u = uuid.Nil
	}
	return id[K]{u}
}

// Opaque is the graph's form of an id: base64url of "<kind>:<uuid>".
func Opaque(kind string, u uuid.UUID) string {
	var text [96]byte
	return string(appendOpaque(text[:0], kind, u))
}

// uuidGroups are the bytes of a UUID that stand between its dashes.
var uuidGroups = [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}}

func appendOpaque(b []byte, kind string, u uuid.UUID) []byte {
	var text [64]byte
	plain := append(append(text[:0], kind...), ':')
	for i, group := range uuidGroups {
		if i > 0 {
			plain = append(plain, '-')
		}
		plain = hex.AppendEncode(plain, u[group[0]:group[1]])
	}
	return base64.RawURLEncoding.AppendEncode(b, plain)
}

// maxPlain bounds "<kind>:<uuid>", maxOpaque its opaque form.
const maxPlain, maxOpaque = 64, (maxPlain*8 + 5) / 6

// Parse takes an opaque id apart; ok is false for what Opaque never made.
func Parse(s string) (kind string, u uuid.UUID, ok bool) { return parseLike(s, "") }

// parseLike is Parse, without memory for a kind that is the expected one.
func parseLike(s, expected string) (kind string, u uuid.UUID, ok bool) {
	if len(s) > maxOpaque {
		return "", uuid.Nil, false
	}
	var text, plain, again [maxOpaque]byte
	n, err := base64.RawURLEncoding.Decode(plain[:], text[:copy(text[:], s)])
	if err != nil || n < 38 || n > maxPlain {
		return "", uuid.Nil, false
	}
	cut := n - 37
	if plain[cut] != ':' {
		return "", uuid.Nil, false
	}
	at := cut + 1
	for _, group := range uuidGroups {
		size := hex.EncodedLen(group[1] - group[0])
		if _, err := hex.Decode(u[group[0]:group[1]], plain[at:at+size]); err != nil {
			return "", uuid.Nil, false
		}
		at += size + 1 // what stands between them is compared below
	}
	if kind = expected; string(plain[:cut]) != expected {
		kind = string(plain[:cut])
	}
	if string(appendOpaque(again[:0], kind, u)) != s { // one spelling only
		return "", uuid.Nil, false
	}
	return kind, u, true
}
