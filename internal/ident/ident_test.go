package ident_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
)

// kinds has what each kind of id can do, so that a kind is tested by its entry.
var kinds = map[string]struct {
	fresh func() typed
	of    func(uuid.UUID) typed
	parse func(string) typed
	empty func() mutable
}{
	ident.Customer: {
		func() typed { return ident.NewCustomerID() }, func(u uuid.UUID) typed { return ident.CustomerIDOf(u) },
		func(s string) typed { return ident.ParseCustomerID(s) }, func() mutable { return new(ident.CustomerID) },
	},
	ident.User: {
		func() typed { return ident.NewUserID() }, func(u uuid.UUID) typed { return ident.UserIDOf(u) },
		func(s string) typed { return ident.ParseUserID(s) }, func() mutable { return new(ident.UserID) },
	},
	ident.Database: {
		func() typed { return ident.NewDatabaseID() }, func(u uuid.UUID) typed { return ident.DatabaseIDOf(u) },
		func(s string) typed { return ident.ParseDatabaseID(s) }, func() mutable { return new(ident.DatabaseID) },
	},
	ident.DatabaseServer: {
		func() typed { return ident.NewDatabaseServerID() }, func(u uuid.UUID) typed { return ident.DatabaseServerIDOf(u) },
		func(s string) typed { return ident.ParseDatabaseServerID(s) }, func() mutable { return new(ident.DatabaseServerID) },
	},
	ident.DatabaseUser: {
		func() typed { return ident.NewDatabaseUserID() }, func(u uuid.UUID) typed { return ident.DatabaseUserIDOf(u) },
		func(s string) typed { return ident.ParseDatabaseUserID(s) }, func() mutable { return new(ident.DatabaseUserID) },
	},
	ident.DatabaseDump: {
		func() typed { return ident.NewDatabaseDumpID() }, func(u uuid.UUID) typed { return ident.DatabaseDumpIDOf(u) },
		func(s string) typed { return ident.ParseDatabaseDumpID(s) }, func() mutable { return new(ident.DatabaseDumpID) },
	},
	ident.Session: {
		func() typed { return ident.NewSessionID() }, func(u uuid.UUID) typed { return ident.SessionIDOf(u) },
		func(s string) typed { return ident.ParseSessionID(s) }, func() mutable { return new(ident.SessionID) },
	},
	ident.APIToken: {
		func() typed { return ident.NewAPITokenID() }, func(u uuid.UUID) typed { return ident.APITokenIDOf(u) },
		func(s string) typed { return ident.ParseAPITokenID(s) }, func() mutable { return new(ident.APITokenID) },
	},
	ident.AuditEvent: {
		func() typed { return ident.NewAuditEventID() }, func(u uuid.UUID) typed { return ident.AuditEventIDOf(u) },
		func(s string) typed { return ident.ParseAuditEventID(s) }, func() mutable { return new(ident.AuditEventID) },
	},
	ident.Invitation: {
		func() typed { return ident.NewInvitationID() }, func(u uuid.UUID) typed { return ident.InvitationIDOf(u) },
		func(s string) typed { return ident.ParseInvitationID(s) }, func() mutable { return new(ident.InvitationID) },
	},
	ident.Notification: {
		func() typed { return ident.NewNotificationID() }, func(u uuid.UUID) typed { return ident.NotificationIDOf(u) },
		func(s string) typed { return ident.ParseNotificationID(s) }, func() mutable { return new(ident.NotificationID) },
	},
	ident.Job: {
		func() typed { return ident.NewJobID() }, func(u uuid.UUID) typed { return ident.JobIDOf(u) },
		func(s string) typed { return ident.ParseJobID(s) }, func() mutable { return new(ident.JobID) },
	},
}

type typed interface {
	Bare() uuid.UUID
	IsZero() bool
	Opaque() string
	MarshalText() ([]byte, error)
	MarshalGQL(io.Writer)
}

type mutable interface {
	typed
	UnmarshalGQL(any) error
	UnmarshalText([]byte) error
	Scan(any) error
}

func TestIDs_EveryKindThereAndBack(t *testing.T) {
	t.Parallel()
	for kind, k := range kinds {
		id := k.fresh()
		require.False(t, id.IsZero(), kind)
		require.EqualValues(t, 7, id.Bare().Version(), kind)
		require.Equal(t, id, k.parse(id.Opaque()), kind)
		require.Equal(t, id, k.of(id.Bare()), kind)
		require.NotEqual(t, id, k.fresh(), kind)
		gotKind, u, ok := ident.Parse(id.Opaque())
		require.True(t, ok, kind)
		require.Equal(t, kind, gotKind)
		require.Equal(t, id.Bare(), u)

		var gql bytes.Buffer
		id.MarshalGQL(&gql)
		require.JSONEq(t, `"`+id.Opaque()+`"`, gql.String(), kind)
		back := k.empty()
		require.NoError(t, back.UnmarshalGQL(id.Opaque()))
		require.Equal(t, id.Bare(), back.Bare(), kind)
		b, err := json.Marshal(id)
		require.NoError(t, err)
		require.Equal(t, gql.String(), string(b), kind)
		back = k.empty()
		require.NoError(t, json.Unmarshal(b, back))
		require.Equal(t, id.Bare(), back.Bare(), kind)
		for _, in := range []any{int64(5), 5.5, nil, map[string]any{}} {
			require.NoError(t, back.UnmarshalGQL(in))
			require.True(t, back.IsZero(), "%s: what is no text names nothing", kind)
		}

		for other, o := range kinds { // an id of another kind names nothing
			require.Equal(t, other == kind, !o.parse(id.Opaque()).IsZero(), "%s read as %s", kind, other)
		}
	}
}

func TestIDs_SortByTime(t *testing.T) {
	t.Parallel()
	last := ident.NewJobID()
	for range 1000 {
		next := ident.NewJobID()
		require.Less(t, last.String(), next.String())
		last = next
	}
}

func TestParse_RefusesWhatOpaqueNeverMade(t *testing.T) {
	t.Parallel()
	u := uuid.MustParse("018f4d2c-5b6a-7c3d-8e4f-0123456789ab")
	opaque := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	good := opaque("customer:" + u.String())
	require.Equal(t, good, ident.Opaque(ident.Customer, u))
	for name, in := range map[string]string{
		"empty":                    "",
		"a plain UUID":             u.String(),
		"no base64":                "!!!",
		"padded":                   good + "==",
		"the other alphabet":       base64.RawStdEncoding.EncodeToString([]byte("cust\xff\xfe:" + u.String())),
		"with a line break":        good[:10] + "\n" + good[10:],
		"line break at the end":    good + "\n",
		"with a NUL":               good + "\x00",
		"UUID in capital letters":  opaque("customer:" + strings.ToUpper(u.String())),
		"UUID in braces":           opaque("customer:{" + u.String() + "}"),
		"UUID without dashes":      opaque("customer:" + strings.ReplaceAll(u.String(), "-", "")),
		"no kind":                  opaque(":" + u.String())[:len(opaque(":"+u.String()))-1],
		"no colon":                 opaque("customer" + u.String()),
		"something after":          opaque("customer:" + u.String() + " "),
		"not a UUID":               opaque("customer:" + strings.Repeat("z", 36)),
		"a very long kind":         opaque(strings.Repeat("k", 100) + ":" + u.String()),
		"no canonical last letter": good[:len(good)-1] + string(good[len(good)-1]+1),
		"a megabyte":               strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got, ok := ident.Parse(in)
			if ok { // some endings have no spare bits: then it is another id, spelled well
				require.NotEqual(t, u, got)
				return
			}
			require.Equal(t, uuid.Nil, got)
			require.True(t, ident.ParseCustomerID(in).IsZero())
		})
	}
	require.True(t, ident.ParseCustomerID(opaque("customer:urn:uuid:"+u.String())).IsZero(), "a UUID as a URN is another kind")
	kind, got, ok := ident.Parse(opaque("invoice:" + u.String())) // a kind of a later version
	require.True(t, ok)
	require.Equal(t, "invoice", kind)
	require.Equal(t, u, got)
}

func TestID_IntoAndOutOfTheDatabase(t *testing.T) {
	t.Parallel()
	id := ident.NewCustomerID()
	v, err := id.Value()
	require.NoError(t, err)
	require.Equal(t, id.UUID.String(), v, "the column has the plain UUID")
	v, err = ident.CustomerID{}.Value()
	require.NoError(t, err)
	require.Nil(t, v, "the zero id is NULL")

	for kind, k := range kinds {
		got := k.empty()
		require.NoError(t, got.Scan(id.UUID.String()), kind)
		require.Equal(t, id.Bare(), got.Bare(), kind)
		require.NoError(t, got.Scan([]byte(id.UUID.String())), kind)
		require.Error(t, got.Scan("nonsense"), kind)
		require.Error(t, got.Scan(5), kind)
		require.NoError(t, got.Scan(nil), kind)
		require.True(t, got.IsZero(), "%s: NULL is the zero id, also in a row that is read again", kind)
	}
}

func TestParse_TakesNoMemory(t *testing.T) {
	good, foreign := ident.NewCustomerID().Opaque(), strings.Repeat("A", 1<<20)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if ident.ParseCustomerID(good).IsZero() || !ident.ParseCustomerID(foreign).IsZero() {
			t.Error("it was read as another one")
		}
	}))
}

func FuzzParse(f *testing.F) {
	f.Add(ident.NewCustomerID().Opaque())
	f.Add("")
	f.Add("Y3VzdG9tZXI6")
	f.Fuzz(func(t *testing.T, s string) {
		kind, u, ok := ident.Parse(s)
		if ok && ident.Opaque(kind, u) != s {
			t.Errorf("Parse(%q) = %q, %s: another spelling of the same id", s, kind, u)
		}
		if !ok && (kind != "" || u != uuid.Nil) {
			t.Errorf("Parse(%q) refused, but gave %q, %s", s, kind, u)
		}
	})
}
