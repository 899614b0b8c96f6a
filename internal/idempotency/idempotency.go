// Package idempotency makes a mutation that is sent twice happen once. The
// client's key is claimed in the mutation's own transaction and keeps the ids
// of what was made, not an answer, so a replay may select other fields. A
// mutation that failed keeps nothing. What was shown once is kept for a while, so
// that nobody but who has the key can read it.
package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// MaxKeyLen is the longest key, in bytes.
const MaxKeyLen = 255

// Retention is how long a key is remembered.
const Retention = 24 * time.Hour

type keyKey struct{}

// WithKey puts the key of one mutation into its context. Error: fault.Invalid
// for an empty, long or unprintable key.
func WithKey(ctx context.Context, key string) (context.Context, error) {
	if key == "" || len(key) > MaxKeyLen {
		return nil, fault.Invalid.New("key", "An idempotency key has 1 to %d characters.", MaxKeyLen)
	}
	for _, c := range []byte(key) {
		if c < ' ' || c > '~' {
			return nil, fault.Invalid.New("key", "An idempotency key has printable ASCII characters only.")
		}
	}
	return context.WithValue(ctx, keyKey{}, key), nil
}

// Once runs a mutation in one transaction, at most once for the caller's key.
// do does it and returns the ids of what it made; replay is called instead when
// the same key and input were seen within Retention, with those ids. Without a
// key in ctx, do simply runs. Concurrent calls with one key wait for the first.
// Error: fault.IdempotencyKeyReused for another input under a used key.
func Once[R any](ctx context.Context, db *store.DB, mutation string, input any, do func(ctx context.Context, tx store.Tx) (R, error), replay func(ctx context.Context, tx store.Tx, refs R) error) error {
	key, ok := ctx.Value(keyKey{}).(string)
	if !ok {
		return store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
			_, err := do(ctx, tx)
			return err
		})
	}
	who, err := actor.From(ctx)
	if err != nil {
		return err
	}
	in, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("encode input of %s: %w", mutation, err)
	}
	keyHash, inputHash := sha256.Sum256([]byte(key)), sha256.Sum256(append([]byte(mutation+"\x00"), in...))
	return store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
		claim := &models.IdempotencyKey{UserID: who.User, KeyHash: keyHash[:], InputHash: inputHash[:], Refs: json.RawMessage("{}")}
		// Whoever inserts second waits here until the first transaction is over.
		res, err := tx.NewInsert().Model(claim).On("CONFLICT (user_id, key_hash) DO UPDATE").
			Set("input_hash = EXCLUDED.input_hash, refs = EXCLUDED.refs, answer_sealed = NULL, created_at = EXCLUDED.created_at").
			Where("ik.created_at < now() - ? * interval '1 second'", Retention.Seconds()).Returning("NULL").Exec(ctx)
		if err != nil {
			return store.Wrap(err, "claim idempotency key")
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("claim idempotency key: %w", err)
		} else if n == 0 {
			return replayed(ctx, tx, who, secret.New(key), claim, replay)
		}
		refs, err := do(ctx, tx)
		if err != nil {
			return err
		}
		if claim.Refs, err = json.Marshal(refs); err != nil {
			return fmt.Errorf("encode ids of %s: %w", mutation, err)
		}
		// Who acts as somebody else sees no secrets, and leaves none.
		if s, ok := any(refs).(interface{ shown() Shown }); ok && who.Impersonator.IsZero() {
			if claim.AnswerSealed, err = s.shown().seal(secret.New(key), answerPlace(claim)); err != nil {
				return err
			}
		}
		tx.Queue(tx.NewUpdate().Model(claim).WherePK().Column("refs", "answer_sealed"), func(err error) error {
			return store.Wrap(err, "keep ids of %s", mutation)
		})
		return nil
	})
}

func replayed[R any](ctx context.Context, tx store.Tx, who *actor.Actor, key secret.Text, claim *models.IdempotencyKey, replay func(context.Context, store.Tx, R) error) error {
	var found struct {
		models.IdempotencyKey `bun:",extend"`

		Fresh bool
	}
	row := &found.IdempotencyKey
	err := tx.NewSelect().Model(&found).ColumnExpr("ik.*").ColumnExpr("ik.created_at >= now() - ? * interval '1 second' AS fresh", ShowAgain.Seconds()).
		Where("user_id = ?", claim.UserID).Where("key_hash = ?", claim.KeyHash).Scan(ctx)
	if err != nil {
		return store.Wrap(err, "read idempotency key")
	}
	if string(row.InputHash) != string(claim.InputHash) {
		return fault.IdempotencyKeyReused.New("", "This idempotency key was used for another mutation or input within the last 24 hours; use a new one.")
	}
	var refs R
	if err := json.Unmarshal(row.Refs, &refs); err != nil {
		return fmt.Errorf("decode kept ids: %w", err)
	}
	if s, ok := any(&refs).(interface{ showAgain(kept Shown) }); ok && found.Fresh && who.Impersonator.IsZero() {
		s.showAgain(Shown{sealed: row.AnswerSealed, key: key, place: answerPlace(row)})
	}
	return replay(ctx, tx, refs)
}

// Purge removes the keys that are older than Retention.
func Purge(ctx context.Context, db *store.DB) error {
	_, err := db.NewDelete().Model((*models.IdempotencyKey)(nil)).
		Where("created_at < now() - ? * interval '1 second'", Retention.Seconds()).Exec(ctx)
	return store.Wrap(err, "purge idempotency keys")
}
