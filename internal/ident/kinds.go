package ident

import (
	"io"

	"github.com/google/uuid"
)

// The generator of the graph sees only the methods that a type declares itself,
// hence these one-liners per kind.

func newID[K kinder]() id[K] { return id[K]{uuid.Must(uuid.NewV7())} }

// marshal writes the opaque form as JSON, which has nothing to escape.
func (i id[K]) marshal(w io.Writer) {
	var text [96]byte // the longest kind is far from filling it
	_, _ = w.Write(append(appendOpaque(append(text[:0], '"'), (*new(K)).kind(), i.UUID), '"'))
}

// NewCustomerID returns a new id.
func NewCustomerID() CustomerID { return CustomerID{newID[customer]()} }

// CustomerIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func CustomerIDOf(u uuid.UUID) CustomerID { return CustomerID{id[customer]{u}} }

// ParseCustomerID takes the opaque form; anything else gives the zero id.
func ParseCustomerID(s string) CustomerID { return CustomerID{parse[customer](s)} }

// MarshalGQL writes the opaque form.
func (i CustomerID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *CustomerID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewUserID returns a new id.
func NewUserID() UserID { return UserID{newID[user]()} }

// UserIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func UserIDOf(u uuid.UUID) UserID { return UserID{id[user]{u}} }

// ParseUserID takes the opaque form; anything else gives the zero id.
func ParseUserID(s string) UserID { return UserID{parse[user](s)} }

// MarshalGQL writes the opaque form.
func (i UserID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *UserID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewDatabaseID returns a new id.
func NewDatabaseID() DatabaseID { return DatabaseID{newID[database]()} }

// DatabaseIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func DatabaseIDOf(u uuid.UUID) DatabaseID { return DatabaseID{id[database]{u}} }

// ParseDatabaseID takes the opaque form; anything else gives the zero id.
func ParseDatabaseID(s string) DatabaseID { return DatabaseID{parse[database](s)} }

// MarshalGQL writes the opaque form.
func (i DatabaseID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *DatabaseID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewDatabaseServerID returns a new id.
func NewDatabaseServerID() DatabaseServerID { return DatabaseServerID{newID[databaseServer]()} }

// DatabaseServerIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func DatabaseServerIDOf(u uuid.UUID) DatabaseServerID { return DatabaseServerID{id[databaseServer]{u}} }

// ParseDatabaseServerID takes the opaque form; anything else gives the zero id.
func ParseDatabaseServerID(s string) DatabaseServerID {
	return DatabaseServerID{parse[databaseServer](s)}
}

// MarshalGQL writes the opaque form.
func (i DatabaseServerID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *DatabaseServerID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewDatabaseUserID returns a new id.
func NewDatabaseUserID() DatabaseUserID { return DatabaseUserID{newID[databaseUser]()} }

// DatabaseUserIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func DatabaseUserIDOf(u uuid.UUID) DatabaseUserID { return DatabaseUserID{id[databaseUser]{u}} }

// ParseDatabaseUserID takes the opaque form; anything else gives the zero id.
func ParseDatabaseUserID(s string) DatabaseUserID { return DatabaseUserID{parse[databaseUser](s)} }

// MarshalGQL writes the opaque form.
func (i DatabaseUserID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *DatabaseUserID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewDatabaseDumpID returns a new id.
func NewDatabaseDumpID() DatabaseDumpID { return DatabaseDumpID{newID[databaseDump]()} }

// DatabaseDumpIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func DatabaseDumpIDOf(u uuid.UUID) DatabaseDumpID { return DatabaseDumpID{id[databaseDump]{u}} }

// ParseDatabaseDumpID takes the opaque form; anything else gives the zero id.
func ParseDatabaseDumpID(s string) DatabaseDumpID { return DatabaseDumpID{parse[databaseDump](s)} }

// MarshalGQL writes the opaque form.
func (i DatabaseDumpID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *DatabaseDumpID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewJobID returns a new id.
func NewJobID() JobID { return JobID{newID[job]()} }

// JobIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func JobIDOf(u uuid.UUID) JobID { return JobID{id[job]{u}} }

// ParseJobID takes the opaque form; anything else gives the zero id.
func ParseJobID(s string) JobID { return JobID{parse[job](s)} }

// MarshalGQL writes the opaque form.
func (i JobID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *JobID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewDriftFindingID returns a new id.
func NewDriftFindingID() DriftFindingID { return DriftFindingID{newID[driftFinding]()} }

// DriftFindingIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func DriftFindingIDOf(u uuid.UUID) DriftFindingID { return DriftFindingID{id[driftFinding]{u}} }

// ParseDriftFindingID takes the opaque form; anything else gives the zero id.
func ParseDriftFindingID(s string) DriftFindingID { return DriftFindingID{parse[driftFinding](s)} }

// MarshalGQL writes the opaque form.
func (i DriftFindingID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *DriftFindingID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewServerID returns a new id.
func NewServerID() ServerID { return ServerID{newID[server]()} }

// ServerIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func ServerIDOf(u uuid.UUID) ServerID { return ServerID{id[server]{u}} }

// ParseServerID takes the opaque form; anything else gives the zero id.
func ParseServerID(s string) ServerID { return ServerID{parse[server](s)} }

// MarshalGQL writes the opaque form.
func (i ServerID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *ServerID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewSessionID returns a new id.
func NewSessionID() SessionID { return SessionID{newID[session]()} }

// SessionIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func SessionIDOf(u uuid.UUID) SessionID { return SessionID{id[session]{u}} }

// ParseSessionID takes the opaque form; anything else gives the zero id.
func ParseSessionID(s string) SessionID { return SessionID{parse[session](s)} }

// MarshalGQL writes the opaque form.
func (i SessionID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *SessionID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewAPITokenID returns a new id.
func NewAPITokenID() APITokenID { return APITokenID{newID[apiToken]()} }

// APITokenIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func APITokenIDOf(u uuid.UUID) APITokenID { return APITokenID{id[apiToken]{u}} }

// ParseAPITokenID takes the opaque form; anything else gives the zero id.
func ParseAPITokenID(s string) APITokenID { return APITokenID{parse[apiToken](s)} }

// MarshalGQL writes the opaque form.
func (i APITokenID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *APITokenID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewAuditEventID returns a new id.
func NewAuditEventID() AuditEventID { return AuditEventID{newID[auditEvent]()} }

// AuditEventIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func AuditEventIDOf(u uuid.UUID) AuditEventID { return AuditEventID{id[auditEvent]{u}} }

// ParseAuditEventID takes the opaque form; anything else gives the zero id.
func ParseAuditEventID(s string) AuditEventID { return AuditEventID{parse[auditEvent](s)} }

// MarshalGQL writes the opaque form.
func (i AuditEventID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *AuditEventID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewImpersonationID returns a new id.
func NewImpersonationID() ImpersonationID { return ImpersonationID{newID[impersonation]()} }

// ImpersonationIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func ImpersonationIDOf(u uuid.UUID) ImpersonationID { return ImpersonationID{id[impersonation]{u}} }

// ParseImpersonationID takes the opaque form; anything else gives the zero id.
func ParseImpersonationID(s string) ImpersonationID { return ImpersonationID{parse[impersonation](s)} }

// MarshalGQL writes the opaque form.
func (i ImpersonationID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *ImpersonationID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewInvitationID returns a new id.
func NewInvitationID() InvitationID { return InvitationID{newID[invitation]()} }

// InvitationIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func InvitationIDOf(u uuid.UUID) InvitationID { return InvitationID{id[invitation]{u}} }

// ParseInvitationID takes the opaque form; anything else gives the zero id.
func ParseInvitationID(s string) InvitationID { return InvitationID{parse[invitation](s)} }

// MarshalGQL writes the opaque form.
func (i InvitationID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *InvitationID) UnmarshalGQL(v any) error { return i.unmarshal(v) }

// NewNotificationID returns a new id.
func NewNotificationID() NotificationID { return NotificationID{newID[notification]()} }

// NotificationIDOf gives the type to a UUID that is known to be of the kind, such as a job's resource.
func NotificationIDOf(u uuid.UUID) NotificationID { return NotificationID{id[notification]{u}} }

// ParseNotificationID takes the opaque form; anything else gives the zero id.
func ParseNotificationID(s string) NotificationID { return NotificationID{parse[notification](s)} }

// MarshalGQL writes the opaque form.
func (i NotificationID) MarshalGQL(w io.Writer) { i.marshal(w) }

// UnmarshalGQL takes the opaque form; anything else becomes the zero id.
func (i *NotificationID) UnmarshalGQL(v any) error { return i.unmarshal(v) }
