package seal

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/store"
)

// A Problem is one thing that is not as it was written.
type Problem struct {
	What  string `json:"what"`            // of the constants
	Seal  int64  `json:"seal,omitempty"`  // its number; 0 for what is about none
	Entry string `json:"entry,omitempty"` // id as in the graph, "" for what is about none; of one that is gone, its number
	// Detail is a sentence.
	Detail string `json:"detail"`
}

// What a problem is.
const (
	EntryChanged    = "ENTRY CHANGED"
	EntryMissing    = "ENTRY MISSING"
	EntryInserted   = "ENTRY INSERTED"
	SealChanged     = "SEAL CHANGED"
	SealMissing     = "SEAL MISSING"
	TailMissing     = "TAIL MISSING"
	ChainRewritten  = "CHAIN REWRITTEN"
	CheckpointWrong = "CHECKPOINT WRONG"
)

// maxProblems is how many problems are told one by one.
const maxProblems = 100

// A Report is what Verify has found.
type Report struct {
	Seals       int64     `json:"seals"`
	Entries     int64     `json:"entries"`     // that are sealed
	Pending     int64     `json:"pending"`     // that are not sealed yet
	Checkpoints int       `json:"checkpoints"` // that agree with the chain
	Unknown     int       `json:"unknown"`     // checkpoints that nobody could check: another key, another installation, no checkpoint
	Found       int       `json:"found"`       // problems
	Problems    []Problem `json:"problems"`    // the first of them
}

func (r *Report) add(p Problem) {
	r.Found++
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	}
}

// Anchors are what the database is compared with.
type Anchors struct {
	Installation string
	Keys         []ed25519.PublicKey
	Checkpoints  []Checkpoint
}

// Verify reads every entry and every seal, as they are at one moment, computes the
// chain anew and compares it with the checkpoints. It finds each entry that was
// changed, removed, or put between others after they were sealed, and with a checkpoint
// from after it also that the end of the chain was cut off, or all of it written anew.
// What is not sealed yet nobody can judge. It needs memory for one seal's entries.
func Verify(ctx context.Context, db *store.DB, a Anchors) (*Report, error) {
	v := &verification{report: &Report{Problems: []Problem{}}, anchors: map[int64][]Checkpoint{}}
	for _, c := range a.Checkpoints {
		v.anchor(c, a)
	}
	err := pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		v.tx = tx
		if err := v.chain(ctx); err != nil {
			return err
		}
		return v.rest(ctx)
	})
	if err != nil {
		return nil, store.Wrap(err, "verify the audit")
	}
	return v.report, nil
}

type verification struct {
	tx      pgx.Tx
	report  *Report
	anchors map[int64][]Checkpoint // by seal
	last    head                   // as it is in the table
}

// anchor takes a checkpoint that can be trusted.
func (v *verification) anchor(c Checkpoint, a Anchors) {
	known, ok := c.verifies(a.Keys)
	switch {
	case !known || c.Installation != a.Installation:
		v.report.Unknown++
	case !ok:
		v.report.add(Problem{What: CheckpointWrong, Seal: c.Seal, Detail: fmt.Sprintf("The checkpoint of %s is not what was signed.", c.At.Format(time.RFC3339))})
	default:
		v.anchors[c.Seal] = append(v.anchors[c.Seal], c)
	}
}

// chain goes through the seals in their order.
func (v *verification) chain(ctx context.Context) error {
	for {
		h, ids, links, err := v.seal(ctx, v.last.Seq)
		if err != nil {
			return err
		}
		if h.Seq == 0 {
			break
		}
		if h.Seq != v.last.Seq+1 {
			v.report.add(Problem{What: SealMissing, Seal: v.last.Seq + 1, Detail: fmt.Sprintf("The seals from %d to %d are not there.", v.last.Seq+1, h.Seq-1)})
		}
		if err := v.compare(ctx, h, ids, links); err != nil {
			return err
		}
		v.last = h
		v.report.Seals++
	}
	if len(v.anchors) == 0 {
		return nil
	}
	// One is enough of those that are behind the end.
	if newest := slices.Max(slices.Collect(maps.Keys(v.anchors))); newest > v.last.Seq {
		c := v.anchors[newest][0]
		v.report.add(Problem{What: TailMissing, Seal: newest, Detail: fmt.Sprintf(
			"The checkpoint of %s is of seal %d with %d entries; the chain ends at seal %d with %d: its end was cut off, or the database is one of before.",
			c.At.Format(time.RFC3339), newest, c.Entries, v.last.Seq, v.last.Entries)})
	}
	return nil
}

// seal reads the seal after a number; the zero head when there is none.

func (v *verification) seal(ctx context.Context, after int64) (h head, ids []int64, links []byte, err error) {
	h, err = scanHead(v.tx.QueryRow(ctx, "SELECT "+headColumns+", ids, links FROM audit_seals WHERE seq > $1 ORDER BY seq LIMIT 1", after), &ids, &links)
	if errors.Is(err, pgx.ErrNoRows) {
		return head{}, nil, nil, nil
	}
	return h, ids, links, err
}

// compare computes a seal anew.
func (v *verification) compare(ctx context.Context, h head, ids []int64, links []byte) error {
	if h.Version != version {
		v.report.add(Problem{What: SealChanged, Seal: h.Seq, Detail: fmt.Sprintf("Seal %d is of version %d, which this program does not know.", h.Seq, h.Version)})
		return nil
	}
	found, err := readEntries(ctx, v.tx, "SELECT "+columnsV1+" FROM audit_entries AS a WHERE a.id = ANY ($1)", ids)
	if err != nil {
		return err
	}
	byID := make(map[int64]entry, len(found))
	for _, e := range found {
		byID[e.id] = e
	}
	at := v.last.Hash
	for i, id := range ids {
		kept := link(links[i*len(link{}):])
		switch e, ok := byID[id]; {
		case !ok:
			v.report.add(Problem{EntryMissing, h.Seq, fmt.Sprint(id), fmt.Sprintf("Entry number %d was sealed and is not there.", id)})
		case e.after(at) != kept && i == 0 && h.Seq != v.last.Seq+1: // what it was linked to is not there
		case e.after(at) != kept:
			v.report.add(Problem{EntryChanged, h.Seq, e.name(), fmt.Sprintf("Entry number %d is not what was sealed.", id)})
		}
		at = kept
	}
	v.report.Entries += int64(len(ids))
	whole := h.Seq == v.last.Seq+1
	if whole && h.sum(v.last.Hash, at) != h.Hash {
		v.report.add(Problem{What: SealChanged, Seal: h.Seq, Detail: fmt.Sprintf("Seal %d does not follow from the one before and from its entries.", h.Seq)})
	}
	if whole && h.Entries != v.last.Entries+h.Count {
		v.report.add(Problem{What: SealChanged, Seal: h.Seq, Detail: fmt.Sprintf("Seal %d counts %d entries, which are %d.", h.Seq, h.Entries, v.last.Entries+h.Count)})
	}
	for _, c := range v.anchors[h.Seq] {
		if c.Hash != hex.EncodeToString(h.Hash[:]) || c.Entries != h.Entries {
			v.report.add(Problem{What: ChainRewritten, Seal: h.Seq, Detail: fmt.Sprintf(
				"Seal %d is not the one of which the checkpoint of %s is: the chain up to there was written anew, or goes on from a database of before.", h.Seq, c.At.Format(time.RFC3339))})
			continue
		}
		v.report.Checkpoints++
	}
	return nil
}

// rest looks at the entries that no seal has.
func (v *verification) rest(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `
SELECT a.id, a.event_id::text, a.id <= $1 OR (a.xid, a.id) <= ($2::text::xid8, $3) FROM audit_entries AS a
WHERE NOT EXISTS (SELECT FROM (SELECT unnest(ids) AS id FROM audit_seals) AS sealed WHERE sealed.id = a.id) ORDER BY a.id`,
		v.last.Floor, fmt.Sprint(v.last.Tx), v.last.LastID)
	if err != nil {
		return err
	}
	var id int64
	var event string
	var passed bool
	_, err = pgx.ForEachRow(rows, []any{&id, &event, &passed}, func() error {
		if !passed {
			v.report.Pending++
			return nil
		}
		v.report.add(Problem{EntryInserted, 0, nameOf(event), fmt.Sprintf(
			"Entry number %d is in no seal, and stands before what was sealed last: it was put there later.", id)})
		return nil
	})
	return err
}
