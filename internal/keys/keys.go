// Package keys has the data keys that stored secrets are encrypted under: it makes
// them, gives them to the secret.Box of its node, and rotates them while others
// write. Encrypting itself is the Box's.
package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Every is the pause after which a node looks for data keys that others made.
const Every = 2 * time.Second

// loadTimeout bounds a look while somebody waits with a value in hand.
const loadTimeout = 5 * time.Second

// Config is what a Ring needs; DB and Box are required.
type Config struct {
	DB  *store.DB
	Box *secret.Box
	// Every is the same on all nodes; the constant by default.
	Every time.Duration
	Log   *slog.Logger // default slog.Default()
}

// A Ring keeps the data keys of one node's Box as they are in the table. It is
// safe for concurrent use.
type Ring struct {
	db    *store.DB
	box   *secret.Box
	every time.Duration
	log   *slog.Logger

	loading sync.Mutex
}

// Open gives the Box the installation's data keys, of which the first is made when
// there is none. Error: those that the secret key does not open; the Box stays as
// it was.
func Open(ctx context.Context, c Config) (*Ring, error) {
	if c.DB == nil || c.Box == nil {
		return nil, errors.New("keys: DB and Box are required")
	}
	r := &Ring{db: c.DB, box: c.Box, every: cmp.Or(c.Every, Every), log: cmp.Or(c.Log, slog.Default())}
	if err := r.makeFirst(ctx); err != nil {
		return nil, err
	}
	if err := r.Load(ctx); err != nil {
		return nil, err
	}
	// Another node may have begun to use a key a moment ago.
	r.box.OnMissing(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		return r.Load(ctx)
	})
	return r, nil
}

// makeFirst makes the first data key; of several nodes that do, one wins.
func (r *Ring) makeFirst(ctx context.Context) error {
	there, err := r.db.NewSelect().Model((*models.EncryptionKey)(nil)).Exists(ctx)
	if err != nil {
		return store.Wrap(err, "look for data keys")
	}
	if there {
		return nil
	}
	_, err = r.db.NewInsert().Model(rowOf(r.box.NewDataKey(1))).On("CONFLICT DO NOTHING").Exec(ctx)
	return store.Wrap(err, "make the first data key")
}

func rowOf(k secret.WrappedKey) *models.EncryptionKey {
	return &models.EncryptionKey{ID: int64(k.ID), SecretKeyID: k.KeyID, Wrapped: k.Wrapped}
}

func keyOf(row *models.EncryptionKey) secret.WrappedKey {
	return secret.WrappedKey{ID: uint32(row.ID), KeyID: row.SecretKeyID, Wrapped: row.Wrapped} // #nosec G115 -- the table allows no other
}

// lead is how long a new key is known before it is used, so that every node that
// looks knows it by then.
func (r *Ring) lead() time.Duration { return 3 * r.every }

// Load reads the table. The newest key seals, as soon as all nodes can know it.
func (r *Ring) Load(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	var rows []*struct {
		models.EncryptionKey `bun:",extend"`

		Known bool // by all nodes
	}
	err := r.db.NewSelect().Model(&rows).ColumnExpr("ek.*").
		ColumnExpr("ek.created_at <= clock_timestamp() - ? * interval '1 second' AS known", r.lead().Seconds()).OrderExpr("ek.id").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "read data keys")
	}
	if len(rows) == 0 {
		return errors.New("there are no data keys; was the table encryption_keys emptied?")
	}
	all, current := make([]secret.WrappedKey, len(rows)), uint32(0)
	for i, row := range rows {
		all[i] = keyOf(&row.EncryptionKey)
		if i == 0 || row.Known {
			current = all[i].ID
		}
	}
	if err := r.box.UseKeys(all, current); err != nil {
		return fmt.Errorf("MPANEL_SECRET_KEY is not the one that this installation's data keys are wrapped under; set the earlier one again, or give it as MPANEL_OLD_SECRET_KEY beside the new one: %w", err)
	}
	return nil
}

// Follow looks for new keys until ctx ends.
func (r *Ring) Follow(ctx context.Context) {
	look := time.NewTicker(r.every)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if err := r.Load(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "data keys were not read", "error", err)
		}
	}
}
