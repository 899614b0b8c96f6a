package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// KeepRetired is how long a data key is kept after no value was found under it:
// somebody may have encrypted one before and write it only now.
const KeepRetired = 10 * time.Minute

// TidyEvery is the pause between two looks for what a rotation left.
const TidyEvery = time.Minute

// rotationLock is a number of our own for pg_advisory_lock: one rotates at a time.
const rotationLock = 0x6d70616e656c02

// ErrRotating says that somebody else is rotating.
var ErrRotating = errors.New("another rotation of the keys is at work; wait for it to end")

// A Report tells what a rotation did.
type Report struct {
	Key       uint32 // the data key that everything is under now
	Continued bool   // an earlier rotation, which had not come to its end
	Moved     int    // values
	Rewrapped int    // data keys
	Took      time.Duration
}

// Rotate makes a new data key and moves every value to it, in small batches and
// while others write. A rotation that was broken off is gone on with instead. When
// it returns without an error no value is under another key; the keys before are
// removed by Tidy. moved is told how many values were moved so far; it may be nil.
// Errors: ErrRotating; values that cannot be opened, or are kept locked.
func (r *Ring) Rotate(ctx context.Context, moved func(int)) (Report, error) {
	begun := time.Now()
	var out Report
	err := r.alone(ctx, func(ctx context.Context) error {
		unfinished, err := r.unfinished(ctx)
		if err != nil {
			return err
		}
		out.Continued = unfinished
		if !unfinished {
			if err := r.makeNext(ctx); err != nil {
				return err
			}
		}
		out.Key, out.Moved, err = r.finish(ctx, moved)
		return err
	})
	out.Took = time.Since(begun)
	return out, err
}

// Rewrap wraps every data key under the installation's secret key, so that no
// other opens them.
func (r *Ring) Rewrap(ctx context.Context) (n int, err error) {
	err = r.alone(ctx, func(ctx context.Context) error {
		return store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
			var rows []*models.EncryptionKey
			if err := tx.NewSelect().Model(&rows).Where("ek.secret_key_id <> ?", r.box.KeyID()).OrderExpr("ek.id").For("UPDATE").Scan(ctx); err != nil {
				return store.Wrap(err, "read data keys")
			}
			for _, row := range rows {
				k, err := r.box.Rewrap(keyOf(row))
				if err != nil {
					return err
				}
				if _, err := tx.NewUpdate().Model(rowOf(k)).WherePK().Column("secret_key_id", "wrapped").Exec(ctx); err != nil {
					return store.Wrap(err, "wrap data key %d", k.ID)
				}
			}
			n = len(rows)
			return nil
		})
	})
	return n, err
}

// Tidy goes on with a rotation that was broken off, moves what was written under
// an earlier key meanwhile, and removes keys that nothing was under for
// KeepRetired. It does nothing while somebody rotates.
func (r *Ring) Tidy(ctx context.Context) error {
	n, err := r.db.NewSelect().Model((*models.EncryptionKey)(nil)).Count(ctx)
	if err != nil {
		return store.Wrap(err, "count data keys")
	}
	if n <= 1 {
		return nil
	}
	err = r.alone(ctx, func(ctx context.Context) error {
		if _, _, err := r.finish(ctx, nil); err != nil {
			return err
		}
		return r.removeRetired(ctx)
	})
	if errors.Is(err, ErrRotating) {
		return nil
	}
	return err
}

// alone runs do unless somebody else rotates. The lock ends with its connection.
func (r *Ring) alone(ctx context.Context, do func(ctx context.Context) error) error {
	conn, err := r.db.Pool.Acquire(ctx)
	if err != nil {
		return store.Wrap(err, "rotate keys")
	}
	defer conn.Release()
	var free bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", rotationLock).Scan(&free); err != nil {
		return store.Wrap(err, "lock the rotation of keys")
	}
	if !free {
		return ErrRotating
	}
	defer unlock(context.WithoutCancel(ctx), conn)
	return do(ctx)
}

func unlock(ctx context.Context, conn *pgxpool.Conn) {
	_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", rotationLock) // otherwise the connection's end does it
}

func (r *Ring) unfinished(ctx context.Context) (bool, error) {
	older, err := r.db.NewSelect().Model((*models.EncryptionKey)(nil)).Where("ek.retired_at IS NULL").
		Where("ek.id < (SELECT max(id) FROM encryption_keys)").Exists(ctx)
	return older, store.Wrap(err, "look for a rotation that was broken off")
}

func (r *Ring) makeNext(ctx context.Context) error {
	var last int64
	if err := r.db.NewSelect().Model((*models.EncryptionKey)(nil)).ColumnExpr("max(id)").Scan(ctx, &last); err != nil {
		return store.Wrap(err, "read data keys")
	}
	k := r.box.NewDataKey(uint32(last) + 1) // #nosec G115 -- the table allows no other
	_, err := r.db.NewInsert().Model(rowOf(k)).Exec(ctx)
	return store.Wrap(err, "make data key %d", k.ID)
}

// finish moves every value to the newest key, and retires the others.
func (r *Ring) finish(ctx context.Context, moved func(int)) (uint32, int, error) {
	if err := r.awaitUse(ctx); err != nil {
		return 0, 0, err
	}
	if err := r.Load(ctx); err != nil {
		return 0, 0, err
	}
	key := r.box.CurrentKey()
	n, err := r.moveAll(ctx, key, moved)
	if err != nil {
		return key, n, err
	}
	_, err = r.db.NewUpdate().Model((*models.EncryptionKey)(nil)).Set("retired_at = now()").
		Where("ek.id < ?", key).Where("ek.retired_at IS NULL").Exec(ctx)
	return key, n, store.Wrap(err, "retire data keys")
}

// awaitUse waits until every node that looks seals with the newest key.
func (r *Ring) awaitUse(ctx context.Context) error {
	var seconds float64
	err := r.db.NewSelect().Model((*models.EncryptionKey)(nil)).
		ColumnExpr("EXTRACT(epoch FROM max(created_at) - clock_timestamp())::float8").Scan(ctx, &seconds)
	if err != nil {
		return store.Wrap(err, "read data keys")
	}
	used := time.Duration(seconds*float64(time.Second)) + r.lead() + 2*r.every
	if used <= 0 {
		return nil
	}
	select {
	case <-time.After(used):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// removeRetired removes the keys that are retired long enough and that nothing is under.
func (r *Ring) removeRetired(ctx context.Context) error {
	var rows []*models.EncryptionKey
	err := r.db.NewSelect().Model(&rows).Column("id").Where("ek.id < ?", r.box.CurrentKey()).
		Where("ek.retired_at < now() - ? * interval '1 second'", KeepRetired.Seconds()).OrderExpr("ek.id").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "read retired data keys")
	}
	for _, row := range rows {
		if err := r.remove(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ring) remove(ctx context.Context, row *models.EncryptionKey) error {
	return store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
		for _, c := range columns {
			n, err := c.count(ctx, tx, "substring("+c.value()+" from 1 for ?) = ?", len(secret.Prefix(1)), secret.Prefix(uint32(row.ID))) // #nosec G115 -- the table allows no other
			if err != nil {
				return err
			}
			if n > 0 {
				return fmt.Errorf("data key %d is kept: %d values in %s.%s are under it", row.ID, n, c.Table, c.Column)
			}
		}
		_, err := tx.NewDelete().Model(row).WherePK().Exec(ctx)
		if err == nil {
			r.log.InfoContext(ctx, "data key removed", "key_id", row.ID)
		}
		return store.Wrap(err, "remove data key %d", row.ID)
	})
}
