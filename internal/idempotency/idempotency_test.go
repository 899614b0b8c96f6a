package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type ref struct {
	Thing string `json:"thing"`
}

// A world counts what mutations make: rows in things.
type world struct {
	t        *testing.T
	db       *store.DB
	ada, bob ident.UserID
	runs     atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: testkit.DB(t), ada: ident.NewUserID(), bob: ident.NewUserID()}
	for i, id := range []ident.UserID{w.ada, w.bob} {
		_, err := w.db.NewInsert().Model(&models.User{ID: id, Email: fmt.Sprintf("u%d@example.com", i), Name: "U", PasswordHash: "x"}).Exec(t.Context())
		require.NoError(t, err)
	}
	w.exec("CREATE TABLE things (id text PRIMARY KEY)")
	return w
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), q, args...)
	require.NoError(w.t, err)
}

func (w *world) count(table string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.NewSelect().TableExpr(table).ColumnExpr("count(*)").Scan(w.t.Context(), &n))
	return n
}

func (w *world) as(user ident.UserID, key string) context.Context {
	w.t.Helper()
	ctx := actor.With(w.t.Context(), &actor.Actor{User: user})
	if key == "" {
		return ctx
	}
	ctx, err := idempotency.WithKey(ctx, key)
	require.NoError(w.t, err)
	return ctx
}

// once makes a thing, or tells which one was made.
func (w *world) once(ctx context.Context, mutation string, input any, fail error) (thing string, replayed bool, err error) {
	err = idempotency.Once(ctx, w.db, mutation, input, func(ctx context.Context, tx store.Tx) (ref, error) {
		n := w.runs.Add(1)
		thing = fmt.Sprintf("thing-%d", n)
		if _, err := tx.ExecContext(ctx, "INSERT INTO things VALUES (?)", thing); err != nil {
			return ref{}, store.Wrap(err, "insert thing")
		}
		return ref{thing}, fail
	}, func(_ context.Context, _ store.Tx, r ref) error {
		thing, replayed = r.Thing, true
		return nil
	})
	return thing, replayed, err
}

func TestWithKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key  string
		want fault.Code
	}{
		"shortest":        {"k", ""},
		"a UUID":          {"018f4d2c-5b6a-7c3d-8e4f-0123456789ab", ""},
		"every printable": {" !~\"'\\", ""},
		"longest allowed": {strings.Repeat("k", idempotency.MaxKeyLen), ""},
		"one too long":    {strings.Repeat("k", idempotency.MaxKeyLen+1), fault.Invalid},
		"empty":           {"", fault.Invalid},
		"NUL":             {"a\x00b", fault.Invalid},
		"a line break":    {"a\nb", fault.Invalid},
		"DEL":             {"a\x7f", fault.Invalid},
		"not ASCII":       {"schlüssel", fault.Invalid},
	} {
		_, err := idempotency.WithKey(t.Context(), tc.key)
		require.Equal(t, tc.want, fault.CodeOf(err), name)
	}
}

func TestOnce_WithoutAKeyEveryCallRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		thing, replayed, err := w.once(w.as(w.ada, ""), "make", "in", nil)
		require.NoError(t, err)
		require.False(t, replayed)
		require.Equal(t, fmt.Sprintf("thing-%d", i+1), thing)
	}
	require.Equal(t, 3, w.count("things"))
	require.Zero(t, w.count("idempotency_keys"))
	boom := errors.New("boom")
	_, _, err := w.once(w.as(w.ada, ""), "make", "in", boom)
	require.ErrorIs(t, err, boom)
	require.Equal(t, 3, w.count("things"))
}

func TestOnce_WithoutACaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, err := idempotency.WithKey(t.Context(), "k")
	require.NoError(t, err)
	_, _, err = w.once(ctx, "make", "in", nil)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Zero(t, w.runs.Load())
}

func TestOnce_FiftyAtOnceRunOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as(w.ada, "k")
	var (
		all     sync.WaitGroup
		begin   = make(chan struct{})
		replays atomic.Int64
	)
	for range 50 {
		all.Go(func() {
			<-begin
			var got string
			err := idempotency.Once(ctx, w.db, "make", "in", func(ctx context.Context, tx store.Tx) (ref, error) {
				w.runs.Add(1)
				got = "the one"
				_, err := tx.ExecContext(ctx, "INSERT INTO things VALUES (?)", got)
				return ref{got}, err
			}, func(_ context.Context, _ store.Tx, r ref) error {
				replays.Add(1)
				got = r.Thing
				return nil
			})
			if err != nil || got != "the one" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	close(begin)
	all.Wait()
	require.EqualValues(t, 1, w.runs.Load())
	require.EqualValues(t, 49, replays.Load())
	require.Equal(t, 1, w.count("things"))
	require.Equal(t, 1, w.count("idempotency_keys"))
}

func TestOnce_FiftyAtOnceWhenTheFirstFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as(w.ada, "k")
	boom := errors.New("boom")
	var (
		all    sync.WaitGroup
		failed atomic.Int64
	)
	for range 50 {
		all.Go(func() {
			err := idempotency.Once(ctx, w.db, "make", "in", func(ctx context.Context, tx store.Tx) (ref, error) {
				_, err := tx.ExecContext(ctx, "INSERT INTO things VALUES (?)", fmt.Sprint(w.runs.Add(1)))
				if err == nil && w.runs.Load() == 1 {
					err = boom
				}
				return ref{"x"}, err
			}, func(context.Context, store.Tx, ref) error { return nil })
			if errors.Is(err, boom) {
				failed.Add(1)
			} else if err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, failed.Load())
	require.EqualValues(t, 2, w.runs.Load(), "the one that waited behind the failure runs, nobody else")
	require.Equal(t, 1, w.count("things"))
}

func TestOnce_WhatIsAReplay(t *testing.T) {
	t.Parallel()
	type in struct{ Name string }
	for name, tc := range map[string]struct {
		mutation string
		input    any
		bob      bool
		key      string
		replayed bool
		want     fault.Code
	}{
		"all the same":           {"make", in{"a"}, false, "k", true, ""},
		"another input":          {"make", in{"b"}, false, "k", false, fault.IdempotencyKeyReused},
		"another mutation":       {"break", in{"a"}, false, "k", false, fault.IdempotencyKeyReused},
		"name and input shifted": {"mak", "e" + `{"Name":"a"}`, false, "k", false, fault.IdempotencyKeyReused},
		"another key":            {"make", in{"a"}, false, "k2", false, ""},
		"key in capital letters": {"make", in{"a"}, false, "K", false, ""},
		"another user":           {"make", in{"a"}, true, "k", false, ""},
		"another user's input":   {"make", in{"b"}, true, "k", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first, _, err := w.once(w.as(w.ada, "k"), "make", in{"a"}, nil)
			require.NoError(t, err)
			user := w.ada
			if tc.bob {
				user = w.bob
			}
			thing, replayed, err := w.once(w.as(user, tc.key), tc.mutation, tc.input, nil)
			require.Equal(t, tc.want, fault.CodeOf(err), "%v", err)
			require.Equal(t, tc.replayed, replayed)
			if tc.replayed {
				require.Equal(t, first, thing)
			}
			if tc.replayed || tc.want != "" {
				require.Equal(t, 1, w.count("things"), "nothing happened twice")
			} else {
				require.Equal(t, 2, w.count("things"))
			}
			if tc.want == "" {
				again, replayed, err := w.once(w.as(user, tc.key), tc.mutation, tc.input, nil)
				require.NoError(t, err)
				require.True(t, replayed)
				require.Equal(t, thing, again, "each gets their own again")
			}
			// What happened to others does not change the first one's answer.
			again, replayed, err := w.once(w.as(w.ada, "k"), "make", in{"a"}, nil)
			require.NoError(t, err)
			require.True(t, replayed)
			require.Equal(t, first, again)
		})
	}
}

func TestOnce_AFailureKeepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boom := errors.New("boom")
	_, _, err := w.once(w.as(w.ada, "k"), "make", "in", boom)
	require.ErrorIs(t, err, boom)
	require.Zero(t, w.count("things"))
	require.Zero(t, w.count("idempotency_keys"))
	_, replayed, err := w.once(w.as(w.ada, "k"), "make", "other input", nil)
	require.NoError(t, err)
	require.False(t, replayed, "the key is free, for another input too")
	require.Equal(t, 1, w.count("things"))
}

func TestOnce_RemembersForADay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		age      string
		input    string
		replayed bool
		code     fault.Code
	}{
		"just under a day":              {"23 hours 59 minutes", "in", true, ""},
		"just under a day, other input": {"23 hours 59 minutes", "other", false, fault.IdempotencyKeyReused},
		"over a day":                    {"24 hours 1 minute", "in", false, ""},
		"over a day, other input":       {"24 hours 1 minute", "other", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, _, err := w.once(w.as(w.ada, "k"), "make", "in", nil)
			require.NoError(t, err)
			w.exec("UPDATE idempotency_keys SET created_at = created_at - ?::interval", tc.age)
			thing, replayed, err := w.once(w.as(w.ada, "k"), "make", tc.input, nil)
			require.Equal(t, tc.code, fault.CodeOf(err))
			require.Equal(t, tc.replayed, replayed)
			if tc.code != "" || tc.replayed {
				return
			}
			again, replayed, err := w.once(w.as(w.ada, "k"), "make", tc.input, nil)
			require.NoError(t, err)
			require.True(t, replayed, "the day begins anew")
			require.Equal(t, thing, again)
			require.Equal(t, 1, w.count("idempotency_keys"))
		})
	}
}

func TestOnce_KeepsNeitherKeyNorInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, err := w.once(w.as(w.ada, "canary-key"), "make", "canary-input", nil)
	require.NoError(t, err)
	var row string
	require.NoError(t, w.db.NewRaw("SELECT ik::text || encode(key_hash, 'escape') || encode(input_hash, 'escape') FROM idempotency_keys AS ik").Scan(t.Context(), &row))
	require.NotContains(t, row, "canary")
}

func TestOnce_WhatCannotBeKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unfit := make(chan int)
	err := idempotency.Once(w.as(w.ada, "k"), w.db, "make", unfit, func(context.Context, store.Tx) (ref, error) {
		t.Error("it must not run")
		return ref{}, nil
	}, nil)
	require.ErrorContains(t, err, "encode input of make")
	err = idempotency.Once(w.as(w.ada, "k"), w.db, "make", "in", func(ctx context.Context, tx store.Tx) (chan int, error) {
		_, err := tx.ExecContext(ctx, "INSERT INTO things VALUES ('x')")
		return unfit, err
	}, nil)
	require.ErrorContains(t, err, "encode ids of make")
	require.Zero(t, w.count("things"), "what could not be repeated did not happen")

	_, _, err = w.once(w.as(w.ada, "k"), "make", "in", nil)
	require.NoError(t, err)
	w.exec(`UPDATE idempotency_keys SET refs = '[1]'`)
	_, _, err = w.once(w.as(w.ada, "k"), "make", "in", nil)
	require.ErrorContains(t, err, "decode kept ids")
	boom := errors.New("boom")
	w.exec(`UPDATE idempotency_keys SET refs = '{}'`)
	require.ErrorIs(t, idempotency.Once(w.as(w.ada, "k"), w.db, "make", "in", func(context.Context, store.Tx) (ref, error) {
		return ref{}, nil
	}, func(context.Context, store.Tx, ref) error { return boom }), boom)
}

func TestOnce_DatabaseErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, err := w.once(w.as(ident.NewUserID(), "k"), "make", "in", nil)
	require.Error(t, err, "a user that is gone")
	w.exec("ALTER TABLE idempotency_keys RENAME TO away")
	_, _, err = w.once(w.as(w.ada, "k"), "make", "in", nil)
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	require.Equal(t, fault.Internal, fault.CodeOf(idempotency.Purge(t.Context(), w.db)))
	require.Zero(t, w.count("things"))
}

func TestPurge_RemovesOnlyWhatIsOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"old", "young"} {
		_, _, err := w.once(w.as(w.ada, key), "make", key, nil)
		require.NoError(t, err)
	}
	w.exec(`UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 minute' WHERE refs->>'thing' = 'thing-1'`)
	w.exec(`UPDATE idempotency_keys SET created_at = now() - interval '23 hours 59 minutes' WHERE refs->>'thing' = 'thing-2'`)
	require.NoError(t, idempotency.Purge(t.Context(), w.db))
	require.Equal(t, 1, w.count("idempotency_keys WHERE refs->>'thing' = 'thing-2'"))
	require.Equal(t, 1, w.count("idempotency_keys"))
	require.Equal(t, 2, w.count("things"))
}
