package seal

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// LookEvery is how often a node looks for entries that are not sealed.
const LookEvery = 400 * time.Millisecond

// How many entries a seal has at most: as they come, and where what is not sealed has
// to be looked for in the whole table.
const (
	batch    = 1_000
	allBatch = 50_000
)

// sealTime is how long it may take to make one seal.
const sealTime = 2 * time.Minute

// sealLock is a number of our own for pg_advisory_xact_lock: one node seals at a time.
// What two would do at once the table's key refuses anyway.
const sealLock = 0x6d70616e656c02

// Topic is where the bus says that entries were committed and sealed, by a Sealed.
const Topic = "audit"

// Sealed is what is said there. It tells nothing of the entries: whoever may see them
// reads them.
type Sealed struct{}

// Config is what a Sealer needs. Everything is required.
type Config struct {
	DB          *store.DB
	Bus         events.Bus
	Look        time.Duration // LookEvery if 0
	Checkpoints *Writer
	Log         *slog.Logger
}

// A Sealer seals what was committed. Each node runs one; of all of them one at a time
// works.
type Sealer struct{ Config }

// NewSealer returns a Sealer.
func NewSealer(c Config) *Sealer {
	if c.Look == 0 {
		c.Look = LookEvery
	}
	return &Sealer{c}
}

// Run seals and writes checkpoints until ctx ends, and then once more.
func (s *Sealer) Run(ctx context.Context) {
	tick := time.NewTicker(s.Look)
	defer tick.Stop()
	mark := time.NewTicker(checkpointEvery)
	defer mark.Stop()
	for {
		select {
		case <-ctx.Done():
			s.finish(context.WithoutCancel(ctx))
			return
		case <-mark.C:
			s.checkpoint(ctx)
		case <-tick.C:
			s.look(ctx)
		}
	}
}

// lastTime is how long a node that stops takes for what is not sealed yet, and for its
// checkpoint.
const lastTime = 3 * time.Second

// finish seals what is left. Its order may not be settled at once: a transaction is still
// open somewhere, or the seal that was broken off is not undone yet.
func (s *Sealer) finish(ctx context.Context) {
	last, cancel := context.WithTimeout(ctx, lastTime)
	defer cancel()
	again := time.NewTicker(s.Look / 10)
	defer again.Stop()
	for {
		s.look(last)
		if left, err := Lag(last, s.DB); err != nil || left.Entries == 0 {
			break // done, or out of time
		}
		select {
		case <-again.C:
		case <-last.Done():
		}
	}
	mark, cancel := context.WithTimeout(ctx, lastTime)
	defer cancel()
	s.checkpoint(mark)
}

func (s *Sealer) look(ctx context.Context) {
	if _, err := s.Seal(ctx); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "seal audit entries failed", "error", err)
	}
}

func (s *Sealer) checkpoint(ctx context.Context) {
	if err := s.Checkpoints.Write(ctx); err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "write audit checkpoint failed", "error", err)
	}
}

// Seal seals all entries whose order is settled, unless another node is at it, and
// tells how many.
func (s *Sealer) Seal(ctx context.Context) (sealed int, err error) {
	for {
		n, more, err := s.once(ctx)
		sealed += n
		if err != nil || !more {
			return sealed, err
		}
	}
}

// once makes one seal, if there is anything to seal.
func (s *Sealer) once(ctx context.Context) (sealed int, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sealTime)
	defer cancel()
	now, err := feed.ReadHorizon(ctx, s.DB, "audit_entries")
	if err != nil {
		return 0, false, err
	}
	waits, err := s.waits(ctx, now)
	if err != nil || !waits {
		return 0, false, err
	}
	err = store.InTx(ctx, s.DB, func(ctx context.Context, tx store.Tx) error {
		sealed, more = 0, false
		var ours bool
		if err := tx.NewRaw("SELECT pg_try_advisory_xact_lock(?)", sealLock).Scan(ctx, &ours); err != nil || !ours {
			return store.Wrap(err, "wait to seal")
		}
		now, err := feed.ReadHorizon(ctx, tx, "audit_entries")
		if err != nil {
			return err
		}
		return tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error {
			last, err := lastHead(ctx, ptx)
			if err != nil {
				return err
			}
			row, full, err := next(ctx, ptx, last, now)
			if err != nil || row == nil {
				return store.Wrap(err, "read audit entries to seal")
			}
			sealed, more = len(row.IDs), full
			return insert(ctx, ptx, row)
		})
	})
	if err != nil {
		return 0, false, err
	}
	if sealed > 0 {
		s.Bus.Publish(Topic, Sealed{})
	}
	return sealed, more, nil
}

// waits tells whether there is anything to seal, so that nobody has to ask for more.
func (s *Sealer) waits(ctx context.Context, now feed.Horizon) (waits bool, err error) {
	err = s.DB.NewRaw(`
SELECT CASE WHEN s.epoch = ? THEN EXISTS (
	SELECT FROM audit_entries WHERE (xid, id) > (s.tx::text::xid8, s.last_id) AND xid < ?::xid8 AND id > s.floor) ELSE TRUE END
FROM (SELECT max(seq) AS seq FROM audit_seals) AS newest LEFT JOIN audit_seals AS s USING (seq)`,
		int64(now.Epoch), strconv.FormatUint(now.Settled, 10)).Scan(ctx, &waits) // #nosec G115 -- the same bytes
	return waits, store.Wrap(err, "look for audit entries to seal")
}

const headColumns = `seq, (extract(epoch FROM at) * 1000000)::bigint, version::bigint, epoch, floor, tx, last_id, cardinality(ids)::bigint, entries, hash`

func scanHead(row pgx.Row, more ...any) (h head, err error) {
	var hash []byte
	err = row.Scan(append([]any{&h.Seq, &h.AtMicro, &h.Version, &h.Epoch, &h.Floor, &h.Tx, &h.LastID, &h.Count, &h.Entries, &hash}, more...)...)
	copy(h.Hash[:], hash)
	return h, err
}

// lastHead is the newest seal; the zero head before the first.
func lastHead(ctx context.Context, tx pgx.Tx) (head, error) {
	h, err := scanHead(tx.QueryRow(ctx, "SELECT "+headColumns+" FROM audit_seals ORDER BY seq DESC LIMIT 1"))
	if errors.Is(err, pgx.ErrNoRows) {
		return head{}, nil
	}
	return h, store.Wrap(err, "read the newest seal")
}

// next is the seal after last; nil when there is nothing to seal. full is whether there
// may be more.
func next(ctx context.Context, tx pgx.Tx, last head, now feed.Horizon) (row *models.AuditSeal, full bool, err error) {
	h := last
	var found []entry
	epoch, settled := int64(now.Epoch), strconv.FormatUint(now.Settled, 10) // #nosec G115 -- the same bytes
	if last.Seq > 0 && last.Epoch == epoch {
		found, err = readEntries(ctx, tx, "SELECT "+columnsV1+` FROM audit_entries AS a
			WHERE (a.xid, a.id) > ($1::text::xid8, $2) AND a.xid < $3::text::xid8 AND a.id > $4 ORDER BY a.xid, a.id LIMIT $5`,
			strconv.FormatInt(last.Tx, 10), last.LastID, settled, last.Floor, batch)
		if err != nil || len(found) == 0 {
			return nil, false, err
		}
		full = len(found) == batch
		if err := tx.QueryRow(ctx, "SELECT xid::text::bigint, id FROM audit_entries WHERE id = $1", found[len(found)-1].id).Scan(&h.Tx, &h.LastID); err != nil {
			return nil, false, err
		}
	} else {
		// This server counts its transactions from somewhere else than the one before: what
		// is not sealed yet is found by its id. What another server's transactions have
		// written was put into the table by one of this server's, so that its own are told
		// apart: xmin is who put the row there.
		found, err = readEntries(ctx, tx, "SELECT "+columnsV1+` FROM audit_entries AS a
			WHERE NOT EXISTS (SELECT FROM (SELECT unnest(ids) AS id FROM audit_seals) AS sealed WHERE sealed.id = a.id)
			AND (a.xid < $1::text::xid8 OR NOT `+own+`) ORDER BY `+own+`, CASE WHEN `+own+` THEN a.xid END, a.id LIMIT $2`, settled, allBatch)
		if err != nil {
			return nil, false, err
		}
		if full = len(found) == allBatch; !full { // from here on in the order of commits
			h.Epoch, h.Tx, h.LastID = epoch, int64(now.Settled), 0 // #nosec G115 -- never that many
			err := tx.QueryRow(ctx, "SELECT coalesce(max(a.id) FILTER (WHERE NOT "+own+"), 0) FROM audit_entries AS a").Scan(&h.Floor)
			if err != nil {
				return nil, false, err
			}
		}
	}
	if err := tx.QueryRow(ctx, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").Scan(&h.AtMicro); err != nil {
		return nil, false, err
	}
	return linked(last, h, found), full, nil
}

const own = "(a.xmin::text::bigint = a.xid::text::bigint & 4294967295)"

// linked links entries to the seal before.
func linked(last, h head, found []entry) *models.AuditSeal {
	h.Seq, h.Version, h.Count, h.Entries = last.Seq+1, version, int64(len(found)), last.Entries+int64(len(found))
	row := &models.AuditSeal{
		Seq: h.Seq, At: time.UnixMicro(h.AtMicro), Version: int(h.Version), Epoch: h.Epoch, Floor: h.Floor, Tx: h.Tx, LastID: h.LastID,
		Entries: h.Entries, IDs: make([]int64, 0, len(found)), Links: make([]byte, 0, len(found)*len(link{})),
	}
	at := last.Hash
	for _, e := range found {
		at = e.after(at)
		row.IDs = append(row.IDs, e.id)
		row.Links = append(row.Links, at[:]...)
	}
	sum := h.sum(last.Hash, at)
	row.Hash = sum[:]
	return row
}

func insert(ctx context.Context, tx pgx.Tx, row *models.AuditSeal) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit_seals (seq, at, version, epoch, floor, tx, last_id, ids, links, entries, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		row.Seq, row.At, row.Version, row.Epoch, row.Floor, row.Tx, row.LastID, row.IDs, row.Links, row.Entries, row.Hash)
	return store.Wrap(err, "insert seal %d", row.Seq)
}
