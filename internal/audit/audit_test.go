package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func record(ctx context.Context, db *store.DB, e audit.Entry) error {
	return store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error { return audit.Record(ctx, tx, e) })
}

func entries(t *testing.T, db *store.DB) (rows []*models.AuditEntry) {
	t.Helper()
	require.NoError(t, db.NewSelect().Model(&rows).Order("id").Scan(t.Context()))
	return rows
}

func TestRecord_WhoWhatAndFromWhere(t *testing.T) {
	t.Parallel()
	db, user, other, customer, object := testkit.DB(t), ident.NewUserID(), ident.NewUserID(), ident.NewCustomerID(), uuid.New()
	session, token := ident.NewSessionID(), ident.NewAPITokenID()
	req := actor.Request{ID: "req-1", IP: "2001:db8::1", UserAgent: "curl/8"}
	full := audit.Entry{Action: "database.create", Kind: ident.Database, Object: object, Customer: customer, Before: map[string]any{"name": "before"}, Detail: map[string]any{"name": "shöp\u0001"}}
	for name, tc := range map[string]struct {
		ctx  context.Context
		in   audit.Entry
		want models.AuditEntry
	}{
		"a signed-in caller": {
			actor.WithRequest(actor.With(t.Context(), &actor.Actor{User: user}), req), full,
			models.AuditEntry{
				UserID: user, Action: "database.create", ObjectKind: ident.Database, ObjectID: object, CustomerID: customer,
				RequestID: "req-1", IP: "2001:db8::1", UserAgent: "curl/8", After: json.RawMessage(`{"name":"shöp\u0001"}`), Before: json.RawMessage(`{"name":"before"}`),
			},
		},
		"one of the staff as somebody else": {
			actor.With(t.Context(), &actor.Actor{User: user, Impersonator: other, Session: session}), audit.Entry{Action: "x.y"},
			models.AuditEntry{UserID: user, ImpersonatorID: other, SessionID: session, Action: "x.y"},
		},
		"an API token": {
			actor.With(t.Context(), &actor.Actor{User: user, APIToken: token}), audit.Entry{Action: "x.y"},
			models.AuditEntry{UserID: user, APITokenID: token, Action: "x.y"},
		},
		"the caller counts, not what is said": {
			actor.With(t.Context(), &actor.Actor{User: user}), audit.Entry{Action: "user.sign_in", User: other},
			models.AuditEntry{UserID: user, Action: "user.sign_in"},
		},
		"nobody yet":       {t.Context(), audit.Entry{Action: "user.set_up", User: other}, models.AuditEntry{UserID: other, Action: "user.set_up"}},
		"the panel itself": {t.Context(), audit.Entry{Action: "server.check"}, models.AuditEntry{Action: "server.check"}},
	} {
		_, err := db.ExecContext(t.Context(), "TRUNCATE audit_entries")
		require.NoError(t, err)
		require.NoError(t, record(tc.ctx, db, tc.in), name)
		rows := entries(t, db)
		require.Len(t, rows, 1, name)
		got := *rows[0]
		require.Positive(t, got.Number)
		require.WithinDuration(t, time.Now(), got.At, time.Minute)
		for _, both := range []struct{ want, got *json.RawMessage }{{&tc.want.Before, &got.Before}, {&tc.want.After, &got.After}} {
			if *both.want != nil {
				require.JSONEq(t, string(*both.want), string(*both.got), name)
				*both.want, *both.got = nil, nil
			}
		}
		require.False(t, got.ID.IsZero())
		got.ID, got.Number, got.At = ident.AuditEventID{}, 0, time.Time{}
		tc.want.Allowed, tc.want.Times = true, 1
		require.Equal(t, tc.want, got, name)
	}
}

func TestRecord_UserAgentsThatClientsMakeUp(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for name, ua := range map[string]string{
		"empty":                  "",
		"longest kept":           strings.Repeat("a", 256),
		"longer":                 strings.Repeat("a", 100_000),
		"cut within a character": strings.Repeat("a", 255) + "ü",
		"no UTF-8":               "Mozilla \xff\xfe\xc3",
		"SQL in it":              "'; DROP TABLE audit_entries; --",
		"a placeholder in it":    "what? ?0 ?name",
		"control characters":     "a\x01\x1b[31m\x7f",
		"NUL":                    "a\x00b",
		"line breaks":            "a\r\nSet-Cookie: x=1\r\n\r\n",
		"a script":               `"><img src=x onerror=alert(1)>`,
	} {
		ctx := actor.WithRequest(t.Context(), actor.Request{ID: name, UserAgent: ua})
		require.NoError(t, record(ctx, db, audit.Entry{Action: "test.ua"}), name)
		var kept string
		require.NoError(t, db.NewSelect().Model((*models.AuditEntry)(nil)).Column("user_agent").Where("request_id = ?", name).Scan(t.Context(), &kept))
		require.True(t, utf8.ValidString(kept), name)
		require.LessOrEqual(t, utf8.RuneCountInString(kept), 256, name)
		if len(ua) <= 256 && utf8.ValidString(ua) && name != "NUL" {
			require.Equal(t, ua, kept, name)
		}
	}
}

func TestRecord_GoesWithItsTransaction(t *testing.T) {
	t.Parallel()
	db, boom := testkit.DB(t), errors.New("boom")
	require.ErrorIs(t, store.InTx(t.Context(), db, func(ctx context.Context, tx store.Tx) error {
		require.NoError(t, audit.Record(ctx, tx, audit.Entry{Action: "x.y"}))
		return boom
	}), boom)
	require.Empty(t, entries(t, db))
	require.ErrorContains(t, record(t.Context(), db, audit.Entry{Action: "x.y", Detail: make(chan int)}), "encode audit detail of x.y")
	require.Empty(t, entries(t, db))
	_, err := db.ExecContext(t.Context(), "ALTER TABLE audit_entries RENAME TO away")
	require.NoError(t, err)
	require.ErrorContains(t, record(t.Context(), db, audit.Entry{Action: "x.y"}), "audit x.y")
}
